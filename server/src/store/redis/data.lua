-- 3 key. Tells the data and the deadline of a live session.
local session = live(ARGV[3])
if not session then
    return false
end
return {
    redis.call('HGET', session_of(session.key), 'data'),
    math.min(idle_end(session), absolute_end(session)),
}
