-- 3 account, 4 the key that stays, 5 the reason. Tells how many it ended.
local count = 0
for _, key in ipairs(redis.call('SMEMBERS', sessions_of(ARGV[3]))) do
    local session = key ~= ARGV[4] and live(key)
    if session then
        entomb(session, ARGV[5], now)
        count = count + 1
    end
end
return count
