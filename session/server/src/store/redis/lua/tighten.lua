-- Examines the sessions in the order of their last activity, and shortens limits that are too long.
-- 1 the idle timeout, 2 the absolute timeout, 3 how many sessions to examine, 4 the largest number
-- of sessions to shorten, 5 and 6 the last activity and the key of the session after which to
-- continue. Returns how many sessions have been shortened, whether there may be more, and the
-- session after which to continue next time.
--
-- A touch only moves a session further back in this order, so no session is missed. Instants later
-- than now are corrected first, because correcting them moves sessions forward.
local idle, absolute = tonumber(ARGV[1]), tonumber(ARGV[2])
local look, limit = tonumber(ARGV[3]), tonumber(ARGV[4])
local at, last = ARGV[5], ARGV[6]
if correct_instants(look) > 0 then
    return { 0, 1, at, last }
end

-- The first rank after that session, which may have moved in the meantime. Sessions with the same
-- last activity are in the order of their keys.
local low = redis.call('ZCOUNT', BY_LAST_ACTIVITY, '-inf', '(' .. at)
local high = redis.call('ZCOUNT', BY_LAST_ACTIVITY, '-inf', at)
while low < high do
    local middle = math.floor((low + high) / 2)
    if redis.call('ZRANGE', BY_LAST_ACTIVITY, middle, middle)[1] <= last then
        low = middle + 1
    else
        high = middle
    end
end

local entries = redis.call('ZRANGE', BY_LAST_ACTIVITY, low, low + look - 1, 'WITHSCORES')
local count = 0
for index = 1, #entries, 2 do
    last, at = entries[index], entries[index + 1]
    local limits = redis.call('HMGET', session_of(last), 'idle_limit', 'absolute_limit')
    local is_longer = limits[1]
        and (tonumber(limits[1]) > idle or tonumber(limits[2]) > absolute)
    local session = is_longer and load(last)
    if session and not session.end_reason then
        session.idle_limit = math.min(session.idle_limit, idle)
        session.absolute_limit = math.min(session.absolute_limit, absolute)
        redis.call('HSET', session_of(last), 'idle_limit', session.idle_limit,
            'absolute_limit', session.absolute_limit)
        add_to_indexes(session)
        count = count + 1
        if count == limit then
            return { count, 1, at, last }
        end
    end
end
return { count, #entries == 2 * look and 1 or 0, at, last }
