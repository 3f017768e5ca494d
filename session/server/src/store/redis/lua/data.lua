-- 1 the key. Returns the data and the deadline of a live session.
local session = live(ARGV[1])
if not session then
    return false
end
return { redis.call('HGET', session_of(session.key), 'data'), deadline(session) }
