-- Returns how many sessions nothing has ended, except perhaps time.
return redis.call('ZCARD', BY_DEADLINE)
