-- A budget's day: a hash, as it holds too many touches to be read each time. `#id` is msgpack of `[holder, weights]`,
-- `=key` the sum of the weights of all.

local KEPT = '691200000' -- eight days: who asks for a day again has a chunk of that day to do over
local function read(key, id)
  local stored = redis.call('HGET', key, '#' .. id)
  return stored and cmsgpack.unpack(stored)
end
local function write(key, id, held)
  redis.call('HSET', key, '#' .. id, cmsgpack.pack(held))
  redis.call('PEXPIRE', key, KEPT)
end
local function weigh(key, held, scopes)
  local changed = false
  for _, scope in ipairs(scopes) do
    local old = held[2][scope[2]]
    if not old or old < scope[4] then
      redis.call('HINCRBY', key, '=' .. scope[2], string.format('%.0f', scope[4] - (old or 0)))
      held[2][scope[2]] = scope[4]
      changed = true
    end
  end
  return changed
end
