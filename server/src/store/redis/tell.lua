-- 3 what to tell every node. Tells the time, and by how much the clock has been set back.
redis.call('PUBLISH', ENDS, ARGV[3])
-- Nothing is written while nobody is signed in.
if now > clock or redis.call('ZCARD', BY_ACTIVITY) > 0 then
    redis.call('HSET', TIME, 'mark', now, 'ahead', now - clock)
end
return { now, math.max(mark - clock - ahead, 0) }
