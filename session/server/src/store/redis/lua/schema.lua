-- 1 the version of this layout. Returns the version of what is stored here. If nothing is stored
-- here, this layout is recorded at once. The first version recorded none.
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
