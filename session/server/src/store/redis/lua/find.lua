-- 1 the key. Returns the time, and the session if there is one.
local session = load(ARGV[1])
return { now, session and row(session) or false }
