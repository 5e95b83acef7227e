"""When a shop's feed is looked at next. Pure: instants and durations are integers of microseconds.

Every shop has its own beat: instants `every` apart, moved by what its id hashes to, so that many shops of one hour are
spread over it, and each always comes at the same minute however often the watch is restarted.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from schemas.instants import MINUTE

AGAIN: Final = MINUTE
"""After a first failure it is looked at again so soon, then after twice as long, and so on, up to its own `every`."""


def beat(shop_id: str, every: int) -> int:
    """How much the shop's instants are moved, of [0, every)."""
    return int.from_bytes(blake2b(shop_id.encode(), digest_size=8).digest()) % every


def next_look(shop_id: str, every: int, now: int, failures: int = 0) -> int:
    """When it is due after a look that ended at `now`, the last `failures` looks having failed.

    The shop's next instant that is at least half of `every` away; sooner after a failure.
    """
    earliest = now + every // 2
    regular = earliest + (beat(shop_id, every) - earliest) % every
    if not failures:
        return regular
    # as many doublings as lead past the longest `every` there can be
    return min(regular, now + min(every, AGAIN << min(failures - 1, 40)))
