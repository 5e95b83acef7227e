-- RESERVE: each ask in turn, the short way if it can go that.

local answers = {}
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
