-- 1 the key of the old session, 2 the reason, from 3 on the new session. Returns the time, or
-- nothing if the old session was not live.
local old = live(ARGV[1])
if not old then
    return false
end
-- This is checked before anything is written, because what a script has written is not undone when
-- it fails.
if is_taken(3) then
    return taken()
end
finish(old, ARGV[2], now)
return create(3)
