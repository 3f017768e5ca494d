-- From 3 on each key and the time of the activity. Tells of those that live when they were last
-- active.
local touched = {}
for index = 3, #ARGV, 2 do
    local session = live(ARGV[index])
    if session then
        touch(session, tonumber(ARGV[index + 1]))
        table.insert(touched, { session.key, session.last_active_at })
    end
end
return touched
