"""What must come out: the pure engine over the same log, without broker, faults or clocks.

As `streams.replay` does it: screen, merge, timeline and a ledger that knows only the rows, everything in one go; where
a rule asks for figures of the whole shop, day by day in all partitions.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.emitted import encode
from schemas.topics import CRM_COMMANDS, MARKETING_EVENTS, PRODUCTS, SUPPRESSIONS, TopicSpec, topic_of
from streams.deadlines import DeadlineIndex
from streams.effects import Out
from streams.ledger import RowLedger
from streams.merge import END, InputSpec, Merge
from streams.partition.intake import Screening
from streams.partition.screening import Screen, Screened, SharedScreen
from streams.partition.syncing import SyncScreen
from streams.replay import MemoryRows
from streams.suppressions.merged import SuppressionStore
from streams.tallying import Tallying
from streams.timeline import Timeline
from tests.simulation.secret import SECRET
from tests.simulation.shelf import catalogue
from tests.simulation.worker import FUTURE_BOUND, INPUTS, Setting
from tests.simulation.world import World
from triggers.customer import CustomerRow, encode_row
from triggers.engine import Engine
from triggers.shopfacts import ShopFacts

SHARED: Final = (MARKETING_EVENTS, PRODUCTS)

Proposed = tuple[str, str, str, str, str]
"""(customer, rule, epoch, step, due)."""


@dataclass(slots=True)
class Expected:
    sms: list[bytes] = field(default_factory=list)
    crm: list[bytes] = field(default_factory=list)
    decisions: list[bytes] = field(default_factory=list)
    proposals: set[Proposed] = field(default_factory=set)
    dead_letters: list[tuple[str, ...]] = field(default_factory=list)
    rows: dict[str, CustomerRow] = field(default_factory=dict)

    def encoded(self) -> dict[str, bytes]:
        for row in self.rows.values():
            row.walked = 0
        return {key: encode_row(row) for key, row in self.rows.items()}


def expected(world: World, setting: Setting, until: int | None = None) -> Expected:
    """On the stream clock up to the end of the data; else deadlines below `until` fire (microseconds)."""
    found = Expected()
    facts = ShopFacts() if setting.figures else None
    engine = pure_engine(world, setting, facts)
    parts = [_Part(number, world, setting, engine, until, found) for number in range(setting.partitions)]
    if facts is not None:
        _day_by_day(parts, engine, facts)
    for part in parts:
        part.go(END)
        found.rows |= part.rows.rows
    found.dead_letters.sort()
    return found


def _day_by_day(parts: Sequence[_Part], engine: Engine, facts: ShopFacts) -> None:
    """All of them to the end of each day, and what they say of it."""
    tallyings = [Tallying(number, engine, {}) for number in range(len(parts))]
    for part, tallying in zip(parts, tallyings, strict=True):
        first = part.merge.first()
        tallying.begin(part.cut if first is None else first, lambda shop_id: 0)
    while (end := min(tallying.ends() for tallying in tallyings)) <= min(part.cut for part in parts):
        for part, tallying in zip(parts, tallyings, strict=True):
            for fact in tallying.count(part.go(end), end):
                facts.take(fact)


def pure_engine(world: World, setting: Setting, facts: ShopFacts | None = None) -> Engine:
    """As every worker has it once it has read what lies beside the events."""
    suppressions = SuppressionStore(SECRET)
    suppressions.take(world.columns((SUPPRESSIONS.name, 0)))
    return Engine(setting.rules, catalogue(setting.feeds), suppressions, facts=facts)


def screened(spec: TopicSpec, number: int, world: World, setting: Setting) -> Screened:
    """What a partition is to take from one of its topics: everything in its log that is an event."""
    screen: Screening
    if spec is PRODUCTS:
        screen = SyncScreen(spec, number == 0, FUTURE_BOUND)
    elif spec is MARKETING_EVENTS:
        screen = SharedScreen(spec, number == 0, FUTURE_BOUND, setting.stream)
    else:
        screen = Screen(spec, number, setting.partitions, FUTURE_BOUND, setting.stream)
    return screen.sort(world.columns((spec.name, 0 if spec in SHARED else number)), 0)


class _Part:
    """One partition. `cut`: how far its time goes in the end."""

    def __init__(
        self, number: int, world: World, setting: Setting, engine: Engine, until: int | None, found: Expected
    ) -> None:
        self._found = found
        topics = (*INPUTS, *(SHARED if setting.feeds else SHARED[:1]))
        self.merge = merge = Merge([InputSpec(spec.name, spec.rank or 0, spec.holds_clock) for spec in topics])
        for index, spec in enumerate(topics):
            sorted_out = screened(spec, number, world, setting)
            place = str(0 if spec in SHARED else number)
            found.dead_letters += [(one.reason, spec.name, place, str(one.offset)) for one in sorted_out.letters]
            for stretch in sorted_out.stretches:
                merge.offer(index, stretch.times, stretch.offsets, stretch.events)
                if stretch.marker is not None:
                    merge.advance(index, stretch.marker)
            if until is not None:
                merge.set_end(index, True)
        self.rows = MemoryRows()
        self._timeline = Timeline(
            engine, self.rows, DeadlineIndex(), RowLedger(), judge_at_once=True, skip_applied=not setting.transactions
        )
        self.cut = merge.cut() if until is None else until

    def go(self, below: int) -> Sequence[Out]:
        """Everything below this instant; what was counted."""
        found = self._found
        items = self.merge.take(None if below == END else below)
        effects = at_once(self._timeline.advance(items, min(below, self.cut)))
        at_once(self._timeline.finish_walks(effects))
        for out in effects.commands:
            kept = found.crm if topic_of(type(out.record).__name__) is CRM_COMMANDS else found.sms
            kept.append(encode(out.record))
        for out in effects.decisions:
            record = out.record
            found.decisions.append(encode(record))
            found.proposals.add((record.customer_id, record.rule, record.epoch, record.step, record.due_at))
        counted: Sequence[Out] = effects.counted
        return counted


def at_once(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of what never waits."""
    try:
        work.send(None)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("the oracle waits for something")
