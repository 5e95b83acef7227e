-- As RELEASE, of a budget's day.

local given = cmsgpack.unpack(ARGV[1])
for i, key in ipairs(KEYS) do
  local held = read(key, given[2][i])
  if held and held[1] == given[1] then
    for token, weight in pairs(held[2]) do
      redis.call('HINCRBY', key, '=' .. token, string.format('%.0f', -weight))
    end
    redis.call('HDEL', key, '#' .. given[2][i])
  end
end
return 'ok'
