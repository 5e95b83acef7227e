"""In which slot of a ledger an ask's scopes lie. Pure.

What lies in one slot is judged at once; an ask with scopes in several slots is asked of one after the other.
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from triggers.asks import Ask, Scope

DAY: Final = 86_400_000_000

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
    after they were counted, so that a limit of the calendar needs them until its span is over."""
    longest, at, phone = 0, part.ask.at, part.slot == "phone"
    for scope in part.scopes:
        for limit in scope.limits:
            stretch = limit.window or (limit.until - limit.since if phone else at - limit.since + 1)
            if stretch > longest:
                longest = stretch
    return longest + DAY


@lru_cache(maxsize=65_536)
def token(key: str) -> str:
    """What stands for a key in Redis: "" for "", else eight letters that tell it from the others of its slot (48 bits:
    of a thousand keys of one customer two meet once in half a billion customers). Short, and it tells nothing."""
    if not key:
        return ""
    return b64encode(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=6).digest()).decode()
