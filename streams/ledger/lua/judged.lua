-- The long way of RESERVE: any ask of a customer or a phone. Its arithmetic is that of streams.ledger.counting.

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
