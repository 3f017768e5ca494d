-- 1 the key of the old session, 2 the reason, from 3 on the new session. Returns the time; nothing
-- where the old session was not live.
local old = live(ARGV[1])
if not old then
    return false
end
-- This is asked first, since what a script has written stays written when it fails.
if is_taken(3) then
    return taken()
end
finish(old, ARGV[2], now)
return create(3)
