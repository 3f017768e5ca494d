-- 3 how long tombstones are kept, 4 how many to forget at a time. Tells how many it has forgotten.
local before = string.format('(%.0f', now - tonumber(ARGV[3]))
local keys = redis.call('ZRANGEBYSCORE', BY_END, '-inf', before, 'LIMIT', 0, ARGV[4])
for _, key in ipairs(keys) do
    redis.call('DEL', generation_of(redis.call('HGET', session_of(key), 'generation')))
    redis.call('DEL', session_of(key))
    redis.call('ZREM', BY_END, key)
end
return #keys
