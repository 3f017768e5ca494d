-- 1 the key, 2 the time of the activity. Returns the time, and the session if there is one.
local session = live(ARGV[1])
if session then
    touch(session, tonumber(ARGV[2]))
else
    session = load(ARGV[1])
end
return { now, session and row(session) or false }
