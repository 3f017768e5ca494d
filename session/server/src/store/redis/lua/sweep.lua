-- 1 and 2 the names of the reasons for the idle and the absolute timeout, 3 how many sessions to
-- examine. Returns whether there may be more, and the sessions that have been ended.
local limit = tonumber(ARGV[3])
local keys = redis.call('ZRANGEBYSCORE', BY_DEADLINE, '-inf', now, 'LIMIT', 0, limit)
local ended = {}
for _, key in ipairs(keys) do
    local session = load(key)
    if not session then
        -- An operator has deleted the session by hand.
        remove_from_indexes(key)
    elseif session.end_reason then
        -- An operator has ended the session by hand, and may have written any time.
        wipe(session, now)
    elseif deadline(session) > now then
        add_to_indexes(session)
    else
        table.insert(ended, finish_by_time(session, ARGV[1], ARGV[2]))
    end
end
return { #keys == limit and 1 or 0, ended }
