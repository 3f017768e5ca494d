-- 3 key, 4 data. Tells in how many sessions it was put.
if not live(ARGV[3]) then
    return 0
end
redis.call('HSET', session_of(ARGV[3]), 'data', ARGV[4])
return 1
