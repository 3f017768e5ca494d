-- 1 the key, 2 the data. Returns how many sessions have been changed, which is 0 or 1.
if not live(ARGV[1]) then
    return 0
end
redis.call('HSET', session_of(ARGV[1]), 'data', ARGV[2])
return 1
