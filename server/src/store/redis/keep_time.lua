-- 3 how many sessions at a time, for each of the two instants. What is later than now counts as now
-- from now on. Tells of how many that was so.
local function bring_back(index, field)
    local later = string.format('(%.0f', now)
    local keys = redis.call('ZRANGEBYSCORE', index, later, '+inf', 'LIMIT', 0, ARGV[3])
    for _, key in ipairs(keys) do
        if redis.call('EXISTS', session_of(key)) > 0 then
            redis.call('HSET', session_of(key), field, now)
        end
        redis.call('ZADD', index, now, key)
    end
    return #keys
end

return bring_back(BY_ACTIVITY, 'last_active_at')
    + bring_back(BY_AUTHENTICATION, 'authenticated_at')
