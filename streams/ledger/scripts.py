"""The Lua that runs inside Redis. Each call takes any number of asks; in a cluster those of one slot.

Two ZSETs a customer: `touches` (member = touch_id, score = its time in microseconds) and `pending` (member =
touch_id of what is reserved but not confirmed, score = when that lapses by Redis' own clock). Scores are doubles: exact
to the microsecond until the year 2255. Numbers are handed on as the strings they came as, because Lua writes large
numbers with fourteen digits only.
"""

from __future__ import annotations

from typing import Final

RESERVE: Final = """
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local lapses = string.format('%.0f', time[1] * 1000000 + time[2] + tonumber(ARGV[1]))
local cursor = 1
local answers = {}
local function take() cursor = cursor + 1; return ARGV[cursor] end
for i = 1, #KEYS, 2 do
  local touches, pending = KEYS[i], KEYS[i + 1]
  local id, at, forget, ttl = take(), take(), take(), take()
  local caps = {}
  for c = 1, tonumber(take()) do caps[c] = {tonumber(take()), take(), take()} end
  local row = tonumber(take())
  local changed = false
  -- what the row holds was committed: it counts, at the time the row gives
  if row > 0 then
    local scored, ids = {}, {}
    for t = 1, row do
      scored[2 * t - 1] = take(); scored[2 * t] = take()
      ids[t] = scored[2 * t]
    end
    changed = redis.call('ZADD', touches, 'GT', 'CH', unpack(scored)) > 0
    redis.call('ZREM', pending, unpack(ids))
  end
  local lapsed = redis.call('ZRANGEBYSCORE', pending, '-inf', now)
  for _, lost in ipairs(lapsed) do
    redis.call('ZREM', touches, lost)
    redis.call('ZREM', pending, lost)
  end
  local old = redis.call('ZRANGEBYSCORE', touches, '-inf', forget)
  for _, gone in ipairs(old) do
    if gone ~= id then
      redis.call('ZREM', touches, gone)
      redis.call('ZREM', pending, gone)
    end
  end
  local own = redis.call('ZSCORE', touches, id)
  local full = -1
  local counts = {}
  for c, cap in ipairs(caps) do
    local n
    if own then
      -- of a repeated one, those before it: the numbers that its first answer gave
      n = redis.call('ZCOUNT', touches, cap[2], at)
      local after = tonumber(string.sub(cap[2], 2))
      if tonumber(own) > after and tonumber(own) <= tonumber(at) then n = n - 1 end
    else
      n = redis.call('ZCOUNT', touches, cap[2], cap[3])
      if full < 0 and n >= cap[1] then full = c - 1 end
    end
    counts[c] = n
  end
  local said
  if own then
    said = 'r'
    if redis.call('ZADD', pending, 'XX', 'CH', lapses, id) > 0 then
      redis.call('ZADD', touches, 'XX', 'GT', at, id)
      changed = true
    end
  elseif full >= 0 then
    said = tostring(full)
  else
    said = 'g'
    redis.call('ZADD', touches, at, id)
    redis.call('ZADD', pending, lapses, id)
    changed = true
  end
  if changed then
    redis.call('PEXPIRE', touches, ttl)
    redis.call('PEXPIRE', pending, ttl)
  end
  answers[#answers + 1] = said .. ':' .. table.concat(counts, ',')
end
return table.concat(answers, ' ')
"""
"""KEYS: touches, pending of each ask. ARGV: lapse (us); for each ask: id, at, forget up to, time to live (ms), number
of caps and for each limit, '(' from, '(' to; number of the row's touches and for each at, id. Answers, one word an ask:
`g` granted, `r` repeated or the index of the full cap, then `:` and the counts."""

CONFIRM: Final = """
for i = 1, #KEYS, 2 do
  local n = (i - 1) / 2 * 3
  local id, at, ttl = ARGV[n + 1], ARGV[n + 2], ARGV[n + 3]
  if redis.call('ZREM', KEYS[i + 1], id) == 0 then
    if redis.call('ZADD', KEYS[i], 'NX', at, id) == 1 then redis.call('PEXPIRE', KEYS[i], ttl) end
  end
end
return 'ok'
"""
"""KEYS as above. ARGV for each ask: id, at, time to live (ms)."""

RELEASE: Final = """
for i = 1, #KEYS, 2 do
  local id = ARGV[(i + 1) / 2]
  if redis.call('ZREM', KEYS[i + 1], id) == 1 then redis.call('ZREM', KEYS[i], id) end
end
return 'ok'
"""
"""KEYS as above. ARGV for each ask: id."""
