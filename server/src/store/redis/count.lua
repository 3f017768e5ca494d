-- Tells how many sessions nothing has ended so far, but perhaps time, a moment ago.
return redis.call('ZCARD', BY_ACTIVITY)
