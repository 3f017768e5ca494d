-- From 1 on the new session. Returns the time.
if is_taken(1) then
    return taken()
end
return create(1)
