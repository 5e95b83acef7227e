"""In which slot of a ledger an ask's scopes lie. Pure.

What lies in one slot is judged at once; an ask with scopes in several slots is asked of one after the other.
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from triggers.asks import Ask, CapLimit, Scope

DAY: Final = 86_400_000_000

_UNEQUAL: Final = 3 * DAY
"""How much longer a month may be than the one before it."""

SLOTS: Final = {"customer": "customer", "phone": "phone", "text": "phone", "budget": "budget"}
"""By a scope's name."""

ORDER: Final = ("customer", "phone", "budget")
"""In which they are asked."""


class Part(NamedTuple):
    """What of an ask is one slot's.

    `whose`: of that slot the customer, the phone in E.164 or the day. `keys`: what each of its scopes counts together,
    "" for all that is the slot's. `first`: index of its first scope in the ask.
    """

    ask: Ask
    slot: str
    whose: str
    scopes: tuple[Scope, ...]
    keys: tuple[str, ...]
    first: int


def parts(ask: Ask) -> list[Part]:
    """The ask, taken apart. Raises ValueError for one that no ledger can keep exactly."""
    scopes = ask.scopes
    if len(scopes) == 1 and scopes[0].name == "customer":
        return [Part(ask, "customer", ask.customer_id, scopes, (scopes[0].key,), 0)]
    if all(scope.name == "customer" for scope in scopes):
        keys = tuple([scope.key for scope in scopes])
        return [Part(ask, "customer", ask.customer_id, scopes, keys, 0)] if scopes else []
    found: list[Part] = []
    for slot in ORDER:
        its = [index for index, scope in enumerate(scopes) if SLOTS[scope.name] == slot]
        if not its:
            continue
        first = its[0]
        if its != list(range(first, first + len(its))) or (found and first < found[-1].first):
            raise ValueError("the customer's scopes come first, then the phone's, then the budgets'")
        mine = tuple([scopes[index] for index in its])
        whose, keys = ask.customer_id, tuple([scope.key for scope in mine])
        if slot != "customer":
            split = [key.partition(" ") for key in keys]
            whose, keys = split[0][0], tuple([rest for _, _, rest in split])
            if any(one[0] != whose for one in split):
                raise ValueError(f"a touch has one {'phone' if slot == 'phone' else 'day'}")
        if slot == "budget" and any(limit.window for scope in mine for limit in scope.limits):
            raise ValueError("a budget is of a day: it has no rolling limit")
        found.append(Part(ask, slot, whose, mine, keys, first))
    return found


def kept_for(part: Part) -> int:
    """How long (microseconds before `ask.at`) touches of this slot are kept for this ask: as far back as its limits
    look, and a day, as workers' clocks may differ and chunks be computed again. A phone's are also forgotten that long
    after they were counted, so that a limit of the calendar needs them until its span is over, and the next one too
    where that has begun in the zone of another customer who has this phone."""
    longest, at, phone = 0, part.ask.at, part.slot == "phone"
    for scope in part.scopes:
        for limit in scope.limits:
            stretch = limit.window or (limit.until - limit.since + _UNEQUAL if phone else at - limit.since + 1)
            if stretch > longest:
                longest = stretch
    return longest + DAY


def plain(part: Part) -> tuple[int, ...] | None:
    """Of what counts all touches of a customer, each as one, by rolling limits: `kept_for`, how many limits there are,
    and of each its limit and window. None for any other part."""
    if part.slot != "customer" or part.keys != _ALL:
        return None
    scope = part.scopes[0]
    if scope.weight != 1:
        return None
    limits = scope.limits
    found = _plain.get(id(limits))
    if found is None or found[0] is not limits:
        said = None
        if all(limit.window > 0 for limit in limits):
            said = (kept_for(part), len(limits), *(number for one in limits for number in (one.limit, one.window)))
        if len(_plain) >= _PLAIN:
            _plain.clear()
        found = _plain[id(limits)] = limits, said
    return found[1]


_ALL: Final = ("",)
_PLAIN: Final = 4096
# By the id of limits, which are one object for all touches of a rule; kept with them, so that it is no other's.
_plain: Final[dict[int, tuple[tuple[CapLimit, ...], tuple[int, ...] | None]]] = {}


@lru_cache(maxsize=65_536)
def token(key: str) -> str:
    """What stands for a key in Redis: "" for "", else eight letters that tell it from the others of its slot (48 bits:
    of a thousand keys of one customer two meet once in half a billion customers). Short, and it tells nothing."""
    if not key:
        return ""
    return b64encode(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=6).digest()).decode()
