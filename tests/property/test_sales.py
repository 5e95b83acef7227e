"""Sales, their ends and what is asked after them: whatever is announced, ended and announced again, and whenever a
worker is cut short, nothing leaves at an end or after it, nobody is told of a sale twice, and no two surveys come too
near to one another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import events, wire
from schemas.emitted import CancelSms, SendSms
from schemas.instants import parse_rfc3339, rfc3339
from schemas.partitioner import row_key
from streams.deadlines import DeadlineIndex
from streams.effects import Effects
from streams.ledger import RowLedger
from streams.merge import Merged
from streams.table import Table
from streams.timeline import Timeline
from streams.walking import restored
from tests.property.shelf import Feed
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, book, shopper, step
from tests.unit.triggers.kinds.page import of
from triggers.calendars.hours import QuietHours
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.engine import Engine
from triggers.expressions import Names
from triggers.kinds.flash_sale import FlashSale
from triggers.kinds.survey import Survey
from triggers.messages.template import compile_template
from triggers.rules.model import Rule, Shop

SLOW = [HealthCheck.too_slow]
MARKETING, CUSTOMERS = 4, 5
SPAN = 60  # hours
END = MONDAY + 30 * DAY
WITHIN = 3 * DAY

ID: dict[str, Any] = {"sms": compile_template("{{ event.id }}", Names(content=frozenset({"event"})))}
ANY = frozenset[str]()
RULES: list[Rule] = [
    replace(
        of(FlashSale(pace=1), steps=(step(**ID), step(id="2", before_end=2 * HOUR, **ID), step(HOUR, "3", **ID))),
        name="sale",
    ),
    replace(of(FlashSale(), steps=(step(5 * HOUR, **ID), step(4 * HOUR, "2", **ID)), exit_on=ANY), name="slow"),
    replace(of(Survey("sale", wait=HOUR, not_within=WITHIN)), name="survey"),
    replace(of(Survey("sale", "bought", wait=9 * HOUR, not_within=HOUR)), name="survey-of-buyers"),
]
SHOP = Shop(quiet_hours=QuietHours(21 * 60, 8 * 60))


@st.composite
def happenings(draw: st.DrawFn) -> list[Merged]:
    made: list[tuple[int, int, Any]] = [
        (MONDAY, CUSTOMERS, one) for who in "abc" for one in _by(who, shopper(MONDAY, time_zone="UTC"))
    ]
    for number in range(draw(st.integers(4, 22))):
        at = MONDAY + draw(st.integers(1, SPAN)) * HOUR + draw(st.sampled_from([0, 0, 3])) * MINUTE
        id, who = draw(st.sampled_from(["one", "one", "two"])), draw(st.sampled_from("abc"))
        said: dict[str, Any] = {"event_id": f"e{number}", "occurred_at": rfc3339(at), "at": at}
        match draw(st.integers(0, 5)):
            case 0 | 1:
                ends = at + draw(st.integers(-2, 30)) * HOUR
                items = draw(st.sampled_from([[], [events.SaleItem("sku-1")]]))
                made.append((at, MARKETING, events.FlashSaleAnnounced(
                    **said, sale_id=id, ends_at=rfc3339(ends), items=items
                )))  # fmt: skip
            case 2:
                made.append((at, MARKETING, events.FlashSaleEnded(**said, sale_id=id)))
            case 3 | 4:
                product = draw(st.sampled_from(["sku-1", "sku-2"]))
                made.append((at, CUSTOMERS, wire.ProductViewed(**said, customer_id=who, product_id=product)))
            case _:
                made.append((at, CUSTOMERS, wire.OrderPlaced(**said, customer_id=who, order_id=f"o{number}")))
    made.sort(key=lambda one: one[:2])
    return [
        (at, rank, 0, number, row_key("main", one.customer_id) if rank == CUSTOMERS else "", one)
        for number, (at, rank, one) in enumerate(made)
    ]


def _by(who: str, some: Sequence[Any]) -> list[Any]:
    for number, one in enumerate(some):
        one.customer_id, one.event_id = who, f"{who}-{number}"
    return list(some)


class Worker:
    """One partition, which may be cut short between any two commits: then all that is not committed is gone."""

    def __init__(self, rules: list[Rule], stretch: int) -> None:
        self._rules, self._stretch = rules, stretch
        self.committed: dict[bytes, bytes] = {}
        self.out: list[Any] = []
        self.begin()

    def begin(self) -> None:
        self.table: Table[CustomerRow] = Table(encode_row, decode_row)
        self.table.restore(list(self.committed), list(self.committed.values()))
        engine = Engine(book(*self._rules, shop=SHOP), Feed())
        engine.last = END
        waiting, _ = self.table.restored()
        self.walking = restored(engine, self.table, renumber=False)
        self.timeline = Timeline(
            engine, self.table, DeadlineIndex(waiting), RowLedger(), judge_at_once=True, stretch=self._stretch,
            walking=self.walking, reached=self.table.record.reached,
        )  # fmt: skip

    async def turn(self, items: Sequence[Merged], reached: int, most: int, crash: bool = False) -> None:
        if crash:
            await self._work(items, reached, most)
            self.begin()
        effects = await self._work(items, reached, most)
        records = self.table.rows(effects.touched)
        self.walking.describe(self.table)
        self.table.record.reached = max(self.table.record.reached, reached)
        for record in (*records, *self.table.reserving(), self.table.own()):
            assert record.key is not None
            if record.value is None:
                self.committed.pop(record.key, None)
            else:
                self.committed[record.key] = record.value
        self.out += [out.record for out in effects.commands]

    async def _work(self, items: Sequence[Merged], reached: int, most: int) -> Effects:
        effects = Effects()
        await self.timeline.advance(items, reached, effects)
        if most:
            await self.timeline.walk_on(most, effects)
        return effects

    def rows(self) -> dict[str, bytes]:
        """As they are in the end. Of walks that mean nothing to a row it need not know."""
        found = {}
        for key in list(self.table.keys()):
            row = self.table.get(key)
            assert row is not None
            row.walked = 0
            found[key] = encode_row(row)
        return found


async def play(
    items: list[Merged], rules: list[Rule], cuts: set[int] | None = None, slices: Sequence[int] = (),
    crashes: set[int] = frozenset(), stretch: int = 256,  # type: ignore[assignment]  # none
) -> Worker:  # fmt: skip
    worker, sizes = Worker(rules, stretch), iter(slices)
    part: list[Merged] = []
    parts: list[tuple[list[Merged], int]] = []
    for index, item in enumerate(items):
        if part and (cuts is None or index in cuts) and part[-1][0] < item[0]:
            parts.append((part, part[-1][0]))
            part = []
        part.append(item)
    parts += [(part, part[-1][0]), ([], END)]
    for number, (some, reached) in enumerate(parts):
        await worker.turn(some, reached, next(sizes, 1 << 30 if not slices else 0), number in crashes)
    for _ in range(200):
        if not worker.walking.walks:
            break
        await worker.turn([], END, next(sizes, 0) or 1)
    return worker


def ends_of(items: list[Merged], sale_id: str) -> list[tuple[int, int]]:
    """From which instant on a sale was to end at which, as the events say it."""
    said: list[tuple[int, int]] = []
    for at, rank, _, _, _, event in items:
        if rank != MARKETING or event.sale_id != sale_id:
            continue
        end = said[-1][1] if said else 0
        if isinstance(event, events.FlashSaleEnded):
            if at < end:
                said.append((at, at))
        elif at < parse_rfc3339(event.ends_at):
            said.append((at, parse_rfc3339(event.ends_at)))
        elif at < end:
            said.append((at, at))
    return said


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(happenings())
def test_nothing_leaves_at_an_end_or_after_it_and_what_has_not_left_is_called_back(items: list[Merged]) -> None:
    worker = asyncio.run(play(items, RULES[:2]))
    cancelled = {one.cancels for one in worker.out if isinstance(one, CancelSms)}
    sales = {id: ends_of(items, id) for id in ("one", "two")}
    for sms in [one for one in worker.out if isinstance(one, SendSms)]:
        due, leaves, said = parse_rfc3339(sms.due_at), parse_rfc3339(sms.not_before), sales[sms.text]
        ends = [end for since, end in said if since <= due]
        assert ends and due < ends[-1], "it was not on"
        assert parse_rfc3339(sms.not_after) <= ends[-1]
        if any(due < since < leaves and end <= since for since, end in said):
            assert sms.command_id in cancelled, "it was ended before this left"


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(happenings())
def test_nobody_is_told_of_a_sale_twice_however_often_it_is_announced(items: list[Merged]) -> None:
    worker = asyncio.run(play(items, RULES[:2]))
    told = [(sms.customer_id, sms.rule, sms.step, sms.text) for sms in worker.out if isinstance(sms, SendSms)]
    assert len(set(told)) == len(told)


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(happenings())
def test_no_two_surveys_come_too_near_and_none_while_another_journey_runs(items: list[Merged]) -> None:
    worker = asyncio.run(play(items, RULES))
    for who in "abc":
        asked = sorted(
            parse_rfc3339(sms.due_at) for sms in worker.out
            if isinstance(sms, SendSms) and sms.customer_id == who and sms.rule.startswith("survey")
        )  # fmt: skip
        assert all(later - former >= WITHIN for former, later in pairwise(asked))


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(
    happenings(), st.sets(st.integers(1, 40)), st.lists(st.integers(0, 3), min_size=1, max_size=40),
    st.sets(st.integers(0, 40), max_size=6), st.integers(1, 5),
)  # fmt: skip
def test_however_rows_are_sliced_and_wherever_it_is_cut_short_the_same_comes_out(
    items: list[Merged], cuts: set[int], slices: list[int], crashes: set[int], stretch: int
) -> None:
    one = asyncio.run(play(items, RULES))
    other = asyncio.run(play(items, RULES, cuts, slices, crashes, stretch))
    assert other.rows() == one.rows()

    def told(worker: Worker) -> list[tuple[str, str]]:
        return sorted((type(record).__name__, record.command_id) for record in worker.out)

    assert told(other) == told(one)
