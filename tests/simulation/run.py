"""One seed: the world goes in, faults come and end, everything heals, and what came out is judged."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from time import process_time
from typing import Any, Final

import msgspec

from schemas.topics import MARKETING_EVENTS, PRODUCTS
from streams.table import PartitionRecord
from tests.simulation.clocks import SECOND, TrueTime
from tests.simulation.crew import Crew
from tests.simulation.disk import Disk
from tests.simulation.drawing import drawn, setting
from tests.simulation.emissions import EmissionCheck
from tests.simulation.evidence import Evidence
from tests.simulation.faults import draw
from tests.simulation.feed import feed
from tests.simulation.group import Coordinator
from tests.simulation.invariants import EffectsCheck, invariants, offsets_after_effects
from tests.simulation.ledger import LedgerWeather, one_ledger
from tests.simulation.loop import Busy, SimLoop, Standstill, simulated
from tests.simulation.network import Weather
from tests.simulation.observed import ObservedBroker
from tests.simulation.oracle import expected
from tests.simulation.outcome import outcome
from tests.simulation.retention import Retention
from tests.simulation.returning import Returning
from tests.simulation.schedule import Schedule
from tests.simulation.striking import Striking
from tests.simulation.suppressed import SuppressionLog
from tests.simulation.trace import Trace
from tests.simulation.worker import APP, INPUTS, Seams, Surroundings
from tests.simulation.world import Shoppers

EVER: Final = 1 << 62

HEALED_SECONDS: Final = 90.0
"""After the last fault everything must have been applied within this (virtual) time: a session, a rebalance, a
transaction's timeout, and the pauses between tries, several times over."""

LOOK_SECONDS: Final = 0.5


@dataclass(slots=True)
class Result:
    """`wrong`: the invariants that don't hold, with what is wrong."""

    seed: int
    clock: str
    delivery: str
    wrong: list[tuple[str, str]] = field(default_factory=list)
    events: int = 0
    commands: int = 0
    decisions: int = 0
    commits: int = 0
    receipts: int = 0
    suppressions: int = 0
    generations: int = 0
    steps: int = 0
    virtual: float = 0.0
    cpu: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    digest: str = ""
    trace: list[str] = field(default_factory=list)


def run(seed: int, *, trace: bool = False, seams: Seams | None = None) -> Result:
    """Everything of a seed. Never raises for what the product does wrong."""
    began = process_time()
    kept = Trace(trace)
    with kept.logging(), simulated(seed) as loop:
        kept.now = loop.time
        simulation = Simulation(seed, loop, kept, seams or Seams())
        try:
            result = simulation.run()
        finally:
            simulation.disk.remove()
    result.cpu = process_time() - began
    return result


class Simulation:
    """One seed's state."""

    def __init__(self, seed: int, loop: SimLoop, trace: Trace, seams: Seams) -> None:
        rng = self._rng = drawn(seed)
        self.loop = loop
        self.trace = trace
        self.setting = setting(rng)
        self._seconds = rng.uniform(8, 20) if self.setting.stream else rng.uniform(12, 25)
        self.world = Shoppers(
            rng, stream=self.setting.stream, partitions=self.setting.partitions, seconds=self._seconds,
            grace=self.setting.grace, returning=self.setting.returning,
            broadcasts=self.setting.broadcasts,
        ).world()  # fmt: skip
        if self.setting.feeds:
            first = self.setting.products_kept is not None
            told = feed(random.Random(f"{seed}-feed"), self.world, first=first)
            self.world.batches = sorted([*told, *self.world.batches], key=lambda one: one.at)
        self.faults = draw(
            rng, stream=self.setting.stream, transactions=self.setting.transactions, until=self._seconds + 6,
            session=self.setting.session, standby=self.setting.standby,
        )  # fmt: skip
        self.result = Result(
            seed, "stream" if self.setting.stream else "wall",
            "transactions" if self.setting.transactions else "at-least-once",
        )  # fmt: skip
        self.weather = Weather()
        true = TrueTime(loop)
        self.effects = EffectsCheck(self.world, self.setting)
        self.schedule = Schedule()
        self.disk = Disk()
        self.broker = ObservedBroker(true, self._defer, self.trace, self._settled)
        self.broker.provide(APP, self.setting.partitions)
        self.suppressions = SuppressionLog(self.broker)
        self.emissions = EmissionCheck(self.world, true, self.suppressions)
        self.returning = (
            Returning(seed, self.setting, self.world, self.broker, loop, trace, self.suppressions)
            if self.setting.returning
            else None
        )
        self.coordinator = Coordinator(
            loop, self.setting.session, range(self.setting.partitions), random.Random(f"{seed}-group"), self.trace
        )
        self.retention = Retention(self.world, self.broker, random.Random(f"{seed}-retention"), self.trace)
        self.store = one_ledger(true)
        self.around = Surroundings(
            loop, self.broker, true, self.coordinator, self.weather, self.store, LedgerWeather(), self.trace,
            self._hit, seams, self.emissions, self.schedule, self.disk,
        )  # fmt: skip
        self.crew = Crew(seed, loop, trace, self.setting, self.around)
        self.striking = Striking(
            self.setting, self.around, self.crew, self.retention, trace, hit=self._hit,
            about_to_compact=self._read_rows,
        )  # fmt: skip

    def run(self) -> Result:
        result, trace = self.result, self.trace
        setting = self.setting
        said = f"{setting.partitions} partitions, {len(self.world.batches)} batches, chunks of {setting.chunk_records}"
        trace.note("seed", f"{result.seed}: {result.clock} clock, {result.delivery}, {said}")
        struck = self.striking.expect(self.faults)
        self.world.start(self.loop, self.broker, trace)
        if self.returning is not None:
            self.returning.start()
        for number in range(max(self._rng.randint(1, 3), 2 if setting.standby else 1)):
            self.loop.call_at(self._rng.random(), self.crew.start, number, context=self.loop.outside)
        self.coordinator.watch()
        heals = max(self._seconds, struck, 0.0 if self.returning is None else self.returning.ends) + 1
        self.loop.call_at(heals, self.striking.heal, context=self.loop.outside)
        main = self.loop.create_task(self._until_done(heals), name="simulation", context=self.loop.outside)
        try:
            self.loop.run_until_complete(main)
        except (Standstill, Busy) as stuck:
            result.wrong.append(("stuck", repr(stuck)))
        for told in self.loop.unhandled:
            if "handle" in told:  # a call of its own that failed, no task's
                result.wrong.append(("unhandled", repr(told["exception"])))
        self._judge()
        result.steps, result.virtual = self.loop.steps, self.loop.time()
        result.events, result.commits = self.world.events, self.effects.commits
        result.generations = self.coordinator.rounds
        result.receipts = 0 if self.returning is None else len(self.returning.receipts)
        result.suppressions = len(self.suppressions.records)
        result.digest, result.trace = trace.digest, trace.lines
        return result

    # -- what happens

    def _hit(self, what: str) -> None:
        self.result.faults[what] += 1

    def _read_rows(self) -> None:
        """Before what they once were is gone."""
        for number in range(self.setting.partitions):
            self.effects.rows.read(self.broker, number)

    def _defer(self, do: Any) -> None:
        """Markers are mostly there at once, and sometimes not."""
        if self._rng.random() < 0.8:
            do()
        else:
            self.loop.call_later(self._rng.random() * 0.03, self._deferred, do, context=self.loop.outside)

    def _deferred(self, do: Any) -> None:
        do()
        self._settled()

    def _settled(self) -> None:
        self.suppressions.look()
        self.effects(self.broker, self.loop.time())

    # -- the end

    async def _until_done(self, heals: float) -> None:
        least = heals if self.setting.stream else max(heals, self._seconds + 25, self.setting.least)
        await asyncio.sleep(least)
        left: str | None = "not looked at"
        while self.effects.wrong is None:
            for worker in self.crew.all():
                if worker.failure is not None:
                    self.result.wrong.append(("worker died", repr(worker.failure)))
                    return
            left, before = self._left(), left
            if left is None and (before is None or not self.setting.figures):
                return  # twice: between its time and what it writes a partition may be at work
            if left is not None and self.loop.time() > least + HEALED_SECONDS:
                self.result.wrong.append(("stuck", f"{HEALED_SECONDS:g} s after the last fault {left}"))
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _left(self) -> str | None:
        """What is not done yet."""
        self.broker.expire()
        if not self.broker.at_rest:
            return "a transaction is ending"
        offsets = self.broker.group(APP).offsets
        for spec in INPUTS:
            for number in range(self.setting.partitions):
                log = self.broker.logs[spec.name, number]
                at = max(offsets.get((spec.name, number), 0), self._known(spec.name, number))
                if at < log.end:
                    return f"{spec.name}/{number} is read up to {at} of {log.end}"
        for number in range(self.setting.partitions):  # its last marker may be what lets their time go on
            for spec in (MARKETING_EVENTS, PRODUCTS) if self.setting.feeds else (MARKETING_EVENTS,):
                at, end = self._known(spec.name, number), self.broker.logs[spec.name, 0].end
                if at < end:
                    return f"partition {number} has read {spec.name} up to {at} of {end}"
        for number in range(self.setting.partitions):
            self.effects.rows.read(self.broker, number)
            if self.effects.rows.walks.get(number):
                return f"some rows of partition {number} have not taken a walk"
        if self.setting.stream:
            return self._behind()
        now = self.broker.clock() - self.setting.grace - 2 * SECOND
        for number in range(self.setting.partitions):
            for key, row in self.effects.rows.read(self.broker, number).items():
                due = int.from_bytes(row[:8], "big")
                if due < now:
                    return f"the row of {key} waits for {'its outbox' if due == 0 else due}"
        return None

    def _behind(self) -> str | None:
        """Whose time has not come to the end of the data: all may be read, and figures of the shop be waited for. A
        partition that has nothing more to write says so of itself alone."""
        last = max(one.sent.happened for one in self.world.log[MARKETING_EVENTS.name, 0])
        there = {number for worker in self.crew.all() for number in worker.come_to(last)}
        for number in range(self.setting.partitions):
            record = self._record(number)
            if number not in there and (record is None or record.reached < last):
                return f"partition {number} has come to {None if record is None else record.reached} of {last}"
        return None

    def _known(self, topic: str, number: int) -> int:
        """How far a partition's own record says it has read: at least once it may be ahead of the offsets."""
        record = self._record(number)
        return 0 if record is None else record.positions.get(topic, 0)

    def _record(self, number: int) -> PartitionRecord | None:
        self.effects.rows.read(self.broker, number)
        stored = self.effects.rows.records.get(number)
        return None if stored is None else msgspec.msgpack.decode(stored[8:], type=PartitionRecord)

    def _judge(self) -> None:
        result = self.result
        if (wrong := offsets_after_effects(self.effects)) is not None:
            result.wrong.append(("offsets_after_effects", wrong))
            return
        if self.emissions.wrong is not None:
            result.wrong.append(("none_unread", self.emissions.wrong))
        if result.wrong:
            if self.trace.faults:
                result.wrong.append(("no_fault_of_ours", self.trace.faults[0]))
            return
        setting = self.setting
        self.suppressions.look()
        until = self.broker.clock() - setting.grace - 4 * SECOND
        out = outcome(self.broker, setting.partitions, self.effects.rows)
        result.commands, result.decisions = len(out.sms) + len(out.crm), len(out.decisions)
        evidence = Evidence(
            setting, self.world, self.broker, out, expected(self.world, setting, None if setting.stream else until),
            self.trace, EVER if setting.stream else until, self.schedule, self.suppressions, self.returning,
        )  # fmt: skip
        for invariant in invariants(setting):
            wrong = invariant(evidence)
            if wrong is not None:
                result.wrong.append((invariant.__name__, wrong))
