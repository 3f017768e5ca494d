-- 1 the version of this layout. Returns that of what is kept here. A place where nothing is kept is
-- marked at once. The first version had no mark.
local found = redis.call('GET', SCHEMA)
if found then
    return tonumber(found)
end
if redis.call('EXISTS', PREFIX .. 'by_activity', PREFIX .. 'by_authentication',
    PREFIX .. 'by_end') > 0 then
    return 1
end
redis.call('SET', SCHEMA, ARGV[1])
return tonumber(ARGV[1])
