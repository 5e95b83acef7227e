"""What syncs of feeds changed, as a partition merges it: once each, however it is read, wherever it begins again."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from feeds.snapshots import encode, key_of
from schemas.catalogue import Product
from schemas.instants import DAY, HOUR, MINUTE
from schemas.topics import MARKETING_EVENTS, PRODUCTS
from streams.chunks.chunk import Columns
from streams.partition.intake import Intake
from streams.partition.screening import SharedScreen
from streams.partition.syncing import SyncScreen
from streams.syncs import begin_key, begin_mark, mark, mark_key
from streams.table import PartitionRecord
from tests.unit.triggers.driving import MONDAY
from triggers.syncs import SyncOver
from triggers.walks import Change

Log = list[tuple[bytes, bytes | None]]

BOUND = 10 * MINUTE


def snapshot(
    at: int, product: str, price: int, before: int | None, shop: str = "main", available: bool = True
) -> tuple[bytes, bytes | None]:
    now = Product(product_id=product, shop_id=shop, price=Decimal(price), available=available)
    former = None if before is None else Product(product_id=product, shop_id=shop, price=Decimal(before))
    return key_of(shop, product), encode(now, former, f"{shop}-{at}", at)


def over(at: int, shop: str = "main", changed: int = 1) -> tuple[bytes, bytes | None]:
    return mark_key(shop), mark(shop, f"{shop}-{at}", at, changed)


def fell(old: int, new: int) -> Change:
    return Change(Decimal(old), Decimal(new), True, True)


def columns(log: Sequence[tuple[bytes, bytes | None]], begin: int, end: int) -> Columns:
    some = log[begin:end]
    return Columns(
        begin, end, list(range(begin, end)), [key for key, _ in some], [value for _, value in some],
        [MONDAY // 1000] * len(some), False,
    )  # fmt: skip


def intake(record: PartitionRecord | None = None, most: int = 100, number: int = 0) -> Intake:
    screens: list[Any] = [(PRODUCTS, SyncScreen(PRODUCTS, number == 0, BOUND, most))]
    made = Intake(number, screens, {PRODUCTS.name})
    made.begin({PRODUCTS.name: 0}, record or PartitionRecord())
    return made


def read(log: Log, number: int = 0, most: int = 100, wall: int = MONDAY + DAY) -> tuple[list[SyncOver], Intake]:
    made = intake(number=number, most=most)
    made.offer(PRODUCTS.name, columns(log, 0, len(log)), wall)
    return [item[5] for item in made.take(1000).items], made


def test_a_sync_that_is_over_is_one_event_with_all_that_it_changed() -> None:
    log = [snapshot(MONDAY, "b", 9, 10), snapshot(MONDAY, "a", 5, 10), snapshot(MONDAY, "new", 5, None), over(MONDAY)]
    found, _ = read(log)
    assert found == [SyncOver("main", f"main-{MONDAY}", MONDAY, {"a": fell(10, 5), "b": fell(10, 9)})]


def test_the_beginning_of_a_sync_ends_no_set_and_opens_none() -> None:
    begins = [(begin_key("main"), begin_mark("main", f"main-{at}", at)) for at in (MONDAY, MONDAY + HOUR)]
    log = [begins[0], snapshot(MONDAY, "a", 9, 10), begins[1], snapshot(MONDAY + HOUR, "b", 9, 10), over(MONDAY + HOUR)]
    found, _ = read(log)
    assert [sorted(one.changes) for one in found] == [["a", "b"]]


def test_shops_have_their_own_syncs() -> None:
    log = [
        snapshot(MONDAY, "a", 9, 10), snapshot(MONDAY, "a", 8, 10, "tea"), over(MONDAY, "tea"), over(MONDAY),
    ]  # fmt: skip
    found, _ = read(log)
    assert [(one.shop_id, one.changes) for one in found] == [("tea", {"a": fell(10, 8)}), ("main", {"a": fell(10, 9)})]


def test_what_a_sync_found_that_never_came_to_its_end_belongs_to_the_next_one() -> None:
    log = [snapshot(MONDAY, "a", 9, 10), snapshot(MONDAY + HOUR, "b", 9, 10), over(MONDAY + HOUR)]
    found, _ = read(log)
    assert [list(one.changes) for one in found] == [["a", "b"]]
    log = [snapshot(MONDAY - 2 * DAY, "a", 9, 10), snapshot(MONDAY, "b", 9, 10), over(MONDAY)]
    assert [list(one.changes) for one in read(log)[0]] == [["b"]]


def test_a_sync_that_changed_nothing_and_one_that_is_told_again_are_none() -> None:
    log = [snapshot(MONDAY, "a", 9, 10), over(MONDAY), over(MONDAY), over(MONDAY + 1)]
    assert len(read(log)[0]) == 1


def test_what_has_vanished_from_the_feed_is_no_change() -> None:
    log: Log = [snapshot(MONDAY, "a", 9, 10), (key_of("main", "a"), None), over(MONDAY)]
    assert [one.changes for one in read(log)[0]] == [{}]


def test_of_more_than_may_be_the_largest_drops_are_taken_and_the_others_counted() -> None:
    log = [*(snapshot(MONDAY, str(n), 100 - n, 100) for n in range(1, 9)), over(MONDAY)]
    found, _ = read(log, most=3)
    assert [(list(one.changes), one.left_out) for one in found] == [(["6", "7", "8"], 5)]


def test_a_mark_that_is_none_or_comes_from_the_future_is_refused_and_one_partition_says_so() -> None:
    late = MONDAY + BOUND + 1
    log: Log = [snapshot(MONDAY, "a", 9, 10), (mark_key("tea"), over(MONDAY)[1]), (mark_key("main"), b"{"), over(late)]
    found, made = read(log, wall=MONDAY)
    assert found == []
    _, other = read(log, number=1, wall=MONDAY)
    made.offer(PRODUCTS.name, columns([*log, over(MONDAY)], 4, 5), MONDAY)
    taken = made.take(1000)
    assert [list(item[5].changes) for item in taken.items] == [["a"]]
    other.offer(PRODUCTS.name, columns([*log, over(MONDAY)], 4, 5), MONDAY)
    assert not other.take(1000).letters


def test_what_is_no_snapshot_is_passed_over() -> None:
    log: Log = [(b"main:a", b"nothing"), (b"", b"{}"), snapshot(MONDAY, "b", 9, 10), over(MONDAY)]
    assert [list(one.changes) for one in read(log)[0]] == [["b"]]


def test_the_position_is_where_reading_begins_again_and_what_was_applied_is_not_applied_again() -> None:
    log = [
        snapshot(MONDAY, "a", 9, 10), snapshot(MONDAY, "a", 8, 10, "tea"), over(MONDAY, "tea"), over(MONDAY),
    ]  # fmt: skip
    made = intake()
    made.offer(PRODUCTS.name, columns(log, 0, 3), MONDAY)
    assert [item[5].shop_id for item in made.take(1000).items] == ["tea"]
    record = PartitionRecord()
    made.describe(record)
    assert (record.positions[PRODUCTS.name], record.since[PRODUCTS.name]) == (3, 0)
    again = intake(record)
    assert again.inputs[PRODUCTS.name].next == 0
    again.offer(PRODUCTS.name, columns(log, 0, 2), MONDAY)
    again.take(1000)
    assert again.inputs[PRODUCTS.name].applied == 3
    again.offer(PRODUCTS.name, columns(log, 2, 4), MONDAY)
    assert [item[5].shop_id for item in again.take(1000).items] == ["main"]
    again.describe(record)
    assert (record.positions[PRODUCTS.name], record.since[PRODUCTS.name]) == (4, 4)


@st.composite
def _logs(draw: st.DrawFn) -> Log:
    log: Log = []
    now = {("main", product): 10 for product in "abc"} | {("tea", "a"): 10}
    for number in range(draw(st.integers(1, 16))):
        at = MONDAY + number // 4 * HOUR
        shop = draw(st.sampled_from(["main", "main", "tea"]))
        if draw(st.integers(0, 3)) == 0:
            log.append(over(at, shop))
        else:
            product = draw(st.sampled_from("abc")) if shop == "main" else "a"
            price = draw(st.integers(5, 12))
            log.append(snapshot(at, product, price, draw(st.sampled_from([None, now[shop, product]])), shop))
            now[shop, product] = price
    return log


@given(
    log=_logs(), sizes=st.lists(st.integers(1, 6), min_size=12, max_size=12),
    turns=st.lists(st.sampled_from(["none", "taken", "committed", "crash"]), min_size=12, max_size=12),
    held=st.lists(st.integers(0, 8), min_size=12, max_size=12),
)  # fmt: skip
def test_however_it_is_read_and_wherever_it_crashes_each_sync_comes_once_and_whole(
    log: Log, sizes: list[int], turns: list[str], held: list[int]
) -> None:
    def merged(record: PartitionRecord) -> Intake:
        screens: list[Any] = [
            (PRODUCTS, SyncScreen(PRODUCTS, True, BOUND)),
            (MARKETING_EVENTS, SharedScreen(MARKETING_EVENTS, True, 0, True)),
        ]
        made = Intake(0, screens, {PRODUCTS.name, MARKETING_EVENTS.name})
        made.begin({PRODUCTS.name: 0, MARKETING_EVENTS.name: 0}, record)
        return made

    def time(made: Intake, at: int) -> None:
        value = b'{"type":"ClockAdvanced","event_id":"m","occurred_at":"2100-01-01T00:00:00Z"}'
        source = made.inputs[MARKETING_EVENTS.name]
        start = source.next or 0
        if at:
            made._merge.advance(source.index, at)
        else:
            made.offer(MARKETING_EVENTS.name, Columns(start, start + 1, [start], [b""], [value], [0], False), 1 << 60)

    expected, _ = read(log)
    kept: list[SyncOver] = []
    lately: list[SyncOver] = []
    record = PartitionRecord()
    made = merged(record)
    for size, turn, hour in zip(sizes, turns, held, strict=True):
        begin = made.inputs[PRODUCTS.name].next or 0
        if begin < len(log):
            made.offer(PRODUCTS.name, columns(log, begin, min(begin + size, len(log))), MONDAY + DAY)
        time(made, MONDAY + hour * HOUR)
        if turn != "none":
            lately += [item[5] for item in made.take(1000).items]
        if turn == "committed":
            made.describe(record)
            kept += lately
            lately = []
        if turn == "crash":
            lately = []
            made = merged(record)
    made = merged(record)
    while (begin := made.inputs[PRODUCTS.name].next or 0) < len(log):
        made.offer(PRODUCTS.name, columns(log, begin, min(begin + 3, len(log))), MONDAY + DAY)
    time(made, 0)
    kept += [item[5] for item in made.take(1000).items]
    assert sorted(kept, key=_order) == sorted(expected, key=_order)


def _order(one: SyncOver) -> tuple[int, str, str, list[str]]:
    return one.at, one.shop_id, one.sync_id, list(one.changes)
