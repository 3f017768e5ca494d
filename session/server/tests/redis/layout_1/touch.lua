-- 3 key, 4 the time of the activity. Tells the time, and the session where there is one.
local session = live(ARGV[3])
if session then
    touch(session, tonumber(ARGV[4]))
else
    session = load(ARGV[3])
end
return { now, session and told(session) or false }
