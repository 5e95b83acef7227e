"""Pace: what concerns many customers reaches them one after the other. A hash moves when each falls due.

How many customers there are in all partitions nobody knows at that instant, so how long all of them take is reckoned
from how many were counted a day ago (triggers.shopfacts); where nothing is known, it is an hour.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from schemas.instants import HOUR, MINUTE
from triggers.customer import CustomerRow
from triggers.ids import spread
from triggers.kinds._seam import KindWorld
from triggers.rules.values import shown, wrong

MOST: Final = 1_000_000
PATTERN: Final = r"^[1-9]\d{0,6} ?/ ?min$"


def _read_pace(value: object) -> int:
    number, _, unit = value.partition("/") if isinstance(value, str) else ("", "", "")
    number = number.strip()
    if unit.strip() != "min" or not (number.isascii() and number.isdigit()):
        raise wrong(f"{shown(value)} is no pace", "write it like `5000/min`")
    if not 1 <= int(number) <= MOST:
        raise wrong(f"a pace of {shown(value)} can't be kept", f"1 to {MOST} a minute can")
    return int(number)


Pace = Annotated[
    int,
    BeforeValidator(_read_pace),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["5000/min"]}),
]
"""So many customers a minute, `5000/min`."""


def width(pace: int | None, customers: int | None) -> int:
    """For how long a pace spreads this many customers, microseconds; an hour where nobody knows how many."""
    if pace is None:
        return 0
    return HOUR if customers is None or customers <= 0 else -(-customers // pace) * MINUTE


def width_at(pace: int | None, world: KindWorld, at: int) -> int:
    """For how long a pace spreads the shop's customers, as many as are known of at `at`."""
    known = None if pace is None or world.figures is None else world.figures.customers(world.shop.id, at)
    return width(pace, known)


def counted_in(pace: int | None, world: KindWorld, at: int) -> dict[str, str]:
    """What a decision tells of it: up to which day customers were counted."""
    day = None if pace is None or world.figures is None else world.figures.newest(world.shop.id, at)
    return {} if day is None else {"facts": day.isoformat()}


def paced(row: CustomerRow, rule: str, epoch_at: int, epoch_id: str, wide: int) -> int:
    """When a customer's turn comes: `epoch_at`, or less than `wide` after it."""
    return epoch_at + spread(f"{row.key}\x1f{rule}\x1f{epoch_at}\x1f{epoch_id}\x1fpace", wide)
