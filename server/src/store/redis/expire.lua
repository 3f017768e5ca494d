-- 3 and 4 the reasons for the two timeouts, 5 key. Tells what it ended.
local session = load(ARGV[5])
if not session or session.end_reason or live(ARGV[5]) then
    return false
end
return end_by_time(session, ARGV[3], ARGV[4])
