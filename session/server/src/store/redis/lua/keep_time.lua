-- 1 how many sessions to correct. Returns how many it has corrected, and by how much the clock has
-- been set back.
local set_back = keep_mark()
return { correct_instants(ARGV[1]), set_back }
