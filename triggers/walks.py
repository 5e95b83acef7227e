"""What concerns many customers at once: a sale, a broadcast, a sync of the feed, a shop's midnight, a change of rules.

Each is a **walk**: a number, an instant, and something that every row of a partition takes. A row takes the walks that
it has not taken, in the order in which they were opened, before anything else happens to it; so it makes no difference
when rows that nothing happens to are asked, in which slices, or how often.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from schemas.events import BroadcastRequested, CollectionReleased, FlashSaleAnnounced


class SaleAnnounced(msgspec.Struct, tag="sale", array_like=True, frozen=True):
    """A sale is on. `first`: when it was announced first, however often it was since."""

    event: FlashSaleAnnounced
    first: int = 0


class SaleOver(msgspec.Struct, tag="over", array_like=True, frozen=True):
    """A sale has ended; `early`: it was ended, and not by its own time. `event`: how it was announced last, and `first`
    when that was first."""

    sale_id: str
    early: bool = False
    event: FlashSaleAnnounced | None = None
    first: int = 0


class Released(msgspec.Struct, tag="released", array_like=True, frozen=True):
    """A collection is in the shop."""

    event: CollectionReleased


class Requested(msgspec.Struct, tag="broadcast", array_like=True, frozen=True):
    """A broadcast is to be sent."""

    event: BroadcastRequested


class Change(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a sync of the feed found of one product: its price, whether it can be ordered, its pieces; before and now.
    None: not known."""

    old: Decimal | None
    new: Decimal | None
    was: bool
    is_: bool
    stock_was: int | None = None
    stock: int | None = None


class Synced(msgspec.Struct, tag="sync", array_like=True, frozen=True):
    """A sync of the feed is through: its whole changed set, by product."""

    sync_id: str
    changes: dict[str, Change]


class Scheduled(msgspec.Struct, tag="scheduled", array_like=True, frozen=True):
    """The time of a rule has come that goes by the clock."""

    rule: str


class Midnight(msgspec.Struct, tag="midnight", array_like=True, frozen=True):
    """A day has begun in the zone of the shop: `day`, as ISO 8601 has it."""

    day: str


class Subject(msgspec.Struct, tag="subject", array_like=True, frozen=True):
    """It is time to ask what customers made of a collection, by a rule; `since`: when it was released."""

    of: str
    rule: str = ""
    event: CollectionReleased | None = None
    since: int = 0


class RulesChanged(msgspec.Struct, tag="rules", array_like=True, frozen=True):
    """Other rules are in force."""

    stamp: int = 0


WalkEvent = (
    SaleAnnounced | SaleOver | Released | Requested | Synced | Scheduled | Midnight | Subject | RulesChanged
)  # fmt: skip


class Walk(msgspec.Struct, array_like=True, frozen=True):
    """`at`: as of when rows take it. `ordinal`: its number among the partition's walks, from 1."""

    ordinal: int
    at: int
    shop_id: str
    what: WalkEvent


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Walk).decode


def encode_walk(walk: Walk) -> bytes:
    return _encode(walk)


def decode_walk(data: bytes) -> Walk:
    """Raises msgspec.ValidationError for what is no walk that is known here."""
    return _decode(data)


class Opened(NamedTuple):
    """What a row is to have taken: the open walks, in order, and the number of the newest that there was."""

    last: int
    walks: tuple[Walk, ...]


NOTHING_OPENED: Final = Opened(0, ())


class OpenWalks:
    """Those of one partition which rows may not have taken yet. `opened` is another one after each change, so that it
    may be kept."""

    __slots__ = ("opened",)

    def __init__(self, last: int = 0, walks: Iterable[Walk] = ()) -> None:
        self.opened = Opened(last, tuple(sorted(walks, key=_ordinal)))

    def __bool__(self) -> bool:
        return bool(self.opened.walks)

    @property
    def last(self) -> int:
        return self.opened.last

    def open(self, at: int, shop_id: str, what: WalkEvent) -> Walk:
        """A walk that rows take from now on."""
        last, walks = self.opened
        walk = Walk(last + 1, at, shop_id, what)
        self.opened = Opened(last + 1, (*walks, walk))
        return walk

    def close(self, ordinal: int) -> tuple[Walk, ...]:
        """All rows have taken those up to this number: they are answered, and no longer kept."""
        last, walks = self.opened
        closed = tuple(walk for walk in walks if walk.ordinal <= ordinal)
        self.opened = Opened(last, walks[len(closed) :])
        return closed


def pending(opened: Opened, walked: int, shop_id: str) -> Walk | None:
    """The first of these walks that a row of the shop, which has `walked` so far, is to take; None when it has taken
    all that concern it."""
    for walk in opened.walks:
        if walk.ordinal > walked and walk.shop_id == shop_id:
            return walk
    return None


def _ordinal(walk: Walk) -> int:
    return walk.ordinal
