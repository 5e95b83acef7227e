-- Whether the sentinel is not there by which these caps may be judged (streams.ledger.guard).

local function empty(covers)
  return covers ~= '' and redis.call('HEXISTS', KEYS[#KEYS], covers) == 0
end
