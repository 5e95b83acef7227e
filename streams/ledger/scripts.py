"""The Lua that runs inside Redis. Each call takes any number of asks; in a cluster those of one slot.

A customer, and a phone, is one string: msgpack of `[keep, touch, touch ...]`, each touch in five values, one after the
other:
- its id;
- the time at which it counts (us), or two, between which it does;
- when it is forgotten by Redis' own clock (us), 0 for never: a customer's reservation lapses unless it is confirmed; a
  phone's touch stays, as no row proves it, until no limit looks so far back;
- who reserved it: "" once it is confirmed, "*" where several workers asked for it, so that none may take it back;
- its weights: a number where it counts for all that is the slot's and nothing else, else a map from what stands for a
  key (`slots.token`) to the weight.
`keep`: how long before a touch others matter to it, the longest that was ever asked. One string for all that a touch
counts with takes a fraction of what a key for each would, and is read and written at once.

A budget's day is a hash, as it holds too many touches to be read each time: `#id` is msgpack of `[holder, weights]`,
`=key` the sum of the weights of all.

Numbers of Lua are doubles: exact to the microsecond until the year 2255.
"""

from __future__ import annotations

import hashlib
from typing import Final

_EMPTY: Final = """
local function empty(covers)
  return covers ~= '' and redis.call('HEXISTS', KEYS[#KEYS], covers) == 0
end
"""
"""Whether the sentinel is not there by which these caps may be judged (`streams.ledger.guard`)."""

_READ: Final = """
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
"""

RESERVE: Final = _EMPTY + _READ + """
local given = cmsgpack.unpack(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local me, lapse, asks = given[1], given[2], given[3]
local is_phone = lapse == 0
local answers = {}
if empty(given[4]) then return string.rep('n ', #asks - 1) .. 'n' end

local function free_at(limit, window, past, at, weight, others, latest)
  if weight > limit then return 0 end
  if window == 0 then return past end
  local leaves = {}
  for o = 1, #others, 3 do
    if others[o] <= latest and others[o + 1] + window > at then leaves[#leaves + 1] = others[o + 1] + window end
  end
  table.sort(leaves)
  for _, leave in ipairs(leaves) do
    local held = 0
    for o = 1, #others, 3 do
      if others[o] <= latest and others[o + 1] > leave - window and others[o] < leave + window then
        held = held + others[o + 2]
      end
    end
    if held + weight <= limit then return leave end
  end
  return 0
end

-- A customer's touch that counts once, by rolling limits, among others that do, and has room: nearly every one. All is
-- done in the list as it is stored. nil: this is another case, and nothing was written.
local lasts = {}
local function plain(key, held, ask)
  local id, at, keep = ask[1], ask[2], ask[3]
  if held[1] > keep then keep = held[1] end
  local oldest, n, place, new = at - keep, #held, 2, {keep}
  local from = 5 + 2 * ask[4] -- what the row holds was committed: it counts at that time
  for k = from, #ask, 3 do
    local touch, touched_at = ask[k], ask[k + 1]
    if touch == id or ask[k + 2] ~= 1 then return end
    if touched_at > oldest then
      local found = nil
      for h = place, n, 5 do
        if held[h] == touch then
          found = h
          break
        end
      end
      if not found then
        for h = 2, place - 5, 5 do
          if held[h] == touch then
            found = h
            break
          end
        end
      end
      if found then
        if held[found + 4] ~= 1 then return end
        if held[found + 3] ~= '' then
          held[found + 1], held[found + 2], held[found + 3] = touched_at, 0, ''
        elseif held[found + 1] ~= touched_at then
          return
        end
        place = found + 5
      else
        held[n + 1], held[n + 2], held[n + 3], held[n + 4], held[n + 5] = touch, touched_at, 0, '', 1
        n = n + 5
      end
    end
  end
  local m = 1
  for h = 2, n, 5 do
    local touch, touched_at, ends = held[h], held[h + 1], held[h + 2]
    if touch == id or type(touched_at) == 'table' or type(held[h + 4]) == 'table' then return end
    if touched_at > oldest and (ends == 0 or ends > now) then
      new[m + 1], new[m + 2], new[m + 3], new[m + 4], new[m + 5] = touch, touched_at, ends, held[h + 3], held[h + 4]
      m = m + 5
    end
  end
  local said = 'g:'
  for l = 5, from - 1, 2 do
    local limit, window = ask[l], ask[l + 1]
    local before, around = 0, 0
    for h = 3, m, 5 do
      local away = new[h] - at
      if away < window and -away < window then
        around = around + new[h + 3]
        if away <= 0 then before = before + new[h + 3] end
      end
    end
    if around >= limit or before > 99999999999999 then return end
    said = said .. (l > 5 and ',' .. before or before)
  end
  new[m + 1], new[m + 2], new[m + 3], new[m + 4], new[m + 5] = id, at, now + lapse, me, 1
  local last = lasts[keep]
  if not last then
    last = string.format('%.0f', keep / 1000 + 86400000)
    lasts[keep] = last
  end
  redis.call('SET', key, cmsgpack.pack(new), 'PX', last)
  return said .. ':0'
end
local function general(ask)
  local from, limits, known = 5 + 2 * ask[4], {}, {}
  for l = 5, from - 1, 2 do limits[#limits + 1] = {ask[l], ask[l + 1], 0, 0} end
  for k = from, #ask, 3 do known[#known + 1] = {ask[k], ask[k + 1], ask[k + 2]} end
  return {{'', '', limits, 1, known}}
end

-- Whether what the row holds leaves this touch no room in some stretch of a limit's length, by the row alone.
local function disproved(id, at, scopes)
  for _, scope in ipairs(scopes) do
    local known, room = scope[5], 0
    local function full(since, till)
      local proven = 0
      for _, its in ipairs(known) do
        if its[1] ~= id and its[2] >= since and its[2] < till then proven = proven + its[3] end
      end
      return proven > 0 and proven > room
    end
    for _, limit in ipairs(scope[3]) do
      local window = limit[2]
      room = limit[1] - scope[4]
      if full(window > 0 and at or limit[3], window > 0 and at + window or limit[4]) then return true end
      for _, its in ipairs(known) do
        local since = its[2]
        if its[1] ~= id and since <= at and since + window > at and full(since, since + window) then return true end
      end
    end
  end
end

local function judged(key, held, id, at, keep, scopes)
  local changed = held[1] < keep
  if not changed then keep = held[1] end
  local lapses = now + (is_phone and keep or lapse)
  local ids, first, last, ends, holders, weights = {}, {}, {}, {}, {}, {}
  for h = 2, #held, 5 do
    local touch, touched_at = held[h], held[h + 1]
    ids[#ids + 1] = touch
    if type(touched_at) == 'table' then
      first[touch], last[touch] = touched_at[1], touched_at[2]
    else
      first[touch], last[touch] = touched_at, touched_at
    end
    ends[touch], holders[touch], weights[touch] = held[h + 2], held[h + 3], held[h + 4]
  end
  -- what the row holds was committed: it counts at that time
  for _, scope in ipairs(scopes) do
    local token = scope[2]
    for _, known in ipairs(scope[5]) do
      local touch, touched_at = known[1], known[2]
      if touched_at > at - keep or touch == id then
        local old = weights[touch]
        if not last[touch] or holders[touch] ~= '' then
          if not last[touch] then ids[#ids + 1] = touch end
          first[touch], last[touch], ends[touch], holders[touch] = touched_at, touched_at, 0, ''
          changed = true
        elseif touched_at < first[touch] then
          first[touch], changed = touched_at, true
        elseif touched_at > last[touch] then
          last[touch], changed = touched_at, true
        end
        if not (old and ((token == '' and old == known[3]) or (type(old) == 'table' and old[token] == known[3]))) then
          weigh(weights, touch, token, known[3])
          changed = true
        end
      end
    end
  end
  -- a reservation of one who did not know what the row does, when the ledger had lost it, does not stand against it
  local reserved = last[id] and holders[id] ~= '' and (first[id] == at or last[id] == at)
  if reserved and disproved(id, at, scopes) then
    last[id], weights[id], changed = nil, nil, true
  end
  for touch, touched_at in pairs(last) do
    if (ends[touch] > 0 and ends[touch] <= now) or (touched_at <= at - keep and touch ~= id and not is_phone) then
      last[touch], weights[touch] = nil, nil -- fields that are there may be cleared on the way
      changed = true
    end
  end

  -- those before it first: an ask that comes again, when later ones are reserved already, is answered as it was
  local full, crowded, before, around, repeated = nil, nil, {}, {}, true
  for s, scope in ipairs(scopes) do
    local token, weight, others, o, own = scope[2], scope[4], {}, 0, nil
    for touch, its in pairs(weights) do
      if type(its) == 'table' then its = its[token] elseif token ~= '' then its = nil end
      if its then
        if touch == id then
          own = its
        else
          others[o + 1], others[o + 2], others[o + 3] = first[touch], last[touch], its
          o = o + 3
        end
      end
    end
    local stands = false
    if own then
      stands = own >= weight and (first[id] == at or last[id] == at) -- else it moves, or grows, and is judged anew
      if own > weight then weight = own end
    else
      repeated = false
    end
    for c, limit in ipairs(scope[3]) do
      local window, low, high, n, m = limit[2], limit[3] - 1, limit[4], 0, 0
      if window > 0 then low, high = at - window, at + window end
      for k = 1, o, 3 do
        local from = others[k]
        if from < high and others[k + 1] > low then
          m = m + others[k + 2]
          if from <= at then n = n + others[k + 2] end
        end
      end
      before[#before + 1], around[#around + 1] = n, m
      if not stands then
        if not full and n + weight > limit[1] then full = {s, c, weight, others} end
        if not crowded and m + weight > limit[1] then crowded = {s, c, weight, others} end
      end
    end
  end

  local said, counts, free = nil, before, 0
  local refused = full or crowded
  if refused then
    local limit = scopes[refused[1]][3][refused[2]]
    if not full then counts = around end
    said = (refused[1] - 1) .. '/' .. (refused[2] - 1)
    free = free_at(limit[1], limit[2], limit[4], at, refused[3], refused[4], full and at or math.huge)
  else
    if not last[id] then
      said = 'g'
      ids[#ids + 1] = id
      first[id], last[id], ends[id], holders[id] = at, at, lapses, me
      changed = true
    else
      said = repeated and 'r' or 'e'
      if holders[id] ~= '' then
        if holders[id] == me then
          first[id], last[id] = at, at -- what this worker asked before has come to nothing
        else
          holders[id] = '*'
        end
        ends[id] = lapses
        changed = true
      end
      if last[id] < at then
        last[id], changed = at, true
        if is_phone then ends[id] = lapses end
      elseif first[id] > at then
        first[id], changed = at, true
      end
    end
    for _, scope in ipairs(scopes) do
      local its = weights[id]
      if type(its) == 'table' then its = its[scope[2]] elseif scope[2] ~= '' then its = nil end
      if not its or its < scope[4] then
        weigh(weights, id, scope[2], scope[4])
        changed = true
      end
    end
  end
  if changed then write(key, keep, ids, first, last, ends, holders, weights) end
  for c, count in ipairs(counts) do
    if count > 99999999999999 then counts[c] = string.format('%.0f', count) end -- Lua writes fourteen digits
  end
  return said .. ':' .. table.concat(counts, ',') .. (free == 0 and ':0' or string.format(':%.0f', free))
end

for i, ask in ipairs(asks) do
  local key, scopes = KEYS[i], ask[4]
  local held = read(key) or {0}
  if type(scopes) == 'number' then
    answers[i] = plain(key, held, ask)
    if not answers[i] then
      held, scopes = read(key) or {0}, general(ask)
    end
  end
  answers[i] = answers[i] or judged(key, held, ask[1], ask[2], ask[3], scopes)
end
return table.concat(answers, ' ')
"""
"""KEYS: one for each ask, then the sentinel's where there is one. ARGV: one msgpack value, because packing a thousand
arguments costs the client more than the script costs Redis: [who asks, lapse (us; 0: of a phone), asks, what the
sentinel must cover or ""], an ask being [id, at, keep (us), scopes], a scope
[name, token, [[limit, window, since, until]], weight, [[touch_id, at, weight] of the row]]. One of all that is a
customer's, of weight 1 and with rolling limits, is written without lists, which take most of the time of reading them:
[id, at, keep, how many limits, limit, window ..., touch_id, at, weight ...].

Answers one word an ask: `g` granted, `r` repeated in all its scopes, `e` repeated in some, or the indices of the full
limit as `scope/cap`; then `:` and the counts; then `:` and when it has room. Without its sentinel `n` for each."""

CONFIRM: Final = _READ + """
local given = cmsgpack.unpack(ARGV[1])
local is_phone, now = given[1] == 0, 0
local mine = '\\168' .. given[3]

-- A customer's touch as this worker reserved it, which is nearly every one: two of its values are cut out where they
-- stand, nine bytes each, which takes a third of the time of reading and writing them all.
local function confirmed(key, id, at)
  local stored = redis.call('GET', key)
  local _, before = string.find(stored or '', cmsgpack.pack(id, at), 1, true)
  if not before or string.sub(stored, before + 10, before + 18) ~= mine or string.byte(stored, before + 1) ~= 207 then
    return false
  end
  redis.call('SET', key, string.sub(stored, 1, before) .. '\\0\\160' .. string.sub(stored, before + 19), 'KEEPTTL')
  return true
end

if is_phone then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
for i, key in ipairs(KEYS) do
  local ask = given[2][i]
  local id, at, keep, scopes = ask[1], ask[2], ask[3], ask[4]
  if is_phone or not confirmed(key, id, at) then
    scopes = scopes or {{'', '', {}, 1, {}}}
    local held = read(key) or {0}
    if keep > held[1] then held[1] = keep end
    local place = #held + 1
    for h = place - 5, 2, -5 do
      if held[h] == id then
        place = h
        break
      end
    end
    local its = {[id] = held[place + 4]}
    if held[place + 3] ~= '' then
      held[place], held[place + 1], held[place + 2], held[place + 3] = id, at, 0, ''
    end
    if is_phone then held[place + 2] = now + held[1] end -- longer than before where caps look back farther by now
    for _, scope in ipairs(scopes) do
      local old = its[id]
      if type(old) == 'table' then old = old[scope[2]] elseif scope[2] ~= '' then old = nil end
      if not old or old < scope[4] then weigh(its, id, scope[2], scope[4]) end
    end
    held[place + 4] = its[id]
    redis.call('SET', key, cmsgpack.pack(held), 'PX', string.format('%.0f', held[1] / 1000 + 86400000))
  end
end
return 'ok'
"""
"""KEYS: one for each ask. ARGV: [lapse, asks, who asks] as above, who in eight letters; of what is written
without lists no more than the first three."""

RELEASE: Final = _READ + """
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
"""
"""KEYS: one for each ask. ARGV: [who asks, [id]]. Takes back what nobody but the one who asks has reserved."""

_BUDGET: Final = """
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
"""

RESERVE_BUDGET: Final = _EMPTY + _BUDGET + """
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
"""
"""As RESERVE, of a budget's day."""

CONFIRM_BUDGET: Final = _BUDGET + """
local given = cmsgpack.unpack(ARGV[1])[2]
for i, key in ipairs(KEYS) do
  local ask = given[i]
  local held = read(key, ask[1])
  local changed = not held or held[1] ~= ''
  held = {'', held and held[2] or {}}
  if weigh(key, held, ask[4]) or changed then write(key, ask[1], held) end
end
return 'ok'
"""
"""As CONFIRM."""

RELEASE_BUDGET: Final = _BUDGET + """
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
"""
"""As RELEASE."""

OF: Final = {
    ("reserve", "customer"): RESERVE,
    ("reserve", "phone"): RESERVE,
    ("reserve", "budget"): RESERVE_BUDGET,
    ("confirm", "customer"): CONFIRM,
    ("confirm", "phone"): CONFIRM,
    ("confirm", "budget"): CONFIRM_BUDGET,
    ("release", "customer"): RELEASE,
    ("release", "phone"): RELEASE,
    ("release", "budget"): RELEASE_BUDGET,
}
"""By call and slot."""

DIGEST: Final = {script: hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest() for script in OF.values()}
"""By which Redis knows a script that it has seen."""
