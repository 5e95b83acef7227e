"""The sales and collections of the shops, as they stood at any instant: from the walks by which they were told.

A sale is known by its `sale_id`: the later announcement replaces the one before it, and for as long as it is known at
all it is the same sale. What is known is what was announced up to an instant, so that customers whose time has come to
different instants may ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.events import CollectionReleased, FlashSaleAnnounced, FlashSaleEnded
from schemas.instants import DAY, parse_rfc3339
from triggers.ticks import Kept, Once, Source, Tick
from triggers.walks import Released, SaleAnnounced, SaleOver, Walk, WalkEvent

KNOWN_FOR: Final = 60 * DAY
"""After a sale's end, or a collection's release, it is known for so long: for what is written about it later."""

MAX_LATER: Final = 30 * DAY
"""After which time at most a journey may begin about what has ended: the rest is for its steps."""


class Campaign(NamedTuple):
    """A sale or a collection. Instants in microseconds: `first_at`, when it was told first, `ends_at` 0 for no end.
    `over`: it was ended before its time."""

    id: str
    name: str | None
    url: str | None
    starts_at: int
    ends_at: int
    first_at: int
    over: bool = False

    @property
    def known_until(self) -> int:
        return max(self.first_at, self.starts_at, self.ends_at) + KNOWN_FOR


class _Said(NamedTuple):
    """What was said of one at an instant."""

    at: int
    what: SaleAnnounced | SaleOver | Released


class Campaigns:
    """Those of all shops; whoever opens a walk tells it (`hear`), as often as it likes."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str, bool], list[_Said]] = {}  # by shop, id, and whether it is a collection

    def hear(self, walk: Walk) -> None:
        what = walk.what
        if isinstance(what, SaleAnnounced):
            id = what.event.sale_id
        elif isinstance(what, SaleOver):
            id = what.sale_id
        elif isinstance(what, Released):
            id = what.event.collection_id
        else:
            return
        if isinstance(what, SaleOver) and not what.early:
            return
        said = self._said.setdefault((walk.shop_id, id, isinstance(what, Released)), [])
        one = _Said(walk.at, what)
        if one not in said:
            said.append(one)
            said.sort(key=_at)  # of one instant, as they were heard of

    def get(self, shop_id: str, of: str, at: int) -> Campaign | None:
        """The sale of that name as it stood then, else the collection; None where neither was known."""
        return self.sale(shop_id, of, at) or self.collection(shop_id, of, at)

    def sale(self, shop_id: str, sale_id: str, at: int) -> Campaign | None:
        return self._stood((shop_id, sale_id, False), at)

    def collection(self, shop_id: str, collection_id: str, at: int) -> Campaign | None:
        return self._stood((shop_id, collection_id, True), at)

    def newest(self, shop_id: str, at: int, collection: bool = False) -> Campaign | None:
        """The sale, or the collection, that was told last."""
        known = [
            (one.at, key) for key, said in self._said.items() if key[0] == shop_id and key[2] == collection
            for one in said if one.at <= at
        ]  # fmt: skip
        return self._stood(max(known)[1], at) if known else None

    def _stood(self, key: tuple[str, str, bool], at: int) -> Campaign | None:
        found: Campaign | None = None
        for one in self._said.get(key, ()):
            if one.at <= at:
                found = _then(found, one)
        return found

    def walk_of(self, event: FlashSaleAnnounced | FlashSaleEnded | CollectionReleased, at: int) -> WalkEvent | None:
        """What an event about a sale or a collection means, as things stand then; None: nothing."""
        if isinstance(event, CollectionReleased):
            known = _known(self.collection(event.shop_id, event.collection_id, at), at)
            return Released(event) if known is None else None  # told again it is no news
        known = _known(self.sale(event.shop_id, event.sale_id, at), at)
        if isinstance(event, FlashSaleAnnounced) and at < parse_rfc3339(event.ends_at):
            return SaleAnnounced(event, at if known is None else known.first_at)
        if known is None or known.over or at >= known.ends_at:
            return None
        announced = self._announced(event.shop_id, event.sale_id, at)
        return SaleOver(event.sale_id, True, announced, known.first_at) if announced is not None else None

    def still(self, tick: Tick) -> bool:
        """Whether what a tick says is so: the end of a sale that has ended before, or ends at another time, is none."""
        if not isinstance(tick.what, SaleOver):
            return True
        known = self.sale(tick.shop_id, tick.what.sale_id, tick.at)
        return known is not None and not known.over and known.ends_at == tick.at

    def _announced(self, shop_id: str, id: str, at: int) -> FlashSaleAnnounced | None:
        """How it was announced last."""
        found = [
            one.what.event for one in self._said.get((shop_id, id, False), ())
            if one.at <= at and isinstance(one.what, SaleAnnounced)
        ]  # fmt: skip
        return found[-1] if found else None


NO_CAMPAIGNS: Final = Campaigns()
"""Where nobody tells of any."""


def comes_of(walk: Walk) -> Iterator[Source]:
    """What a sale or a collection brings with it: its end, and for how long it is to be known."""
    what = walk.what
    if isinstance(what, SaleAnnounced):
        event, ends_at = what.event, parse_rfc3339(what.event.ends_at)
        over = SaleOver(event.sale_id, False, event, what.first or walk.at)
        yield Once(Tick(ends_at, walk.shop_id, over), f"{event.sale_id} ends")
        yield Kept(walk.shop_id, f"{event.sale_id} known", ends_at + KNOWN_FOR)
    elif isinstance(what, SaleOver) and what.early and what.event is not None:
        yield Kept(walk.shop_id, f"{what.sale_id} known", parse_rfc3339(what.event.ends_at) + KNOWN_FOR)
    elif isinstance(what, Released):
        yield Kept(walk.shop_id, f"{what.event.collection_id} known", walk.at + KNOWN_FOR)


def _known(campaign: Campaign | None, at: int) -> Campaign | None:
    return campaign if campaign is not None and at < campaign.known_until else None


def _then(before: Campaign | None, said: _Said) -> Campaign | None:
    at, what = said
    if isinstance(what, SaleOver):
        return None if before is None else before._replace(ends_at=min(at, before.ends_at), over=True)
    event = what.event
    if isinstance(event, CollectionReleased):
        return Campaign(event.collection_id, event.name, event.url, at, 0, at)
    first_at = what.first if isinstance(what, SaleAnnounced) and what.first else at
    starts_at = at if event.starts_at is None else parse_rfc3339(event.starts_at)
    return Campaign(event.sale_id, event.name, event.url, starts_at, parse_rfc3339(event.ends_at), first_at)


def _at(said: _Said) -> int:
    return said.at
