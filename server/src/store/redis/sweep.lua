-- 3 and 4 the reasons for the two timeouts, 5 how many to sweep for each at a time. Tells whether
-- there may be more, and what it ended.
local most = tonumber(ARGV[5])
local is_more = 0
local swept = {}

local function due(index, before)
    local keys = redis.call('ZRANGEBYSCORE', index, '-inf', before, 'LIMIT', 0, most)
    if #keys == most then
        is_more = 1
    end
    return keys
end

local function sweep(keys)
    for _, key in ipairs(keys) do
        local session = load(key)
        if session and not session.end_reason then
            table.insert(swept, end_by_time(session, ARGV[3], ARGV[4]))
        else
            -- An operator has ended or deleted it by hand.
            strike_off(key)
        end
    end
end

sweep(due(BY_ACTIVITY, now - idle))
sweep(due(BY_AUTHENTICATION, now - absolute))
return { is_more, swept }
