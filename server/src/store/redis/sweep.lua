-- 3 and 4 the reasons for the two timeouts, 5 how long tombstones are kept, 6 how many of each kind
-- to sweep at a time. Tells whether there may be more, and what it ended.
local most = tonumber(ARGV[6])
local is_more = 0
local swept = {}

local function due(index, before)
    local keys = redis.call('ZRANGEBYSCORE', index, '-inf', before, 'LIMIT', 0, most)
    if #keys == most then
        is_more = 1
    end
    return keys
end

local function sweep(keys)
    for _, key in ipairs(keys) do
        local session = load(key)
        local reason, ended_at = ARGV[4], absolute_end(session)
        if idle_end(session) < ended_at then
            reason, ended_at = ARGV[3], idle_end(session)
        end
        entomb(session, reason, ended_at)
        table.insert(swept, { key, session.account, reason, ended_at })
    end
end

sweep(due(BY_ACTIVITY, now - idle))
sweep(due(BY_AUTHENTICATION, now - absolute))
for _, key in ipairs(due(BY_END, string.format('(%.0f', now - tonumber(ARGV[5])))) do
    redis.call('DEL', generation_of(redis.call('HGET', session_of(key), 'generation')))
    redis.call('DEL', session_of(key))
    redis.call('ZREM', BY_END, key)
end
return { is_more, swept }
