-- 3 account. Tells its live sessions, the latest first.
local sessions = {}
for _, key in ipairs(redis.call('SMEMBERS', sessions_of(ARGV[3]))) do
    local session = live(key)
    if session then
        table.insert(sessions, session)
    end
end
table.sort(sessions, function(one, other)
    if one.last_active_at ~= other.last_active_at then
        return one.last_active_at > other.last_active_at
    end
    return one.key < other.key
end)
for index, session in ipairs(sessions) do
    sessions[index] = told(session)
end
return sessions
