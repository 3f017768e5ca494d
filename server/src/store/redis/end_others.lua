-- 3 account, 4 the key that stays, 5 the reason. Tells which it ended.
local ended = {}
for _, key in ipairs(redis.call('SMEMBERS', sessions_of(ARGV[3]))) do
    local session = key ~= ARGV[4] and live(key)
    if session then
        entomb(session, ARGV[5], now)
        table.insert(ended, key)
    end
end
return ended
