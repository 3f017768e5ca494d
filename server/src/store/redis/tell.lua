-- 3 what to tell every node. Tells the time.
redis.call('PUBLISH', ENDS, ARGV[3])
return now
