-- 3 key. Tells the time, and the session where there is one.
local session = load(ARGV[3])
return { now, session and told(session) or false }
