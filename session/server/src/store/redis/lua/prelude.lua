
-- What all scripts share. Every key begins with the prefix, KEYS[1], which has a hash tag, so that
-- one script may use all keys. Times are in milliseconds.
--
-- A session is a hash whose name contains the SHA-256 of the session id. After its end, the hash
-- keeps the person, the generation, and the time and the reason of the end.
local PREFIX = KEYS[1] .. ':'
-- The version of this layout.
local SCHEMA = PREFIX .. 'schema'
-- The sessions that have not been ended, ordered by a time that is not later than their deadline. A
-- touch only moves the deadline forward and leaves this time as it is; the sweep corrects it when
-- it has passed. This needs one write in each idle timeout instead of one with each touch.
local BY_DEADLINE = PREFIX .. 'by_deadline'
-- The same sessions, ordered by their last activity.
local BY_LAST_ACTIVITY = PREFIX .. 'by_last_activity'
-- The sessions that have ended, ordered by the time of their end.
local BY_END = PREFIX .. 'by_ended_at'
-- The channel on which every node receives reports of ends.
local ENDS = PREFIX .. 'ends'
-- The latest time that a node has written down (`mark`), and what has to be added to the clock
-- while it is behind that time (`ahead`), so that the time does not go back when the clock is set
-- back.
local TIME = PREFIX .. 'time'

local clock = time()
local kept = redis.call('HMGET', TIME, 'mark', 'ahead')
local mark, ahead = tonumber(kept[1]) or 0, tonumber(kept[2]) or 0
local now = mark > clock and math.max(mark, clock + ahead) or clock

local function session_of(key)
    return PREFIX .. 'session:' .. key
end

local function generation_of(generation)
    return PREFIX .. 'generation:' .. generation
end

local function sessions_of(person)
    return PREFIX .. 'person:' .. person
end

-- The session with this key, whether live or ended, or nil if there is none.
local function load(key)
    local fields = redis.call('HMGET', session_of(key), 'person', 'generation',
        'authenticated_at', 'last_active_at', 'idle_limit', 'absolute_limit', 'end_reason')
    if not fields[1] then
        return nil
    end
    return {
        key = key,
        person = fields[1],
        generation = fields[2],
        authenticated_at = tonumber(fields[3]),
        last_active_at = tonumber(fields[4]),
        idle_limit = tonumber(fields[5]),
        absolute_limit = tonumber(fields[6]),
        end_reason = fields[7],
    }
end

local function idle_end(session)
    return session.last_active_at + session.idle_limit
end

local function absolute_end(session)
    return session.authenticated_at + session.absolute_limit
end

local function deadline(session)
    return math.min(idle_end(session), absolute_end(session))
end

-- The live session with this key, or nil if there is none.
local function live(key)
    local session = load(key)
    if session and not session.end_reason and deadline(session) > now then
        return session
    end
    return nil
end

local function add_to_indexes(session)
    redis.call('ZADD', BY_DEADLINE, deadline(session), session.key)
    redis.call('ZADD', BY_LAST_ACTIVITY, session.last_active_at, session.key)
end

local function remove_from_indexes(key)
    redis.call('ZREM', BY_DEADLINE, key)
    redis.call('ZREM', BY_LAST_ACTIVITY, key)
end

-- Moves the last activity of a live session forward, but not beyond the time.
local function touch(session, at)
    at = math.min(at, now)
    if at > session.last_active_at then
        session.last_active_at = at
        redis.call('HSET', session_of(session.key), 'last_active_at', at)
        redis.call('ZADD', BY_LAST_ACTIVITY, at, session.key)
    end
end

-- A new session is described by ARGV[first] to the end: its key, its person, its generation, how
-- long ago the person was authenticated, and then the names and values of fields that are stored as
-- they are.
local function is_taken(first)
    local key, generation = ARGV[first], ARGV[first + 2]
    return redis.call('EXISTS', session_of(key), generation_of(generation)) > 0
end

local function taken()
    return redis.error_reply('ERR there is a session with this key or generation')
end

-- Creates the new session. Returns the time.
local function create(first)
    local key, person, generation, ago = unpack(ARGV, first, first + 3)
    redis.call('HSET', session_of(key), 'person', person, 'generation', generation,
        'authenticated_at', now - ago, 'last_active_at', now, unpack(ARGV, first + 4))
    redis.call('SET', generation_of(generation), person)
    redis.call('SADD', sessions_of(person), key)
    add_to_indexes(load(key))
    return now
end

-- Reduces a session that has ended at `ended_at` to its tombstone.
local function wipe(session, ended_at)
    local key = session.key
    redis.call('HDEL', session_of(key), 'data', 'address', 'browser', 'credential', 'issuer',
        'subject', 'provider_session')
    redis.call('SREM', sessions_of(session.person), key)
    remove_from_indexes(key)
    redis.call('ZADD', BY_END, ended_at, key)
end

local function finish(session, reason, ended_at)
    redis.call('HSET', session_of(session.key), 'ended_at', ended_at, 'end_reason', reason)
    wipe(session, ended_at)
    redis.call('PUBLISH', ENDS, session.key)
end

-- Ends a session whose time is over, and returns it.
local function finish_by_time(session, idle_reason, absolute_reason)
    local reason, ended_at = absolute_reason, absolute_end(session)
    if idle_end(session) < ended_at then
        reason, ended_at = idle_reason, idle_end(session)
    end
    finish(session, reason, ended_at)
    return { session.key, session.person, reason, ended_at }
end

-- Sets instants that are later than now to now, in up to `limit` sessions. Returns the number of
-- these sessions. The last activity of a session is never earlier than its authentication.
local function correct_instants(limit)
    local later = string.format('(%.0f', now)
    local keys = redis.call('ZRANGEBYSCORE', BY_LAST_ACTIVITY, later, '+inf', 'LIMIT', 0, limit)
    for _, key in ipairs(keys) do
        local session = load(key)
        if session then
            session.last_active_at = math.min(session.last_active_at, now)
            session.authenticated_at = math.min(session.authenticated_at, now)
            redis.call('HSET', session_of(key), 'last_active_at', session.last_active_at,
                'authenticated_at', session.authenticated_at)
            add_to_indexes(session)
        else
            -- An operator has deleted the session by hand.
            remove_from_indexes(key)
        end
    end
    return #keys
end

-- Writes down the time, so that it does not go back. Returns by how much the clock has been set
-- back.
local function keep_mark()
    -- Nothing is written while there are no sessions.
    if now > clock or redis.call('ZCARD', BY_DEADLINE) > 0 then
        redis.call('HSET', TIME, 'mark', now, 'ahead', now - clock)
    end
    return math.max(mark - clock - ahead, 0)
end

-- The session as a list, as the scripts return it.
local function row(session)
    return {
        session.key, session.person, session.generation,
        session.authenticated_at, session.last_active_at,
        session.idle_limit, session.absolute_limit, session.end_reason,
    }
end
