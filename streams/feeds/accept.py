"""Publishing a feed that was held: the very file that was looked at, as long as nothing was published since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from feeds.guard import Counts
from feeds.held import HeldFeed, HeldNote
from feeds.sorting import SortedProducts
from feeds.store import ProductStore, Store
from feeds.tally import Tally
from schemas.feed_guard import DEFAULT_GUARD
from schemas.instants import rfc3339
from streams.feeds.sync import NothingSound, Outcome, ProductsTopic, counted, instant, read_into


class NothingHeld(Exception):
    """There is no feed to accept."""


class Overtaken(Exception):
    """Something of the shop was published since the feed was held (`since`, RFC 3339): what it would change now is not
    what somebody looked at."""

    def __init__(self, note: HeldNote, since: str) -> None:
        super().__init__(f"the feed was held at {note.held_at}, and another sync was at {since}")
        self.note = note
        self.since = since


@dataclass(frozen=True, slots=True)
class Accepting:
    """What is held, what reading it comes to now, and what publishing it would change."""

    note: HeldNote
    tally: Tally
    counts: Counts


def accept_feed(
    held: HeldFeed,
    shop_id: str,
    topic: ProductsTopic,
    *,
    folder: Path,
    wall: Callable[[], int],
    agreed: Callable[[Accepting], bool],
    asks: bool = True,
) -> Outcome | None:
    """Publish the feed that is held, if `agreed` says so of what it would change; None: it did not, and the feed stays
    held. Where it `asks` somebody, that may take its time, and the topic is read again. The rest as
    `streams.feeds.sync.sync_feed`; whoever accepts holds the shop's folder.

    NothingHeld, Overtaken; FeedError and NothingSound where the file can't be read as it was. After a failure of the
    topic it can be accepted again, though some of it was published.
    """
    note = held.known()
    if note is None or note.shop_id != shop_id:
        raise NothingHeld(f"no feed of shop {shop_id} is held")
    with SortedProducts(folder) as new, ProductStore(folder / "topic.sqlite3") as old:
        with held.open() as feed:
            tally = read_into(new, feed, shop_id, at=wall())
        if not tally.products:
            raise NothingSound(tally)
        _read(topic, old, note)
        if not agreed(Accepting(note, tally, counted(new, old, shop_id, tally, DEFAULT_GUARD))):
            return None
        if asks:
            old.clear()
            _read(topic, old, note)
        at = wall()
        held.note(replace(note, accepted_at=rfc3339(at)))
        synced = topic.publish(new, old, shop_id, at=at, held=tally.held, complete=tally.complete)
        held.drop()
    return Outcome(tally, synced)


def _read(topic: ProductsTopic, old: Store, note: HeldNote) -> None:
    """The topic into the empty store, as long as nothing of the shop was published since."""
    since = instant(topic.read(old).get(note.shop_id))
    if since is not None and since not in (note.synced_at, note.accepted_at):
        raise Overtaken(note, since)
