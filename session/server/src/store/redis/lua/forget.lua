-- 1 how long tombstones are kept, 2 the largest number of tombstones to delete. Returns how many
-- have been deleted.
local before = string.format('(%.0f', now - tonumber(ARGV[1]))
local keys = redis.call('ZRANGEBYSCORE', BY_END, '-inf', before, 'LIMIT', 0, ARGV[2])
for _, key in ipairs(keys) do
    local generation = redis.call('HGET', session_of(key), 'generation')
    if generation then
        redis.call('DEL', generation_of(generation))
    end
    redis.call('DEL', session_of(key))
    redis.call('ZREM', BY_END, key)
end
return #keys
