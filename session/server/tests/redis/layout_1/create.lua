-- 3 key, 4 account, 5 generation, 6 address, 7 browser, 8 data. Tells when it began.
if is_taken(ARGV[3], ARGV[5]) then
    return taken()
end
return begin(unpack(ARGV, 3, 8))
