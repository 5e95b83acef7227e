-- The short way of RESERVE, which nearly every ask goes. It must answer and keep what the long one would.

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
      if away < window and -away < window then around = around + new[h + 3] end
    end
    if around >= limit then return end
    for k = from + 1, #ask, 3 do -- what is told is what the row holds
      if ask[k] <= at and ask[k] > at - window then before = before + 1 end
    end
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
