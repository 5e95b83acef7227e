"""The Lua that runs inside Redis. Each call takes any number of asks; in a cluster those of one slot.

One ZSET a customer: member = touch_id, score = its time in microseconds. Beside a touch that is reserved but not
confirmed stands the member `?touch_id`, whose score is when that lapses by Redis' own clock. It is read whole: a few
dozen members at most, and calls from Lua cost more than reading them. Scores are doubles: exact to the microsecond
until the year 2255; Lua writes them with fourteen digits unless told otherwise.
"""

from __future__ import annotations

from typing import Final

RESERVE: Final = """
local given = cmsgpack.unpack(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local lapses = string.format('%.0f', now + given[1])
local ttl, asks = given[2], given[3]
local answers = {}
for i, key in ipairs(KEYS) do
  local ask = asks[i]
  local id, at, keep, caps, row = ask[1], ask[2], ask[3], ask[4], ask[5]

  local held = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  local times, pending, add, remove = {}, {}, {}, {}
  for h = 1, #held, 2 do
    local member = held[h]
    if string.byte(member) == 63 then
      pending[string.sub(member, 2)] = tonumber(held[h + 1])
    else
      times[member] = tonumber(held[h + 1])
    end
  end
  -- what the row holds was committed: it counts, at the later of the two times
  for _, pair in ipairs(row) do
    local touch, touched_at = pair[1], pair[2]
    if (not times[touch] or times[touch] < touched_at) and (touched_at > at - keep or touch == id) then
      times[touch] = touched_at
      add[#add + 1] = string.format('%.0f', touched_at)
      add[#add + 1] = touch
    end
    if pending[touch] then
      pending[touch] = nil
      remove[#remove + 1] = '?' .. touch
    end
  end
  for touch, ends in pairs(pending) do
    if ends <= now then
      pending[touch] = nil
      times[touch] = nil
      remove[#remove + 1] = '?' .. touch
      remove[#remove + 1] = touch
    end
  end
  local own = times[id]
  local stands = own and own >= at -- else it moves to a later time, and is judged anew there
  times[id] = nil
  for touch, touched_at in pairs(times) do
    if touched_at <= at - keep then
      times[touch] = nil
      remove[#remove + 1] = touch
      remove[#remove + 1] = '?' .. touch
    end
  end

  -- those before it first: an ask that comes again, when later ones are reserved already, is answered as it was
  local full, counts, crowded, around = nil, {}, nil, {}
  for c, cap in ipairs(caps) do
    local from, to, n, m = at - cap[2], at + cap[2], 0, 0
    for _, touched_at in pairs(times) do
      if touched_at > from and touched_at < to then
        m = m + 1
        if touched_at <= at then n = n + 1 end
      end
    end
    if not stands and not full and n >= cap[1] then full = c - 1 end
    if not stands and not crowded and m >= cap[1] then crowded = c - 1 end
    counts[c], around[c] = n, m
  end
  if crowded and not full then
    full, counts = crowded, around
  end

  local said
  if full then
    said = tostring(full)
  elseif own then
    said = 'r'
    if pending[id] then
      add[#add + 1] = lapses
      add[#add + 1] = '?' .. id
    end
    if own < at then
      add[#add + 1] = string.format('%.0f', at)
      add[#add + 1] = id
    end
  else
    said = 'g'
    add[#add + 1] = string.format('%.0f', at)
    add[#add + 1] = id
    add[#add + 1] = lapses
    add[#add + 1] = '?' .. id
  end
  if #remove > 0 then redis.call('ZREM', key, unpack(remove)) end
  if #add > 0 then
    redis.call('ZADD', key, unpack(add))
    redis.call('PEXPIRE', key, ttl)
  end
  answers[i] = said .. ':' .. table.concat(counts, ',')
end
return table.concat(answers, ' ')
"""
"""KEYS: one for each ask. ARGV: one msgpack value, because packing a thousand arguments costs the client more than the
script costs Redis: [lapse (us), time to live (ms), asks], an ask being [id, at, how long to keep (us),
[[limit, window]], [[touch_id, at] of the row]]. Answers one word an ask: `g` granted, `r` repeated or the index of the
full cap, then `:` and the counts."""

CONFIRM: Final = """
local given = cmsgpack.unpack(ARGV[1])
for i, key in ipairs(KEYS) do
  local id, at = given[2][i][1], given[2][i][2]
  if redis.call('ZREM', key, '?' .. id) == 0 then
    if redis.call('ZADD', key, 'NX', string.format('%.0f', at), id) == 1 then redis.call('PEXPIRE', key, given[1]) end
  end
end
return 'ok'
"""
"""KEYS: one for each ask. ARGV: [time to live (ms), [[id, at]]]."""

RELEASE: Final = """
local given = cmsgpack.unpack(ARGV[1])
for i, key in ipairs(KEYS) do
  if redis.call('ZREM', key, '?' .. given[i]) == 1 then redis.call('ZREM', key, given[i]) end
end
return 'ok'
"""
"""KEYS: one for each ask. ARGV: [id]."""
