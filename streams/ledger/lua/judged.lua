-- The long way of RESERVE: any ask of a customer or a phone. Its arithmetic is that of streams.ledger.counting, where it
-- is said why.

-- The most that a stretch of a window's length holds of `others` (from, to, weight, and so on), of those that hold `at`.
local function fullest(at, window, others)
  local most = 0
  for b = 0, #others, 3 do
    local since = b == 0 and at or others[b - 1]
    if since > at - window and since <= at then
      local held = 0
      for o = 1, #others, 3 do
        if others[o] < since + window and others[o + 1] >= since then held = held + others[o + 2] end
      end
      if held > most then most = held end
    end
  end
  return most
end

local function free_at(limit, window, past, at, weight, others, latest)
  if weight > limit then return 0 end
  if window == 0 then return past end
  local leaves, its = {}, {}
  for o = 1, #others, 3 do
    if others[o] <= latest then
      its[#its + 1], its[#its + 2], its[#its + 3] = others[o], others[o + 1], others[o + 2]
      if others[o + 1] + window > at then leaves[#leaves + 1] = others[o + 1] + window end
    end
  end
  table.sort(leaves)
  for _, leave in ipairs(leaves) do
    if fullest(leave, window, its) + weight <= limit then return leave end
  end
  return 0
end

-- What the row holds of others than this touch, by scope.
local function rows(id, scopes)
  local found = {}
  for s, scope in ipairs(scopes) do
    local others, o = {}, 0
    for _, its in ipairs(scope[5]) do
      if its[1] ~= id then
        others[o + 1], others[o + 2], others[o + 3] = its[2], its[2], its[3]
        o = o + 3
      end
    end
    found[s] = others
  end
  return found
end

-- Whether what the row holds leaves this touch no room in some stretch of a limit's length, by the row alone.
local function disproved(at, scopes, row)
  for s, scope in ipairs(scopes) do
    local others = row[s]
    for _, limit in ipairs(scope[3]) do
      local proven = 0
      if limit[2] > 0 then
        proven = fullest(at, limit[2], others)
      else
        for o = 1, #others, 3 do
          if others[o] >= limit[3] and others[o] < limit[4] then proven = proven + others[o + 2] end
        end
      end
      if proven > 0 and proven + scope[4] > limit[1] then return true end
    end
  end
end

-- What `others`, by scope, leave room for: nil or the full limit as `scope/cap`, the counts, when there is room. Those
-- before the touch are looked at first. `stands`, by scope: it counts there at that very time.
local function look(at, scopes, others, stands, weights)
  local full, crowded, before, around = nil, nil, {}, {}
  for s, scope in ipairs(scopes) do
    local its, weight = others[s], weights[s]
    for c, limit in ipairs(scope[3]) do
      local window, low, high, n, m = limit[2], limit[3] - 1, limit[4], 0, 0
      if window > 0 then low, high = at - window, at + window end
      for k = 1, #its, 3 do
        local from = its[k]
        if from < high and its[k + 1] > low then
          m = m + its[k + 2]
          if from <= at then n = n + its[k + 2] end
        end
      end
      if window > 0 and m > n then m = fullest(at, window, its) end
      before[#before + 1], around[#around + 1] = n, m
      if not stands[s] then
        if not full and n + weight > limit[1] then full = {s, c} end
        if not crowded and m + weight > limit[1] then crowded = {s, c} end
      end
    end
  end
  local refused = full or crowded
  if not refused then return nil, before, 0 end
  local s, c = refused[1], refused[2]
  local limit = scopes[s][3][c]
  local free = free_at(limit[1], limit[2], limit[4], at, weights[s], others[s], full and at or math.huge)
  return (s - 1) .. '/' .. (c - 1), full and before or around, free
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
  local row = not is_phone and rows(id, scopes)
  if reserved and row and disproved(at, scopes, row) then
    last[id], weights[id], changed = nil, nil, true
  end
  for touch, touched_at in pairs(last) do
    if (ends[touch] > 0 and ends[touch] <= now) or (touched_at <= at - keep and touch ~= id and not is_phone) then
      last[touch], weights[touch] = nil, nil -- fields that are there may be cleared on the way
      changed = true
    end
  end

  local all, stands, own_weights, repeated = {}, {}, {}, true
  for s, scope in ipairs(scopes) do
    local token, others, o, own = scope[2], {}, 0, nil
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
    local weight = scope[4]
    if own then
      stands[s] = own >= weight and (first[id] == at or last[id] == at) -- else it moves, or grows, and is judged anew
      if own > weight then weight = own end
    else
      repeated = false
    end
    all[s], own_weights[s] = others, weight
  end
  -- a customer's row is asked first, and is what is told; what is only reserved may refuse, and nothing else
  local said, counts, free = nil, {}, 0
  if row then said, counts, free = look(at, scopes, row, stands, own_weights) end
  if not said then
    local refused, held, room = look(at, scopes, all, stands, own_weights)
    if refused or not row then said, counts, free = refused, held, room end
  end
  if not said then
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
