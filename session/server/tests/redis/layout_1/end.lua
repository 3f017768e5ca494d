-- 3 key, 4 the reason. Tells how many it ended.
local session = live(ARGV[3])
if not session then
    return 0
end
entomb(session, ARGV[4], now)
return 1
