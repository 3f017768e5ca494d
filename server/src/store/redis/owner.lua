-- 3 generation. Tells the account.
return redis.call('GET', generation_of(ARGV[3]))
