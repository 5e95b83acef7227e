-- Takes back what nobody but the one who asks has reserved. KEYS: one for each ask. ARGV: [who asks, [id]].

local given = cmsgpack.unpack(ARGV[1])
for i, key in ipairs(KEYS) do
  local held = read(key)
  for h = 2, held and #held or 0, 5 do
    if held[h] == given[2][i] and held[h + 3] == given[1] then
      for _ = 1, 5 do table.remove(held, h) end
      redis.call('SET', key, cmsgpack.pack(held), 'KEEPTTL')
      break
    end
  end
end
return 'ok'
