-- From 1 on each key and the time of its activity. Returns the keys of the live sessions, each with
-- its last activity.
local touched = {}
for index = 1, #ARGV, 2 do
    local session = live(ARGV[index])
    if session then
        touch(session, tonumber(ARGV[index + 1]))
        table.insert(touched, { session.key, session.last_active_at })
    end
end
return touched
