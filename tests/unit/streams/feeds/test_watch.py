"""Shops' feeds on their own schedules, in a time that passes only when everybody sleeps."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.fetching.schedule import beat
from schemas.instants import DAY, HOUR, MINUTE, SECOND
from streams.feeds.look import Look
from streams.feeds.watch import once, watch
from triggers.rules.feeding import Feeding

START = 1_795_341_600_000_000


class Time:
    """Wakes who sleeps in order of when they wanted it, and nobody any more after `until`."""

    def __init__(self, until: int) -> None:
        self.now = START
        self._until = START + until
        self._asleep: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0

    def wall(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._asleep, (self.now + max(1, round(seconds * SECOND)), self._count, woken))
        await woken

    async def pass_by(self, watching: asyncio.Task[None]) -> None:
        while True:
            for _ in range(8):  # everybody comes to their next sleep
                await asyncio.sleep(0)
            if not self._asleep or self._asleep[0][0] > self._until:
                break
            at, _, woken = heapq.heappop(self._asleep)
            self.now = max(self.now, at)
            woken.set_result(None)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


class Shops:
    """Feeds by shop, looks as (seconds since the start, shop), and what was told."""

    def __init__(self, failing: Iterable[str] = (), takes: float = 0.0, until: int = 3 * HOUR) -> None:
        self.time = Time(until)
        self.failing = set(failing)
        self.takes = takes
        self.looks: list[tuple[int, str]] = []
        self.told: list[tuple[str, str, int]] = []
        self.then: Callable[[], None] = lambda: None
        self.at_once = self.most_at_once = 0
        self.looked_where: list[str | None] = []
        self.settings: dict[int, dict[str, Feeding]] = {}
        """What the feeds are from an instant on, in microseconds since the start."""

    def renewed(self) -> dict[str, Feeding] | None:
        since = [at for at in self.settings if at <= self.time.now - START]
        return self.settings.pop(min(since)) if since else None

    async def look(self, shop_id: str, feeding: Feeding) -> Look:
        self.looks.append((self.time.now - START, shop_id))
        self.looked_where.append(feeding.url)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.takes:
            await self.time.sleep(self.takes)
        self.at_once -= 1
        return Look(shop_id, "failed" if shop_id in self.failing else "unchanged", reason="http-status")

    def tell(self, looked: Look, due: int) -> None:
        self.told.append((looked.shop_id, looked.what, due - START))
        self.then()

    async def run(self, feeds: dict[str, Feeding]) -> None:
        watching = asyncio.create_task(
            watch(
                feeds, self.look, self.tell, wall=self.time.wall, sleep=self.time.sleep, renewed=self.renewed
            )
        )
        await self.time.pass_by(watching)

    def of(self, shop_id: str) -> list[int]:
        return [at for at, shop in self.looks if shop == shop_id]


def feeds(**every: int) -> dict[str, Feeding]:
    return {shop: Feeding(url=f"https://{shop}.example/", every=each) for shop, each in every.items()}


async def test_every_shop_is_looked_at_at_once_and_then_on_its_own_beat() -> None:
    shops = Shops(until=5 * HOUR)
    await shops.run(feeds(tea=HOUR, books=2 * HOUR))
    assert (shops.of("tea")[0], shops.of("books")[0]) == (0, 0)
    for shop, every in (("tea", HOUR), ("books", 2 * HOUR)):
        later = shops.of(shop)[1:]
        assert {(START + at) % every for at in later} == {beat(shop, every)}
        assert {after - before for before, after in pairwise(later)} == {every}
    assert (len(shops.of("tea")), len(shops.of("books"))) == (6, 3)


async def test_what_is_told_next_is_what_comes_next() -> None:
    shops = Shops(failing=["tea"])
    await shops.run(feeds(tea=HOUR, books=30 * MINUTE))
    for shop in ("tea", "books"):
        due = [due for told, _, due in shops.told if told == shop]
        assert shops.of(shop)[1:] == due[:-1]


async def test_a_feed_that_fails_stops_no_other_and_is_tried_sooner_and_then_less_and_less() -> None:
    shops, alone = Shops(failing=["tea"]), Shops()
    await shops.run(feeds(tea=6 * HOUR, books=HOUR))
    await alone.run(feeds(books=HOUR))
    assert shops.of("books") == alone.of("books")
    minutes = [at // MINUTE for at in shops.of("tea")]
    assert minutes[:6] == [0, 1, 3, 7, 15, 31]


async def test_a_feed_that_is_well_again_goes_back_to_its_beat() -> None:
    shops = Shops(failing=["tea"], until=DAY)

    def mended() -> None:
        if len(shops.told) == 3:
            shops.failing.clear()

    shops.then = mended
    await shops.run(feeds(tea=6 * HOUR))
    assert [what for _, what, _ in shops.told][:4] == ["failed"] * 3 + ["unchanged"]
    assert {(START + at) % (6 * HOUR) for at in shops.of("tea")[4:]} == {beat("tea", 6 * HOUR)}


async def test_only_a_few_are_looked_at_at_the_same_time_and_all_get_their_turn() -> None:
    shops = Shops(takes=30.0, until=10 * MINUTE)
    many = {f"shop-{number}": HOUR for number in range(20)}
    await shops.run(feeds(**many))
    assert shops.most_at_once == 4
    assert {shop for _, shop in shops.looks} == set(many)


async def test_a_clock_that_is_set_forward_is_noticed() -> None:
    shops = Shops(until=30 * DAY + 2 * MINUTE)

    async def later() -> None:
        await shops.time.sleep(30.0)
        shops.time.now += 30 * DAY  # the machine slept

    setting = asyncio.create_task(later())
    await shops.run(feeds(tea=DAY))
    await setting
    assert [at // HOUR for at in shops.of("tea")] == [0, 30 * 24]


async def test_a_feed_that_is_elsewhere_now_is_looked_at_soon_and_then_on_its_beat() -> None:
    shops = Shops(until=5 * HOUR)
    shops.settings[90 * MINUTE] = {"tea": Feeding(url="https://new.example/", every=2 * HOUR)}
    await shops.run(feeds(tea=2 * HOUR))
    place = shops.looked_where.index("https://new.example/")
    at = shops.of("tea")
    assert 90 * MINUTE <= at[place] <= 92 * MINUTE
    assert set(shops.looked_where[place:]) == {"https://new.example/"}
    assert {(START + later) % (2 * HOUR) for later in at[place + 1 :]} == {beat("tea", 2 * HOUR)}


async def test_another_schedule_is_taken_on_without_a_look_out_of_turn() -> None:
    shops = Shops(until=3 * HOUR)
    shops.settings[0] = feeds(tea=30 * MINUTE)
    await shops.run(feeds(tea=7 * DAY))
    at = shops.of("tea")
    assert at[0] == 0 and len(at) >= 5
    assert {(START + later) % (30 * MINUTE) for later in at[1:]} == {beat("tea", 30 * MINUTE)}


async def test_a_feed_that_failed_is_looked_at_soon_when_how_it_is_fetched_has_changed() -> None:
    shops = Shops(failing=["tea"], until=5 * HOUR)
    await shops.run(feeds(tea=6 * HOUR))
    once_a_lot = shops.of("tea")
    mended = Shops(failing=["tea"], until=5 * HOUR)
    mended.settings[140 * MINUTE] = {"tea": Feeding(url="https://tea.example/", every=6 * HOUR, allow_private=True)}
    await mended.run(feeds(tea=6 * HOUR))
    more = [at for at in mended.of("tea") if at not in once_a_lot]
    assert 140 * MINUTE <= more[0] <= 142 * MINUTE


async def test_a_shop_that_is_new_is_looked_at_and_one_that_has_gone_is_not_any_more() -> None:
    shops = Shops(until=6 * HOUR)
    shops.settings[90 * MINUTE] = feeds(books=HOUR)
    shops.settings[200 * MINUTE] = feeds(books=HOUR, tea=HOUR)
    await shops.run(feeds(tea=HOUR))
    assert 90 * MINUTE <= shops.of("books")[0] <= 92 * MINUTE
    assert not [at for at in shops.of("tea") if 92 * MINUTE < at < 200 * MINUTE]
    assert 200 * MINUTE <= next(at for at in shops.of("tea") if at > 92 * MINUTE) <= 202 * MINUTE


async def test_a_watch_of_no_feed_takes_on_the_first_one() -> None:
    shops = Shops()
    shops.settings[HOUR] = feeds(tea=HOUR)
    await shops.run({})
    assert HOUR <= shops.of("tea")[0] <= 61 * MINUTE


async def test_a_shop_that_goes_while_it_is_looked_at_is_told_of_and_then_left() -> None:
    shops = Shops(takes=300.0)
    shops.settings[MINUTE] = {}
    await shops.run(feeds(tea=HOUR))
    assert (len(shops.looks), len(shops.told)) == (1, 1)


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e", "f"]), st.integers(20, 240), min_size=1), st.data())
@settings(max_examples=30)
def test_however_others_fare_no_shop_is_forgotten(every: dict[str, int], data: st.DataObject) -> None:
    failing = data.draw(st.sets(st.sampled_from(sorted(every))))
    shops = Shops(failing=failing, takes=data.draw(st.sampled_from([0.0, 45.0])), until=6 * HOUR)
    asyncio.run(shops.run(feeds(**{shop: minutes * MINUTE for shop, minutes in every.items()})))
    for shop, minutes in every.items():
        looks = [*shops.of(shop), 6 * HOUR]
        longest = max(after - before for before, after in pairwise(looks))
        # one and a half of its `every`, and the turns of five others before it
        assert longest <= minutes * MINUTE * 3 // 2 + 5 * MINUTE


async def test_all_are_looked_at_once_and_the_answers_are_in_order_of_shop() -> None:
    shops, told = Shops(failing=["b"]), []
    looks = await once(feeds(a=HOUR, b=HOUR, c=HOUR), shops.look, lambda looked: told.append(looked.shop_id))
    assert [(looked.shop_id, looked.failed) for looked in looks] == [("a", False), ("b", True), ("c", False)]
    assert sorted(told) == ["a", "b", "c"]


async def test_cancelled_it_ends_with_all_that_it_was_at() -> None:
    shops = Shops(takes=1000.0)
    watching = asyncio.create_task(
        watch(feeds(a=HOUR, b=HOUR), shops.look, shops.tell, wall=shops.time.wall, sleep=shops.time.sleep)
    )
    for _ in range(10):
        await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert len(shops.looks) == 2 and shops.told == []
