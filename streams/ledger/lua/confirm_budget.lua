-- As CONFIRM, of a budget's day.

local given = cmsgpack.unpack(ARGV[1])[2]
for i, key in ipairs(KEYS) do
  local ask = given[i]
  local held = read(key, ask[1])
  local changed = not held or held[1] ~= ''
  held = {'', held and held[2] or {}}
  if weigh(key, held, ask[4]) or changed then write(key, ask[1], held) end
end
return 'ok'
