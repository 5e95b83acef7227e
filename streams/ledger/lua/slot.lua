-- A customer's slot, and a phone's: one string, msgpack of `[keep, touch, touch ...]`, each touch in five values, one
-- after the other:
-- - its id;
-- - the time at which it counts (us), or two, between which it does;
-- - when it is forgotten by Redis' own clock (us), 0 for never: a customer's reservation lapses unless it is confirmed;
--   a phone's touch stays, as no row proves it, until no limit looks so far back;
-- - who reserved it: "" once it is confirmed, "*" where several workers asked for it, so that none may take it back;
-- - its weights: a number where it counts for all that is the slot's and nothing else, else a map from what stands for
--   a key (streams.ledger.slots.token) to the weight.
-- `keep`: how long before a touch others matter to it, the longest that was ever asked. One string for all that a touch
-- counts with takes a fraction of what a key for each would, and is read and written at once.

local function read(key)
  local stored = redis.call('GET', key)
  return stored and cmsgpack.unpack(stored)
end
local function write(key, keep, ids, first, last, ends, holders, weights)
  local held, n = {keep}, 1
  for _, touch in ipairs(ids) do
    local at = last[touch]
    if at then
      if first[touch] < at then at = {first[touch], at} end
      held[n + 1], held[n + 2], held[n + 3] = touch, at, ends[touch]
      held[n + 4], held[n + 5] = holders[touch], weights[touch]
      n = n + 5
      last[touch] = nil -- what lapsed and was granted again is among `ids` twice
    end
  end
  redis.call('SET', key, cmsgpack.pack(held), 'PX', string.format('%.0f', keep / 1000 + 86400000))
end
local function weigh(weights, touch, token, weight)
  local old = weights[touch]
  if token == '' and type(old) ~= 'table' then
    weights[touch] = weight
  elseif type(old) == 'table' then
    old[token] = weight
  elseif old then
    weights[touch] = {[''] = old, [token] = weight}
  else
    weights[touch] = {[token] = weight}
  end
end
