-- As RESERVE, of a budget's day.

local given = cmsgpack.unpack(ARGV[1])
local me, asks, answers = given[1], given[3], {}
if empty(given[4]) then return string.rep('n ', #asks - 1) .. 'n' end
for i, ask in ipairs(asks) do
  local key = KEYS[i]
  local id, scopes = ask[1], ask[4]
  local held = read(key, id)
  local full, counts, repeated = nil, {}, true
  for s, scope in ipairs(scopes) do
    local weight, own = scope[4], held and held[2][scope[2]]
    local others = tonumber(redis.call('HGET', key, '=' .. scope[2]) or 0) - (own or 0)
    local stands = own and own >= weight
    if not own then repeated = false elseif own > weight then weight = own end
    for c, limit in ipairs(scope[3]) do
      counts[#counts + 1] = string.format('%.0f', others)
      if not stands and not full and others + weight > limit[1] then
        local free = weight <= limit[1] and limit[4] or 0
        full = {(s - 1) .. '/' .. (c - 1), string.format('%.0f', free)}
      end
    end
  end
  local said = full and full[1]
  if not full then
    local changed = false
    if not held then
      said, held, changed = 'g', {me, {}}, true
    else
      said = repeated and 'r' or 'e'
      if held[1] ~= '' and held[1] ~= me and held[1] ~= '*' then held[1], changed = '*', true end
    end
    if weigh(key, held, scopes) or changed then write(key, id, held) end
  end
  answers[i] = said .. ':' .. table.concat(counts, ',') .. ':' .. (full and full[2] or '0')
end
return table.concat(answers, ' ')
