-- Returns the number of sessions that have not been ended. Their time may be over.
return redis.call('ZCARD', BY_DEADLINE)
