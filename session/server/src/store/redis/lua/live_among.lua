-- From 1 on the keys. Returns those of live sessions.
local alive = {}
for _, key in ipairs(ARGV) do
    if live(key) then
        table.insert(alive, key)
    end
end
return alive
