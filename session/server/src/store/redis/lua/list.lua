-- 1 the person. Returns the live sessions of the person, the most recently active first, each with
-- its address, its browser and its credential.
local sessions = {}
for _, key in ipairs(redis.call('SMEMBERS', sessions_of(ARGV[1]))) do
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
local listed = {}
for _, session in ipairs(sessions) do
    local fields = redis.call('HMGET', session_of(session.key), 'address', 'browser', 'credential')
    table.insert(listed, { row(session), fields[1] or '', fields[2] or '', fields[3] })
end
return listed
