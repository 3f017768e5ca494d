-- From 1 on the keys. Returns the keys of the live sessions.
local alive = {}
for _, key in ipairs(ARGV) do
    if live(key) then
        table.insert(alive, key)
    end
end
return alive
