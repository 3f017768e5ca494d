-- 1 the key, 2 the data. Returns in how many sessions it was put.
if not live(ARGV[1]) then
    return 0
end
redis.call('HSET', session_of(ARGV[1]), 'data', ARGV[2])
return 1
