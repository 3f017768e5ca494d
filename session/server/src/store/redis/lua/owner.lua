-- 1 the generation. Returns the person.
return redis.call('GET', generation_of(ARGV[1]))
