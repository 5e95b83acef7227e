"""A sync that is guarded, and a feed that was held and is accepted."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from feeds.held import HeldFeed
from schemas.feed_guard import DEFAULT_GUARD, FeedGuard
from schemas.instants import HOUR, rfc3339
from streams.feeds.accept import Accepting, NothingHeld, Overtaken, accept_feed
from streams.feeds.sync import Guarded, HeldBack, Outcome, sync_feed
from tests.unit.feeds.reading import offer, yml
from tests.unit.streams.products_in_memory import BrokerAway, ProductsInMemory

NOW = 1_795_341_600_000_000
SHOP = dict.fromkeys(range(40), "100")
DEARER = dict.fromkeys(range(40), "10000")


def feed(prices: Mapping[int, str], end: str = "") -> bytes:
    offers = (offer(number, f"<name>Tea {number}</name><price>{price}</price>") for number, price in prices.items())
    return yml(*offers) + end.encode()


class World:
    """A topic, a state folder and a clock that goes an hour with each thing done."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.topic = ProductsInMemory(patch)
        self.now = NOW
        self.folder = folder
        self.asked: list[Accepting] = []

    def held(self, shop: str = "main") -> HeldFeed:
        return HeldFeed(self.folder / "state" / shop)

    def sync(
        self, prices: Mapping[int, str], guard: FeedGuard | None = DEFAULT_GUARD, shop: str = "main", end: str = ""
    ) -> Outcome:
        guarded = None if guard is None else Guarded(self.held(shop), "feed.xml", guard)
        self.now += HOUR
        with TemporaryDirectory(dir=self.folder) as scratch:
            return sync_feed(
                io.BytesIO(feed(prices, end)), shop, self.topic, folder=Path(scratch), wall=lambda: self.now,
                guarded=guarded,
            )  # fmt: skip

    def accept(self, shop: str = "main", agreed: bool = True) -> Outcome | None:
        def agree(accepting: Accepting) -> bool:
            self.asked.append(accepting)
            return agreed

        self.now += HOUR
        with TemporaryDirectory(dir=self.folder) as scratch:
            return accept_feed(
                self.held(shop), shop, self.topic, folder=Path(scratch), wall=lambda: self.now, agreed=agree
            )


class Meanwhile(list[Accepting]):
    """Something is done while it is asked."""

    def __init__(self, done: Callable[[], object]) -> None:
        super().__init__()
        self._done = done

    def append(self, accepting: Accepting, /) -> None:
        self._done()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


def test_a_first_sync_is_published_and_one_that_changed_little_too(world: World) -> None:
    assert world.sync(SHOP).synced.new == 40
    before = len(world.topic.log)
    assert world.sync({**SHOP, 0: "90", 99: "5"}).synced.as_dict() | {"sync_id": ""} == {
        "sync_id": "", "changed": 2, "new": 1, "vanished": 0, "held": 0, "unchanged": 39,
    }  # fmt: skip
    assert world.topic.published(before) == {"0": False, "99": False}


def test_a_feed_that_looks_wrong_is_kept_with_what_is_wrong_and_nothing_is_published(world: World) -> None:
    world.sync(SHOP)
    before, synced_at = len(world.topic.log), world.now
    with pytest.raises(HeldBack, match="prices") as held:
        world.sync(DEARER)
    assert len(world.topic.log) == before
    assert set(world.topic.prices().values()) == {"100"}
    note = world.held().known()
    assert note == held.value.note and note is not None
    assert (note.known, note.changed, note.source, note.held_at) == (40, 40, "feed.xml", rfc3339(world.now))
    assert note.synced_at == rfc3339(synced_at)
    with world.held().open() as kept:
        assert kept.read() == feed(DEARER)
    said = json.loads((world.folder / "state" / "main" / "held.json").read_bytes())
    assert said["reasons"][0] == {
        "what": "prices", "count": 40, "of": 40, "allowed": "50", "factor": "5", "median": "100",
        "examples": [
            {"product_id": str(number), "name": f"Tea {number}", "before": "100", "now": "10000"}
            for number in (0, 1, 10)
        ],
    }  # fmt: skip


def test_what_is_allowed_is_the_shop_s_to_say(world: World) -> None:
    world.sync(SHOP)
    few = dict.fromkeys(range(5), "100")
    with pytest.raises(HeldBack, match="vanished"):
        world.sync(few)
    assert world.sync(few, FeedGuard(vanished=Decimal(90))).synced.vanished == 35


def test_a_first_feed_is_held_where_every_price_is_0_and_for_nothing_else(world: World) -> None:
    with pytest.raises(HeldBack, match="all-zero"):
        world.sync({1: "0", 2: "0"})
    assert world.topic.log == []


def test_of_a_feed_that_is_cut_off_nothing_vanishes_so_it_is_not_held_for_that(world: World) -> None:
    world.sync(SHOP)
    done = world.sync({0: "90"}, end="<offer id='7'><name>Te")
    assert (done.tally.complete, done.synced.changed, done.synced.vanished, done.synced.held) == (False, 1, 0, 39)


def test_who_is_not_guarded_publishes_what_there_is(world: World) -> None:
    world.sync(SHOP, None)
    assert world.sync(DEARER, None).synced.changed == 40


def test_what_is_held_is_published_when_it_is_accepted_and_then_no_longer_held(world: World) -> None:
    world.sync(SHOP)
    with pytest.raises(HeldBack):
        world.sync(DEARER)
    done = world.accept()
    assert done is not None and done.synced.changed == 40
    assert set(world.topic.prices().values()) == {"10000"}
    assert (world.asked[0].counts.changed, world.asked[0].note.products) == (40, 40)
    with pytest.raises(NothingHeld):
        world.accept()
    before = len(world.topic.log)
    assert world.sync(DEARER).synced.unchanged == 40
    assert world.topic.published(before) == {}


def test_who_does_not_agree_publishes_nothing_and_may_later(world: World) -> None:
    world.sync(SHOP)
    with pytest.raises(HeldBack):
        world.sync(DEARER)
    assert world.accept(agreed=False) is None
    assert set(world.topic.prices().values()) == {"100"}
    assert world.accept() is not None


def test_what_is_held_is_the_newest_feed_that_looked_wrong(world: World) -> None:
    world.sync(SHOP)
    for price in ("10000", "0"):
        with pytest.raises(HeldBack):
            world.sync(dict.fromkeys(range(40), price))
    assert world.accept() is not None
    assert set(world.topic.prices().values()) == {"0"}


def test_a_sound_feed_takes_the_place_of_one_that_was_held(world: World) -> None:
    world.sync(SHOP)
    with pytest.raises(HeldBack):
        world.sync(DEARER)
    world.sync({**SHOP, 0: "90"})
    with pytest.raises(NothingHeld):
        world.accept()


def test_what_was_held_before_another_sync_is_not_accepted_any_more(world: World) -> None:
    world.sync(SHOP)
    with pytest.raises(HeldBack):
        world.sync(DEARER)
    world.sync({**SHOP, 0: "90"}, None)  # from another machine: what is held there is not known here
    with pytest.raises(Overtaken) as overtaken:
        world.accept()
    assert overtaken.value.since == rfc3339(world.now - HOUR)
    assert world.topic.prices()["0"] == "90"


def test_what_is_published_while_somebody_is_asked_overtakes_it_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sync(SHOP)
    with pytest.raises(HeldBack):
        world.sync(DEARER)
    monkeypatch.setattr(world, "asked", Meanwhile(lambda: world.sync({**SHOP, 0: "90"}, None)))
    with pytest.raises(Overtaken):
        world.accept()
    assert world.topic.prices()["0"] == "90"


def test_a_sync_that_broke_off_counts_as_published_since(world: World) -> None:
    world.sync(SHOP)
    with pytest.raises(HeldBack):
        world.sync(DEARER)
    world.topic.left = 1
    with pytest.raises(BrokerAway):
        world.sync({**SHOP, 0: "90"}, None)
    world.topic.left = None
    with pytest.raises(Overtaken):
        world.accept()


def test_what_could_not_be_accepted_to_its_end_can_be_accepted_again(world: World) -> None:
    world.sync(SHOP)
    with pytest.raises(HeldBack):
        world.sync(DEARER)
    world.topic.left = 11
    with pytest.raises(BrokerAway):
        world.accept()
    world.topic.left = None
    done = world.accept()
    assert done is not None and (done.synced.changed, done.synced.unchanged) == (30, 10)
    assert set(world.topic.prices().values()) == {"10000"}


def test_another_shop_s_syncs_and_feeds_are_its_own(world: World) -> None:
    world.sync(SHOP)
    with pytest.raises(HeldBack):
        world.sync(DEARER)
    assert world.sync(DEARER, shop="tea").synced.new == 40
    with pytest.raises(NothingHeld):
        world.accept("tea")
    assert world.accept() is not None


def test_a_note_without_its_file_is_nothing(world: World) -> None:
    world.sync(SHOP)
    with pytest.raises(HeldBack):
        world.sync(DEARER)
    (world.folder / "state" / "main" / "held").unlink()
    assert world.held().known() is None
    world.held().drop()
    assert not (world.folder / "state" / "main" / "held.json").exists()


def test_the_history_of_a_price_grows_with_the_syncs_that_changed_it(world: World) -> None:
    began = world.now + HOUR
    for price in ("100", "100", "90", "90", "95"):
        world.sync({1: price})
    (tea,) = world.topic.products()
    assert [(entry.since, str(entry.price)) for entry in tea.price_history] == [
        (rfc3339(began), "100"), (rfc3339(began + 2 * HOUR), "90"), (rfc3339(began + 4 * HOUR), "95"),
    ]  # fmt: skip
