-- From 3 on the keys. Tells which of them live.
local alive = {}
for index = 3, #ARGV do
    if live(ARGV[index]) then
        table.insert(alive, ARGV[index])
    end
end
return alive
