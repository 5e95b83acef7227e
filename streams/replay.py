"""The engine alone, over files, on the stream clock: no broker, no Redis, no wall clock.

The same engine, merge and timeline as the worker's, so that what a rule did to last month's shoppers here is what it
would have done there. Output depends on events, rules and products alone: it is sorted by (time, shop, customer, rule,
epoch, step, type) and is byte-identical however the input was batched or split by customer over files.
"""

from __future__ import annotations

import base64
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from schemas.catalogue import Catalogue
from schemas.emitted import encode
from schemas.wire import Malformed
from streams.deadlines import DeadlineIndex
from streams.effects import Unkept
from streams.eventfiles import BadLine, EventFiles, Line, Position
from streams.faults import REASON, Fault, about
from streams.feeds.lines import FeedLines, Following
from streams.ledger import MemoryLedger, RowLedger
from streams.merge import BEGINNING, END, Merged
from streams.saved import Figures, Saved, load, readable, save
from streams.shopfacts import read, record
from streams.tallying import Tallying
from streams.timeline import Effects, Out, Timeline
from streams.walking import CONCERNS_MANY, Walking
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.engine import Engine
from triggers.rules.inforce import InForce
from triggers.rules.model import RuleBook
from triggers.shopfacts import ShopFacts
from triggers.verdicts import Answer
from triggers.walks import OpenWalks


@dataclass(slots=True)
class Summary:
    """What a run did. Lines read = applied + dead-lettered + repeated + clock markers + passed over (read, but later
    than `until`, or taken by a former run). `faults` of ours, each in the dead letters. `reasons`: of decisions that
    emitted nothing, by outcome, gate and reason.
    """

    read: int = 0
    applied: int = 0
    repeated: int = 0
    dead_lettered: int = 0
    markers: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    customers: int = 0
    open_carts: int = 0
    proposals: int = 0
    commands: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    left_out: int = 0
    """Changes of products that no customer was asked about, as a sync had too many."""
    reached: int | None = None
    stopped: bool = False

    @property
    def passed_over(self) -> int:
        return self.read - self.applied - self.repeated - self.dead_lettered - self.markers


class MemoryRows:
    """Rows by key, decoded, in a dict. `careful`: with what they were at the last `store`, which costs a quarter."""

    def __init__(self, careful: bool = False) -> None:
        self.rows: dict[str, CustomerRow] = {}
        self._stored: dict[str, bytes] | None = {} if careful else None

    def get(self, key: str) -> CustomerRow | None:
        return self.rows.get(key)

    def look(self, key: str) -> CustomerRow | None:
        return self.rows.get(key)

    def keys(self) -> Iterator[str]:
        return iter(tuple(self.rows))

    def put(self, key: str, row: CustomerRow) -> None:
        self.rows[key] = row

    def store(self, touched: Mapping[str, CustomerRow]) -> None:
        """From now on this is what `undo` goes back to."""
        if self._stored is not None:
            self._stored |= {key: encode_row(row) for key, row in touched.items()}

    def undo(self, key: str) -> CustomerRow | None:
        if self._stored is None:
            raise Unkept
        stored = self._stored.get(key)
        if stored is None:
            self.rows.pop(key, None)
            return None
        self.rows[key] = decode_row(stored)
        return self.rows[key]


class Replay:
    """One run. `until`: microseconds; deadlines at or below it fire and no later event is read; None drains.

    When the engine fails on an event `run` raises Unkept, unless the run is `careful`: start over with one that is,
    over files that keep their lines. It parks what the worker would.
    """

    def __init__(
        self, rules: RuleBook | InForce, catalogue: Catalogue, *, until: int | None = None, careful: bool = False
    ) -> None:
        self._catalogue = Following(catalogue)
        self._rows = MemoryRows(careful)
        self._deadlines = DeadlineIndex()
        self._beyond = MemoryLedger(clock=lambda: 0)  # whose time stands still: it forgets nothing
        self._ledger = RowLedger(self._beyond)
        self._facts = ShopFacts()
        self._said: list[bytes] = []
        """Of what was counted: all that a worker would have published."""
        self._kept: dict[bytes, bytes] = {}
        self._engine = Engine(rules, self._catalogue, facts=self._facts)
        self._tallying = Tallying(0, self._engine, {})
        self._timeline = Timeline(self._engine, self._rows, self._deadlines, self._ledger, judge_at_once=True)
        self._feeds = FeedLines(self._catalogue, self._left_out)
        self._until = until
        self._commands: list[tuple[Any, ...]] = []
        self._decisions: list[tuple[Any, ...]] = []
        self._bad: list[BadLine] = []
        self._lines: dict[tuple[int, int], Line] = {}
        self._lost: list[Fault] = []
        self.positions: dict[tuple[str, str], Position] = {}
        self.summary = Summary()

    @property
    def figures(self) -> ShopFacts:
        """What was counted of whole shops."""
        return self._facts

    async def run(
        self,
        files: EventFiles,
        *,
        stopped: Callable[[], bool] = lambda: False,
        seen: Callable[[Summary], None] = lambda summary: None,
    ) -> Summary:
        """Read everything (up to `until`), then drain. `stopped` is asked between blocks; a stopped run won't drain."""
        below = None if self._until is None else self._until + 1
        summary = self.summary
        self._engine.last = files.last if self._until is None else None
        for items, reached in files.stream(below):
            for events, so_far in self._feeds.parts(self._events(items), reached):
                for part, until in self._days(events, so_far):
                    effects = await self._timeline.advance(part, until)
                    await self._timeline.finish_walks(effects)
                    self._settle(effects)
                    self._tell(effects, until)
                    await self._ledger.release(effects.returned)
            self._bad += files.bad
            summary.dead_letters.update(bad.why.reason for bad in files.bad)
            summary.markers = files.markers
            files.bad.clear()
            summary.read = files.read
            summary.dead_lettered = len(self._bad)
            seen(summary)
            if stopped():
                summary.stopped = True
                break
        self.positions = files.positions()
        summary.reached = self._until if self._until is not None and not summary.stopped else files.last
        summary.customers = len(self._rows.rows)
        summary.open_carts = sum(1 for row in self._rows.rows.values() if row.has_open_cart())
        return summary

    def write(self, folder: Path) -> None:
        """Write commands.jsonl, decisions.jsonl and dead-letters.jsonl, sorted, one JSON object a line."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in (("commands", self._commands), ("decisions", self._decisions)):
            rows.sort()
            with (folder / f"{name}.jsonl").open("wb") as out:
                out.writelines(row[-1] + b"\n" for row in rows)
        self._bad.sort(key=lambda bad: (bad.file, bad.number))
        with (folder / "dead-letters.jsonl").open("wb") as out:
            out.writelines(orjson.dumps(_dead_letter(bad)) + b"\n" for bad in self._bad)
            self._lost.sort(key=lambda fault: (fault.at, fault.key))
            out.writelines(orjson.dumps(_lost(fault)) + b"\n" for fault in self._lost)

    def save(self, folder: Path) -> None:
        """Save rows and positions, so that a later run goes on from here."""
        walking, rows = self._timeline.walking, self._rows.rows
        saved = Saved(
            rows=((key, rows[key]) for key in sorted(rows)),
            positions=self.positions,
            reached=self.summary.reached,
            ticked=walking.ticked,
            walked=walking.walks.last,
            walks=walking.kept(),
            plans=walking.plans or {},
            ledger=self._beyond.dump(),
            figures=self._figures(),
            products=list(self._catalogue.changed.values()),
        )
        save(folder, saved, self.summary.read)

    def load(self, folder: Path) -> None:
        """Go on from a saved state; an empty or absent folder is a fresh start. Raises StateError."""
        with readable(folder):
            saved = load(folder)
            if saved is None:
                return
            self.positions = saved.positions
            walking = Walking(self._engine, self._rows, OpenWalks(saved.walked), saved.ticked)
            self._timeline.walking = walking
            walking.follow(saved.walks)
            if saved.reached:
                walking.change_rules(saved.plans, saved.reached)
            if saved.ledger is not None:
                self._beyond.load(saved.ledger)
            if saved.figures is not None:
                self._restore(saved.figures)
            for product in saved.products:
                self._catalogue.take(product)
            for key, row in saved.rows:
                self._rows.put(key, row)
                self._rows.store({key: row})
                self._deadlines.note(key, row.deadline)

    def _figures(self) -> Figures:
        for key, value in self._tallying.changed():
            if value is None:
                self._kept.pop(key, None)
            else:
                self._kept[key] = value
        return Figures(self._tallying.days, self._kept, self._said)

    def _restore(self, figures: Figures) -> None:
        self._tallying = Tallying(0, self._engine, figures.days, figures.kept)
        self._kept, self._said = figures.kept, figures.said
        for said in figures.said:
            self._facts.take(read(said))

    def _events(self, items: Sequence[Merged]) -> Sequence[Merged]:
        """The events alone, without the lines that they stood in."""
        if items and isinstance(items[0][-1], Line):
            self._lines = {(item[2], item[3]): item[-1] for item in items}
            items = [(*item[:-1], item[-1].event) for item in items]
        self.summary.applied += sum(1 for item in items if item[1] in CONCERNS_MANY)
        return items

    def _days(self, items: Sequence[Merged], reached: int) -> Iterator[tuple[Sequence[Merged], int]]:
        """Cut where a shop's day is over, for what was counted of it is to be in force a day later. When there are no
        more events the day of the last one is the last that is counted."""
        tallying = self._tallying
        if not tallying.begun and (items or reached < END):
            tallying.begin(items[0][0] if items else reached, self._customers)
        while (end := tallying.ends(self._engine.last)) <= min(reached, END - 1):
            number = bisect_left(items, end, key=itemgetter(0))
            yield items[:number], end
            items = items[number:]
        yield items, reached

    def _tell(self, effects: Effects, until: int) -> None:
        """What was counted up to here is known from here on."""
        if not self._tallying.counts:
            return
        for fact in self._tallying.count(effects.counted, until if until < END else BEGINNING):
            self._facts.take(fact)
            self._said.append(record(fact).value or b"")

    def _customers(self, shop_id: str) -> int:
        prefix = f"{shop_id}:"
        return sum(1 for key in self._rows.rows if key.startswith(prefix))

    def _left_out(self, shop_id: str, sync_id: str, changes: int) -> None:
        self.summary.left_out += changes

    def _settle(self, effects: Effects) -> None:
        summary = self.summary
        self._rows.store(effects.touched)
        for fault in effects.faults:
            if fault.item is None:
                self._lost.append(fault)
                continue
            line = self._lines[fault.item[2], fault.item[3]]
            self._bad.append(BadLine(line.file, line.number, line.raw, Malformed(REASON, fault.detail)))
            summary.dead_letters[REASON] += 1
        summary.faults += len(effects.faults)
        summary.applied += effects.applied
        summary.repeated += effects.repeated.total()
        summary.proposals += effects.proposals.total()
        for out in effects.commands:
            if not getattr(out.record, "test", False):
                summary.commands[type(out.record).__name__] += 1
            self._commands.append(_sortable(out))
        for out in effects.decisions:
            self._decisions.append(_sortable(out))
            if out.record.test:
                continue  # reports know nothing of tests
            summary.decisions[out.record.outcome] += 1
            decisive = Answer.DELAY if out.record.outcome == "delayed" else Answer.REFUSE
            why = next((one for one in out.record.verdicts if one.verdict == decisive), None)
            if why is not None:
                summary.reasons[out.record.outcome, why.gate, why.reason] += 1


def _sortable(out: Out) -> tuple[Any, ...]:
    """The output's place in order with its bytes last (equal places are told apart by the bytes themselves)."""
    record = out.record
    return (
        out.at, record.shop_id, record.customer_id or "", record.rule, out.epoch, record.step, type(record).__name__,
        encode(record),
    )


def _dead_letter(bad: BadLine) -> dict[str, Any]:
    try:
        value, encoding = bad.raw.decode(), "utf-8"
    except UnicodeDecodeError:
        value, encoding = base64.b64encode(bad.raw).decode(), "base64"
    return {
        "reason": bad.why.reason, "detail": bad.why.detail, "file": bad.file, "line": bad.number,
        "encoding": encoding, "value": value,
    }


def _lost(fault: Fault) -> dict[str, Any]:
    """A touch, or a look at a row, that a fault cost."""
    value = orjson.dumps(about(fault)).decode()
    return {
        "reason": REASON, "detail": fault.detail, "file": None, "line": None, "encoding": "utf-8", "value": value,
    }  # fmt: skip
