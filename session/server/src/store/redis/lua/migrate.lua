-- Migrates sessions from the first version of the layout. 1 the version of this layout, 2 the
-- cursor of SCAN, 3 how many keys to examine, 4 the idle timeout and 5 the absolute timeout, which
-- the first version did not store. Returns the next cursor, and how many sessions have been
-- migrated.
local version = tonumber(ARGV[1])
if tonumber(redis.call('GET', SCHEMA) or 1) >= version then
    return { '0', 0 }
end

local OLD_INDEXES = { PREFIX .. 'by_activity', PREFIX .. 'by_authentication', PREFIX .. 'by_end' }

local function migrate(key)
    local person = redis.call('HGET', session_of(key), 'account')
    if not person then
        return 0
    end
    redis.call('HSET', session_of(key), 'person', person,
        'idle_limit', ARGV[4], 'absolute_limit', ARGV[5])
    redis.call('HDEL', session_of(key), 'account')
    -- If an operator has removed fields of the session by hand, its time is over.
    redis.call('HSETNX', session_of(key), 'authenticated_at', 0)
    redis.call('HSETNX', session_of(key), 'last_active_at', 0)
    local session = load(key)
    if session.end_reason then
        -- If an operator has ended the session by hand, it is in no index of ended sessions.
        wipe(session, redis.call('ZSCORE', PREFIX .. 'by_end', key) or now)
    else
        redis.call('SADD', sessions_of(person), key)
        add_to_indexes(session)
    end
    for _, index in ipairs(OLD_INDEXES) do
        redis.call('ZREM', index, key)
    end
    return 1
end

local function begins_with(text, start)
    return string.sub(text, 1, #start) == start
end

local cursor, names = unpack(redis.call('SCAN', ARGV[2], 'MATCH', PREFIX .. '*', 'COUNT', ARGV[3]))
local count = 0
for _, name in ipairs(names) do
    if begins_with(name, session_of('')) then
        count = count + migrate(string.sub(name, #session_of('') + 1))
    elseif begins_with(name, PREFIX .. 'account:') then
        redis.call('UNLINK', name)
    end
end
if cursor == '0' then
    redis.call('UNLINK', unpack(OLD_INDEXES))
    redis.call('SET', SCHEMA, version)
end
return { cursor, count }
