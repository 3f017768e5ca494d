-- 1 the key, 2 the reason. Returns how many sessions it has ended, which is 0 or 1.
local session = live(ARGV[1])
if not session then
    return 0
end
finish(session, ARGV[2], now)
return 1
