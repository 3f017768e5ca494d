-- 3 the old key, 4 the reason, 5 key, 6 account, 7 generation, 8 address, 9 browser, 10 data.
-- Tells when the new session began; nothing where the old one was not live.
local old = live(ARGV[3])
if not old then
    return false
end
-- First, since what a script has written stays written when it fails.
if is_taken(ARGV[5], ARGV[7]) then
    return taken()
end
entomb(old, ARGV[4], now)
return begin(unpack(ARGV, 5, 10))
