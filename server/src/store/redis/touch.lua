-- 3 key, 4 the time of the activity. Tells the time, and the session where there is one.
local session = live(ARGV[3])
if not session then
    session = load(ARGV[3])
    return { now, session and told(session) or false }
end
local at = math.min(tonumber(ARGV[4]), now)
if at > session.last_active_at then
    session.last_active_at = at
    redis.call('HSET', session_of(session.key), 'last_active_at', at)
    redis.call('ZADD', BY_ACTIVITY, at, session.key)
end
return { now, told(session) }
