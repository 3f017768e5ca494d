-- Tells how many sessions nothing has ended so far but perhaps time.
return redis.call('ZCARD', BY_ACTIVITY)
