-- 1 and 2 the names of the reasons for the idle and the absolute timeout, 3 the key. Returns the
-- session if it has been ended.
local session = load(ARGV[3])
if not session or session.end_reason or deadline(session) > now then
    return false
end
return finish_by_time(session, ARGV[1], ARGV[2])
