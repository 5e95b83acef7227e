"""One seed: the world goes in, faults come and end, everything heals, and what came out is judged."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from time import process_time
from typing import Any, Final

import msgspec

from streams.table import PartitionRecord
from tests.simulation.clocks import SECOND, TrueTime
from tests.simulation.disk import Disk
from tests.simulation.drawing import drawn, setting
from tests.simulation.emissions import EmissionCheck
from tests.simulation.faults import Fault, draw
from tests.simulation.group import Coordinator
from tests.simulation.invariants import STREAM, WALL, EffectsCheck, Evidence, offsets_after_effects
from tests.simulation.ledger import LedgerWeather, one_ledger
from tests.simulation.loop import Busy, Process, SimLoop, Standstill, simulated
from tests.simulation.network import Weather
from tests.simulation.observed import ObservedBroker
from tests.simulation.oracle import expected
from tests.simulation.outcome import outcome
from tests.simulation.retention import Retention
from tests.simulation.schedule import Schedule
from tests.simulation.trace import Trace
from tests.simulation.worker import APP, CHANGELOG, INPUTS, Seams, Surroundings, Worker
from tests.simulation.world import Shoppers

HEALED_SECONDS: Final = 90.0
"""After the last fault everything must have been applied within this (virtual) time: a session, a rebalance, a
transaction's timeout, and the pauses between tries, several times over."""

LOOK_SECONDS: Final = 0.5
WORKERS_MOST: Final = 4


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
            grace=self.setting.grace,
        ).world()  # fmt: skip
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
        self.emissions = EmissionCheck(self.world, true)
        self.schedule = Schedule()
        self.disk = Disk()
        self.broker = ObservedBroker(true, self._defer, self.trace, self._settled)
        self.broker.provide(APP, self.setting.partitions)
        self.coordinator = Coordinator(
            loop, self.setting.session, range(self.setting.partitions), random.Random(f"{seed}-group"), self.trace
        )
        self.retention = Retention(self.world, self.broker, random.Random(f"{seed}-retention"), self.trace)
        self.store = one_ledger(true)
        self.around = Surroundings(
            loop, self.broker, true, self.coordinator, self.weather, self.store, LedgerWeather(), self.trace,
            self._hit, seams, self.emissions, self.schedule, self.disk,
        )  # fmt: skip
        self._workers: dict[int, Worker] = {}
        self._started: Counter[int] = Counter()
        self._healed = False

    def run(self) -> Result:
        result, trace = self.result, self.trace
        setting = self.setting
        said = f"{setting.partitions} partitions, {len(self.world.batches)} batches, chunks of {setting.chunk_records}"
        trace.note("seed", f"{result.seed}: {result.clock} clock, {result.delivery}, {said}")
        for fault in self.faults:
            self.loop.call_at(fault.at, self._strike, fault, context=self.loop.outside)
        self.world.start(self.loop, self.broker, trace)
        for number in range(max(self._rng.randint(1, 3), 2 if setting.standby else 1)):
            self.loop.call_at(self._rng.random(), self._start, number, context=self.loop.outside)
        self.coordinator.watch()
        heals = max([self._seconds, *(fault.at + _lasts(fault) for fault in self.faults)]) + 1  # past the last marker
        self.loop.call_at(heals, self._heal, context=self.loop.outside)
        main = self.loop.create_task(self._until_done(heals), name="simulation", context=self.loop.outside)
        try:
            self.loop.run_until_complete(main)
        except (Standstill, Busy) as stuck:
            result.wrong.append(("stuck", repr(stuck)))
        self._judge()
        result.steps, result.virtual = self.loop.steps, self.loop.time()
        result.events, result.commits = self.world.events, self.effects.commits
        result.generations = self.coordinator.rounds
        result.digest, result.trace = trace.digest, trace.lines
        return result

    # -- workers

    def _start(self, number: int) -> None:
        former = self._workers.get(number)
        if former is not None and not former.ended:
            return
        self._started[number] += 1
        name = f"w{number}.{self._started[number]}"
        worker = self._workers[number] = Worker(
            name, self.setting, self.around, random.Random(f"{self.result.seed}-{name}")
        )
        worker.start()

    def _running(self) -> list[int]:
        return [number for number, worker in sorted(self._workers.items()) if not worker.ended]

    def _kill(self, number: int, worker: Worker, seconds: float) -> None:
        if not worker.ended:
            self.trace.note("killed", worker.name, "fault")
            worker.process.kill()
            self.loop.call_later(seconds, self._start, number, context=self.loop.outside)

    def _freeze(self, worker: Worker, seconds: float) -> None:
        if not worker.ended and not worker.process.frozen:
            self.trace.note("frozen", f"{worker.name} for {seconds:.3f} s", "fault")
            worker.process.freeze()
            self.loop.call_later(seconds, self._thaw, worker, context=self.loop.outside)

    def _thaw(self, worker: Worker) -> None:
        if not worker.ended:
            self.trace.note("woken", worker.name, "fault")
            worker.process.thaw()

    # -- faults

    def _hit(self, what: str) -> None:
        self.result.faults[what] += 1

    def _strike(self, fault: Fault) -> None:
        running = self._running()
        number = running[fault.whom % len(running)] if running else None
        worker = None if number is None else self._workers[number]
        said = f"{fault.kind} {fault.what} {fault.seconds:g} s".replace("  ", " ")
        later = self.loop
        if worker is not None and number is not None:
            said += f" {worker.name}"
            process: Process = worker.process
            if fault.kind == "crash":
                process.after_steps(fault.steps, lambda: self._kill(number, worker, fault.seconds))
            elif fault.kind in ("freeze", "pause"):
                process.after_steps(fault.steps, lambda: self._freeze(worker, fault.seconds))
            elif fault.kind == "silent":
                worker.line.silent_until = later.time() + fault.seconds
            elif fault.kind == "leave":
                if len(running) > 1:
                    worker.stop()
            elif fault.kind == "clock":
                worker.clocks.ahead += round(fault.seconds * SECOND)
                later.call_later(fault.share, self._set_right, worker, context=later.outside)
        if fault.kind == "join":
            free = [number for number in range(WORKERS_MOST) if number not in running]
            if free:
                self._start(free[0])
        elif fault.kind == "unknown":
            self.weather.unknown[fault.what] += int(fault.share)
        elif fault.kind == "slow":
            self.weather.slow = fault.share
            later.call_later(fault.seconds, self._fast, context=later.outside)
        elif fault.kind == "lossy":
            self.weather.lossy = fault.share
            later.call_later(fault.seconds, self._whole, context=later.outside)
        elif fault.kind == "away":
            self.weather.away_until = later.time() + fault.seconds
        elif fault.kind == "compact":
            for place in range(self.setting.partitions):
                self.effects.rows.read(self.broker, place)  # before what they once were is gone
            self.broker.compact(CHANGELOG)
        elif fault.kind == "outage":
            for each in running:
                self._kill(each, self._workers[each], fault.seconds)
            later.call_later(0.9 * fault.seconds, self._cut_off, context=later.outside)
        elif fault.kind == "retention":
            self._cut_off()
        elif fault.kind == "ledger lost":
            self.store.lose_everything()
        elif fault.kind in ("ledger away", "ledger lossy"):
            if fault.kind == "ledger away":
                self.around.ledger_weather.away = True
            else:
                self.around.ledger_weather.lossy = fault.share
            later.call_later(fault.seconds, self._ledger_back, context=later.outside)
        self._hit(fault.kind)
        self.trace.note("fault", said, "fault")

    def _cut_off(self) -> None:
        # At least once, rows may be ahead of the offsets: nobody could say what of them is lost.
        nobody = not self._running() and self.broker.at_rest and self.setting.transactions
        if self.retention.strike(unread=nobody):
            self._hit("records lost unread")
            # A touch that came of them may still be reserved for a worker that is no more, and would count.
            self.store.lose_everything()

    def _set_right(self, worker: Worker) -> None:
        """Somebody notices, or NTP does."""
        worker.clocks.ahead = 0

    def _fast(self) -> None:
        self.weather.slow = 0.0

    def _whole(self) -> None:
        self.weather.lossy = 0.0

    def _ledger_back(self) -> None:
        self.around.ledger_weather.away = False
        self.around.ledger_weather.lossy = 0.0

    def _heal(self) -> None:
        self._healed = True
        self._fast()
        self._whole()
        self._ledger_back()
        self.weather.unknown.clear()
        for worker in self._workers.values():
            worker.clocks.ahead = 0
            if not worker.ended and worker.process.frozen:
                worker.process.thaw()
        if not self._running():
            self._start(0)
        self.trace.note("healed", who="fault")

    # -- the broker

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
        self.effects(self.broker, self.loop.time())

    # -- the end

    async def _until_done(self, heals: float) -> None:
        least = heals if self.setting.stream else max(heals, self._seconds + 25, self.setting.least)
        await asyncio.sleep(least)
        while self.effects.wrong is None:
            for worker in self._workers.values():
                if worker.failure is not None:
                    self.result.wrong.append(("worker died", repr(worker.failure)))
                    return
            left = self._left()
            if left is None:
                return
            if self.loop.time() > least + HEALED_SECONDS:
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
        if self.setting.stream:
            return None
        now = self.broker.clock() - self.setting.grace - 2 * SECOND
        for number in range(self.setting.partitions):
            for key, row in self.effects.rows.read(self.broker, number).items():
                due = int.from_bytes(row[:8], "big")
                if due < now:
                    return f"the row of {key} waits for {'its outbox' if due == 0 else due}"
        return None

    def _known(self, topic: str, number: int) -> int:
        """How far a partition's own record says it has read: at least once it may be ahead of the offsets."""
        self.effects.rows.read(self.broker, number)
        stored = self.effects.rows.records.get(number)
        record = None if stored is None else msgspec.msgpack.decode(stored[8:], type=PartitionRecord)
        return 0 if record is None else record.positions.get(topic, 0)

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
        until = self.broker.clock() - setting.grace - 4 * SECOND
        out = outcome(self.broker, setting.partitions, self.effects.rows)
        result.commands, result.decisions = len(out.sms) + len(out.crm), len(out.decisions)
        evidence = Evidence(
            setting, self.world, self.broker, out, expected(self.world, setting, None if setting.stream else until),
            self.trace, until, self.schedule,
        )  # fmt: skip
        for invariant in STREAM if setting.stream else WALL:
            wrong = invariant(evidence)
            if wrong is not None:
                result.wrong.append((invariant.__name__, wrong))


def _lasts(fault: Fault) -> float:
    return fault.seconds if fault.kind != "clock" else fault.share
