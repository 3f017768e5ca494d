-- What the scripts share. A session is a hash under the SHA-256 of its id. One that has ended keeps
-- who, when and why. Every key has the same hash tag, so that one script may use them all.
local PREFIX = '{dwell}:'
local BY_ACTIVITY = PREFIX .. 'by_activity'
local BY_AUTHENTICATION = PREFIX .. 'by_authentication'
local BY_END = PREFIX .. 'by_end'
-- On which every node hears of ends.
local ENDS = PREFIX .. 'ends'

-- The latest time that a node has made sure of, and what is added to the clock while it is behind
-- that: time that has been told does not come back.
local TIME = PREFIX .. 'time'

local clock = time()
local kept = redis.call('HMGET', TIME, 'mark', 'ahead')
local mark, ahead = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0
local now = mark > clock and math.max(mark, clock + ahead) or clock
local idle, absolute = tonumber(ARGV[1]), tonumber(ARGV[2])

local function session_of(key)
    return PREFIX .. 'session:' .. key
end

local function generation_of(generation)
    return PREFIX .. 'generation:' .. generation
end

local function sessions_of(account)
    return PREFIX .. 'account:' .. account
end

-- Nothing where no session has this key.
local function load(key)
    local fields = redis.call('HMGET', session_of(key), 'account', 'generation', 'address',
        'browser', 'authenticated_at', 'last_active_at', 'end_reason')
    if not fields[1] then
        return nil
    end
    return {
        key = key,
        account = fields[1],
        generation = fields[2],
        address = fields[3] or '',
        browser = fields[4] or '',
        authenticated_at = tonumber(fields[5]),
        last_active_at = tonumber(fields[6]),
        end_reason = fields[7],
    }
end

local function idle_end(session)
    return session.last_active_at + idle
end

local function absolute_end(session)
    return session.authenticated_at + absolute
end

local function live(key)
    local session = load(key)
    if session and not session.end_reason
        and idle_end(session) > now and absolute_end(session) > now then
        return session
    end
    return nil
end

-- Moves the last activity of a live session, never back and never ahead of the clock.
local function touch(session, at)
    at = math.min(at, now)
    if at > session.last_active_at then
        session.last_active_at = at
        redis.call('HSET', session_of(session.key), 'last_active_at', at)
        redis.call('ZADD', BY_ACTIVITY, at, session.key)
    end
end

local function is_taken(key, generation)
    return redis.call('EXISTS', session_of(key), generation_of(generation)) > 0
end

local function taken()
    return redis.error_reply('ERR there is a session with this key or generation')
end

local function begin(key, account, generation, address, browser, data)
    redis.call('HSET', session_of(key), 'account', account, 'generation', generation,
        'authenticated_at', now, 'last_active_at', now,
        'address', address, 'browser', browser, 'data', data)
    redis.call('SET', generation_of(generation), account)
    redis.call('SADD', sessions_of(account), key)
    redis.call('ZADD', BY_ACTIVITY, now, key)
    redis.call('ZADD', BY_AUTHENTICATION, now, key)
    return now
end

-- What has ended is not among the live ones any more.
local function strike_off(key)
    redis.call('ZREM', BY_ACTIVITY, key)
    redis.call('ZREM', BY_AUTHENTICATION, key)
end

local function entomb(session, reason, ended_at)
    local key = session.key
    redis.call('HSET', session_of(key), 'ended_at', ended_at, 'end_reason', reason)
    redis.call('HDEL', session_of(key), 'data', 'address', 'browser')
    redis.call('SREM', sessions_of(session.account), key)
    strike_off(key)
    redis.call('ZADD', BY_END, ended_at, key)
    redis.call('PUBLISH', ENDS, key)
end

-- Tells what it ended.
local function end_by_time(session, idle_reason, absolute_reason)
    local reason, ended_at = absolute_reason, absolute_end(session)
    if idle_end(session) < ended_at then
        reason, ended_at = idle_reason, idle_end(session)
    end
    entomb(session, reason, ended_at)
    return { session.key, session.account, reason, ended_at }
end

local function told(session)
    return {
        session.key, session.account, session.generation,
        session.authenticated_at, session.last_active_at,
        session.address, session.browser, session.end_reason,
    }
end
