-- 1 the person, 2 the key of the session to keep, 3 the reason. Returns the keys of the ended
-- sessions.
local ended = {}
for _, key in ipairs(redis.call('SMEMBERS', sessions_of(ARGV[1]))) do
    local session = key ~= ARGV[2] and live(key)
    if session then
        finish(session, ARGV[3], now)
        table.insert(ended, key)
    end
end
return ended
