-- RESERVE: what is asked, and how it is answered.
--
-- KEYS: one for each ask, then the sentinel's where there is one. ARGV: one msgpack value, because packing a thousand
-- arguments costs the client more than the script costs Redis: [who asks, lapse (us; 0: of a phone), asks, what the
-- sentinel must cover or ""], an ask being [id, at, keep (us), scopes], a scope
-- [name, token, [[limit, window, since, until]], weight, [[touch_id, at, weight] of the row]]. One of all that is a
-- customer's, of weight 1 and with rolling limits, is written without lists, which take most of the time of reading
-- them: [id, at, keep, how many limits, limit, window ..., touch_id, at, weight ...].
--
-- Answers one word an ask: `g` granted, `r` repeated in all its scopes, `e` repeated in some, or the indices of the
-- full limit as `scope/cap`; then `:` and the counts; then `:` and when it has room. Without its sentinel `n` for each.

local given = cmsgpack.unpack(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local me, lapse, asks = given[1], given[2], given[3]
local is_phone = lapse == 0
if empty(given[4]) then return string.rep('n ', #asks - 1) .. 'n' end
