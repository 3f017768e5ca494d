-- 1 the message for every node. Returns the time, and by how much the clock has been set back.
redis.call('PUBLISH', ENDS, ARGV[1])
return { now, keep_mark() }
