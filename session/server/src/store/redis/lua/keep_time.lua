-- 1 the largest number of sessions to correct. Returns how many have been corrected, and by how
-- much the clock has been set back.
local set_back = keep_mark()
return { correct_instants(ARGV[1]), set_back }
