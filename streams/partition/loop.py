"""The loop that owns one partition number: chunks in, one committed stretch of time after another out.

Chunks of all inputs are offered as they arrive. A turn takes what the merge gives out, drives the rows, and hands
everything that caused to the commits; while one commit is under way the next turn is computed, and no more than that.

How far time goes in a turn is the clock's to say (streams.partition.clock), when touches are judged the outbox's
(streams.partition.outbox). Wall time is read once a turn.

A partition that fails to commit is bad: it takes nothing more, and its owner loads it anew.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Final

import structlog

from schemas.topics import DEAD_LETTERS, RULES
from streams.careful import FRAME
from streams.chunks.chunk import Columns
from streams.deadlines import DeadlineIndex
from streams.delivery import Delivery, DeliveryFailed, Outgoing
from streams.effects import Asked
from streams.following import ended
from streams.ledger import Ledger
from streams.letters import Letter, fitting
from streams.merge import END
from streams.metrics import Metrics
from streams.partition.arising import Arising
from streams.partition.clock import Clock
from streams.partition.commits import Commit, Commits
from streams.partition.findings import Findings
from streams.partition.intake import Intake, Taken
from streams.partition.lookout import Lookout
from streams.partition.midnights import Midnights
from streams.partition.outbox import Outbox
from streams.partition.parking import FaultLog, parked
from streams.partition.plan import PartitionPlan
from streams.partition.ports import Flow, SharedLogs
from streams.partition.publishing import publish
from streams.partition.reading import Reading
from streams.partition.screening import KnownKeys
from streams.partition.slices import Slices
from streams.partition.tally import count
from streams.table import Table, Unstorable
from streams.timeline import Effects, Timeline
from streams.walking import restored
from triggers.customer import CustomerRow
from triggers.engine import Engine
from triggers.erasure import spent

log: Final = structlog.get_logger(__name__)

HELD_CHUNKS: Final = 2
"""Chunks' worth of records an input may hold before it is paused, if it is ahead of the slowest."""

LOOK: Final = 0.01
"""Seconds between two looks at whether touches that wait for what was in the logs may be judged by now."""

CATCHING_UP: Final = 1.0
"""Seconds a partition waits for a full chunk while it knows of one that is unread: small chunks cost more an event (a
row and a transaction each), and nobody waits for what is that old."""


class Partition:
    """One owned partition number, from `start` to `close`. Everything runs in the app's event loop."""

    def __init__(
        self,
        number: int,
        plan: PartitionPlan,
        *,
        table: Table[CustomerRow],
        engine: Engine,
        ledger: Ledger,
        delivery: Delivery,
        flow: Flow,
        shared: SharedLogs,
        metrics: Metrics,
        failed: Callable[[Partition, DeliveryFailed], None],
    ) -> None:
        self.number = number
        self.table = table
        self._plan = plan
        self._delivery = delivery
        self._flow = flow
        self._metrics = metrics
        self._failed = failed
        waiting, attention = table.restored()
        self.deadlines = DeadlineIndex(waiting)
        self._slices = Slices(plan.slice_rows)
        self._walking = restored(engine, table, renumber=plan.skip_applied and not plan.stream_clock)
        self._timeline = Timeline(
            engine,
            table,
            self.deadlines,
            ledger,
            judge_at_once=plan.stream_clock,
            skip_applied=plan.skip_applied,
            limits=plan.limits,
            give_way=plan.turnstile.give_way,
            stretch=plan.stretch,
            walking=self._walking,
            reached=table.record.reached,
        )
        self._faults = FaultLog(number)
        self._findings = Findings(number, plan.hmac_secret, metrics, plan.suppressions)
        self.known_keys = KnownKeys(number, plan.partitions[plan.inputs[0].name])
        screens = plan.screens(number, self.known_keys)
        self.intake = Intake(number, screens, {spec.name for spec in plan.shared})
        self._topics = {spec.rank or 0: spec.name for spec in (*plan.inputs, *plan.shared)}
        self._reading = Reading(number, self.intake.inputs, plan.beside, flow, shared)
        self._commits = Commits(delivery, ledger, metrics, lambda failure: failed(self, failure))
        self._midnights = Midnights(number, plan, engine, table)
        self._lookout = Lookout(
            number, self.intake, self._reading, self._commits, lambda: self._midnights.waits_for(self.reached)
        )
        self._now = asyncio.get_running_loop().time
        """Monotonic seconds, as `LogEnd.asked` has them."""
        self._arising = Arising(plan.grace_us)
        self._outbox = Outbox(
            attention,
            rows=table,
            timeline=self._timeline,
            reading=self._reading,
            arising=self._arising,
            metrics=metrics,
            stream_clock=plan.stream_clock,
            now=self._now,
        )
        self._clock = Clock(plan, self.intake, self._reading, shared, self._arising, table.record.reached)
        self._accepting = False
        self._in_turn = False
        self._due = asyncio.Event()
        self._turning = asyncio.Lock()
        self._next_turn = 0.0
        self._no_sooner = 0.0
        self.interval = plan.interval
        self.least_pause = plan.interval
        """Seconds between turns; the owner stretches both when it owns many."""
        self._tasks: list[asyncio.Task[None]] = []

    # -- life

    def begin(self, committed: Mapping[str, int]) -> None:
        """Start, or start over after a rebalance, at these offsets (by topic) and the rows that belong to them; where
        the partition's own record says, if that is further.
        """
        self.intake.begin(committed, self.table.record)
        self._clock.begin(self._now())
        self._reading.begin()
        self._arising.begin()
        self._lookout.begin()

    def positions(self) -> dict[tuple[str, int], int | None]:
        """Where the group's topics are to be fetched from; None: from the log's beginning."""
        return {(name, self.number): source.next for name, source in self.intake.inputs.items() if source.grouped}

    def agrees_with(self, committed: Mapping[str, int]) -> bool:
        """Whether the group's offsets are what this partition committed last: nobody has gone on from there."""
        return all(
            (source.committed or 0) == committed.get(name, 0)
            for name, source in self.intake.inputs.items()
            if source.grouped
        )

    @property
    def sound(self) -> bool:
        """Everything computed is durable: rows and offsets belong together."""
        return self._commits.idle

    @property
    def has_committed(self) -> bool:
        """Something has become durable since it was loaded."""
        return self._commits.made > 0

    def start(self, stagger: float) -> None:
        """Run. `stagger` seconds shift this partition's turns against the others'."""
        self._next_turn = self._now() + stagger
        self._tasks = [
            asyncio.create_task(self._guarded(self._run), name=f"partition-{self.number}"),
            asyncio.create_task(self._guarded(self._commits.run), name=f"commits-{self.number}"),
        ]

    async def _guarded(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """A fault of ours stops this partition, loudly, and not the others; its owner loads it again."""
        try:
            await work()
        except Exception as error:
            log.exception("partition failed", partition=self.number)
            self._commits.give_up()
            failure = DeliveryFailed(f"partition {self.number}: {error!r}")
            failure.__cause__ = error
            self._failed(self, failure)

    def accept(self) -> None:
        """Chunks may be offered from now on."""
        self._accepting = True

    async def drain(self, seconds: float) -> None:
        """Take nothing more and make durable what was computed; if that takes longer, the partition is not sound."""
        self._accepting = False
        try:
            async with asyncio.timeout(seconds):
                async with self._turning:
                    await self._commits.finished()
        except TimeoutError:
            self._commits.give_up()

    async def close(self) -> None:
        """End and let go of the connections. What is not durable is dropped."""
        self._accepting = False
        self._commits.give_up()
        await ended(*self._tasks)
        await self._delivery.close()
        await self._commits.release()

    # -- what can be seen of it

    @property
    def reached(self) -> int:
        """The time its clock has reached, microseconds since the epoch."""
        return self._clock.reached

    @property
    def waiting_rows(self) -> int:
        """Rows with touches that are not judged yet."""
        return len(self._outbox)

    @property
    def open_walks(self) -> int:
        """How many things that concern many customers some rows have not been asked about yet."""
        return len(self._walking.opened.walks)

    def lag(self) -> dict[str, int]:
        """Records of the group's topics that are known to be in the log and not applied."""
        return self._reading.lag()

    def look(self) -> tuple[float, Mapping[tuple[str, int], int | None]]:
        """Whether it stands still, and what is to be fetched again (streams.partition.lookout)."""
        return self._lookout.look(self._now(), self._in_turn) if self._accepting else (0.0, {})

    # -- in

    async def offer(self, topic: str, columns: Columns) -> dict[tuple[str, int], int | None]:
        """Records of one input, and the answer where to fetch from instead, if they leave a gap.

        Never waits, for the other partitions' records come after it: that fetching does not run ahead of the work is
        seen to by pausing the inputs.
        """
        if not self._accepting:
            return {}
        source = self.intake.inputs[topic]
        end = self._reading.end(source)
        self.intake.offer(topic, columns, self._plan.wall(), -1 if end is None else end.begins)
        if not self._plan.stream_clock:
            self._reading.note(source)
        self._steer()
        return self.intake.gaps()

    def _steer(self) -> None:
        """Pause and resume fetching, and call for a turn when a chunk is full. After every turn too: when all inputs
        are paused, no chunk comes to see to it. While nothing may be taken a turn out of its time would be the same
        again, and at once."""
        if not self._clock.waits and self.intake.ready >= self._plan.chunk_records:
            self._due.set()
        for name, full in self.intake.to_pause(HELD_CHUNKS * self._plan.chunk_records):
            (self._flow.pause if full else self._flow.resume)(name, self.number)

    # -- turns

    async def _run(self) -> None:
        try:
            while True:
                pause = self._next_turn - self._now()
                if self._reading.unread() >= self._plan.chunk_records:
                    pause = max(pause, CATCHING_UP)
                if pause > 0:
                    await self._wait(pause)
                self._due.clear()
                now = self._now()
                self._next_turn, self._no_sooner = now + self.interval, now + self.least_pause
                async with self._turning:
                    if not await self._commits.room():
                        return
                    await self._plan.turnstile.enter()
                    if self._accepting:
                        self._in_turn = True
                        await self._turn()
                        self._in_turn = False
                        self._steer()
                        self._tidy_up()
        finally:
            self._in_turn = False
            self._accepting = False

    def _tidy_up(self) -> None:
        """Where turns are short; where full chunks wait, all that they consist of would be looked at."""
        if not self._plan.stream_clock and self.intake.waiting < self._plan.chunk_records // 2:
            self._plan.tidy_up()

    async def _wait(self, pause: float) -> None:
        """Until the next turn: as long as that, less when a chunk is full or touches can be judged."""
        until = self._now() + pause
        while (left := until - self._now()) > 0 and not self._may_judge():
            # nothing tells when the end of an idle log was heard of
            if not self._outbox.waits_for_logs:
                left = min(left, max(self._next_touch() - self._now(), 0.0) + LOOK)
            else:
                left = min(left, LOOK)
            try:
                async with asyncio.timeout(left):
                    await self._due.wait()
                    return
            except TimeoutError:
                pass

    def _may_judge(self) -> bool:
        """Whether a turn may be taken out of its time, and would judge something."""
        return self._now() >= self._no_sooner and self._outbox.due(self._next_touch())

    def _next_touch(self) -> float:
        """When the next row is to be looked at by the wall, monotonic seconds. Perhaps no touch arises there."""
        return math.inf if self._plan.stream_clock else self._arising.passes(self.deadlines.next())

    async def _turn(self) -> None:
        """One stretch of time: everything that is due, computed and handed over."""
        began = time.perf_counter()
        wall, now = self._plan.wall(), self._now()
        self._clock.look(wall, now)
        if self._clock.waits:
            return
        bound = self._midnights.bound(self.intake, self._clock.reached)
        taken = self.intake.take(self._plan.chunk_records)
        effects = Effects()
        try:
            reached = min(self._clock.may_reach(taken, wall, now), bound)
            if taken.items or self.deadlines.next() < reached or self._walking.due(reached):
                await self._timeline.advance(taken.items, reached, effects)
            self._clock.goes_on(reached)
            asked = await self._walk_on(taken, effects)
            await self._outbox.emit(effects, wall, self._clock.passed, held=self._clock.held)
            # Not the rows themselves: they would outlive their chunk.
            self._arising.over(self._now(), () if self._plan.stream_clock else frozenset(effects.touched))
            told = self._midnights.due(self._clock.reached)
            unreadable = bool(self._unreadable_rules())
            if unreadable or taken.moved or effects.touched or effects.faults or self._walking.moved or told:
                outgoing = await self._with_links(taken, effects)
                self._hand_over(taken, effects, outgoing)
        except BaseException:
            self._commits.drop([*effects.granted, *effects.returned])
            raise
        if effects.returned:
            self._commits.drop(effects.returned)
            await self._commits.release()
        if asked:
            self._slices.took(self._now() - now, self.interval, asked)
        if taken.items:
            self._metrics.chunk_records.observe(len(taken.items))
            self._metrics.chunk_seconds.observe(time.perf_counter() - began)

    async def _walk_on(self, taken: Taken, effects: Effects) -> int:
        """Some rows more are asked for what concerns many customers, unless there is much else to do: as many as keep
        the turn short. Those whose touches wait are asked before they are judged. Answers how many there were, 0 where
        the turn is long without them."""
        if not self._walking.walks:
            return 0
        busy = len(taken.items) >= self._plan.chunk_records // 2
        most = max(self._plan.slice_rows // 4, 1) if busy else self._slices.rows
        before = len(effects.passed)
        below = END if self._plan.stream_clock else self._clock.reached
        await self._timeline.walk_on(most, effects, self._outbox.keys(), below)
        stretches = effects.passed[before:]
        asked = sum(len(stretch.keys) for stretch in stretches if isinstance(stretch, Asked))
        self._metrics.rows_asked.inc(asked)
        return 0 if busy else asked

    # -- out

    async def _with_links(self, taken: Taken, effects: Effects) -> Outgoing:
        """What is to be written, and whose phones have changed by it."""
        links = self._plan.links
        before = {} if links is None else links.before(taken.items, self.table.stored)
        outgoing = await self._outgoing(effects)
        if links is not None and before:
            links.publish(outgoing, before, effects.touched)
        return outgoing

    async def _outgoing(self, effects: Effects) -> Outgoing:
        """Rows, commands and decisions as they are to be written. Customers of whom something can't be, because it
        can't be encoded or is too large, are done again with care: afterwards what they cause can."""
        limits = self._plan.limits
        most = None if limits.row is None else limits.row - FRAME
        mended: set[str] = set()
        while True:
            outgoing = Outgoing()
            inputs = self._plan.partitions[self._plan.inputs[0].name]
            bad = publish(outgoing, effects, self.number, inputs, self._plan.partitions, limits)
            if not bad:
                try:
                    outgoing.rows = self.table.rows(effects.touched, most)
                    return outgoing
                except Unstorable as unstorable:
                    bad.update(unstorable.keys)
                    if not bad:
                        raise
            if bad <= mended:
                raise RuntimeError(f"{len(bad)} customers can't be stored, not even with care")
            mended |= bad
            await self._timeline.again(bad, effects)
            for key in bad:
                row = effects.touched.get(key)
                if row is not None and row.outbox:
                    self._outbox.hold(key)

    def _unreadable_rules(self) -> Sequence[Letter]:
        """What of the rules nobody has written a dead letter of, where this is the partition to do so."""
        since = self.table.record.positions.get(RULES.name, 0)
        return self._plan.unreadable_rules(since) if self.number == 0 else ()

    def _hand_over(self, taken: Taken, effects: Effects, outgoing: Outgoing) -> None:
        outgoing.offsets = offsets = self.intake.offsets()
        dead_letters = self.number % self._plan.partitions[DEAD_LETTERS.name]
        most = self._plan.limits.topics.get(DEAD_LETTERS.name)
        for fault in effects.faults:
            self._metrics.engine_faults.labels(at=fault.place).inc()
            self._faults.note(fault)
            letter = parked(fault, self.intake, self.number, taken)
            if letter is not None:
                outgoing.publish(DEAD_LETTERS.name, dead_letters, fitting(letter, most))
        for _, found in taken.letters:
            outgoing.publish(DEAD_LETTERS.name, dead_letters, fitting(found.record, most))
        for found in self._unreadable_rules():
            outgoing.publish(DEAD_LETTERS.name, dead_letters, fitting(found.record, most))
            self.table.record.positions[RULES.name] = found.offset + 1
        self._findings.publish(outgoing, effects.findings)
        self._midnights.publish(outgoing, effects, self._clock.reached)
        record = self.table.record
        self.intake.describe(record)
        record.reached = self._clock.reached
        self._walking.describe(self.table)
        count(self._metrics, record.counters, self._topics, taken, effects)
        # Of whom nobody has come back: what counts since then is in the row.
        erased = [row for row in effects.touched.values() if row.erased_at and not row.touches]
        outgoing.rows += [self.table.end(row.key) for row in erased if spent(row)]
        outgoing.rows += self.table.reserving()
        outgoing.rows.append(self.table.own())
        done = partial(self.intake.note_committed, offsets)
        gone = [(row.shop_id, row.customer_id) for row in erased]
        self._commits.hand_over(Commit(outgoing, effects.granted, done, gone))
