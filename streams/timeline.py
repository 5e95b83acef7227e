"""Rows move along their own time: events, the deadlines between them, and the touches that fall due.

Customers are independent, so each row is driven on its own: before an event of effective time `t` every deadline of
the row strictly below `t` fires (SEMANTICS: an event at a deadline's own instant comes first). On the stream clock a
touch is judged the moment it falls due; where the gates need the ledger the row pauses, all paused rows ask the ledger
in one call, and go on with its answers. (The rows' own ledger can `decide` at once: no row pauses for it, which saves
a touch some 4 %.) On the wall clock touches stay in the row's outbox until `emit` is called for them. The pausing is a
generator a row, so the order of work is the same whatever the ledger's speed.

Walks (triggers.walks) come first: whatever a row is met for, it takes what has been opened before that. `walk_on` asks
those that are not met.

A long stretch gives way now and then, by count: nothing else touches its rows meanwhile, so what comes out is the same.

An exception out of the engine leaves one row in pieces and stops nobody: the others go on, and at the end of the
stretch that customer's own is done again with care (streams.careful).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Generator, Iterable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

from schemas.partitioner import row_key
from streams.careful import Careful, RecordLimits
from streams.effects import Advanced, Asked, AtOnce, Effects, Judged, Out, Reserve, Rows, items_of
from streams.faults import NOT_A_CUSTOMERS
from streams.merge import BEGINNING, END, Merged
from streams.walking import Walking
from triggers.asks import Ask, Granted, LedgerAnswer
from triggers.customer import CustomerRow
from triggers.engine import Engine, Proposal
from triggers.walks import Opened, pending

__all__ = ["Deadlines", "Effects", "Out", "Reserve", "Rows", "Timeline", "Way"]

Way = Generator[Ask, LedgerAnswer | None, None]
"""One row's way: yields what it asks the ledger, is sent the answer (None: the ledger is away)."""

STRETCH: Final = 256
"""Records, or rows, after which a stretch gives way: some 5 ms of work. Commits, heartbeats and the ledger wait as long
for each of their steps."""

_ALL: Final = 1 << 62

Part = TypeVar("Part")


class Deadlines(Protocol):
    """An index of rows by deadline, lazily kept: an entry may be early, never late."""

    def note(self, key: str, at: int) -> None: ...
    def pop_below(self, reached: int) -> list[str]: ...


class Timeline:
    """Drives one partition's rows. `judge_at_once` is the stream clock, `skip_applied` the at-least-once policy;
    `give_way` is awaited after each `stretch` of records or rows, and comes back when work may go on. `reached`: where
    a former one had come to."""

    def __init__(
        self,
        engine: Engine,
        rows: Rows,
        deadlines: Deadlines,
        ledger: Reserve,
        *,
        judge_at_once: bool,
        skip_applied: bool = False,
        limits: RecordLimits | None = None,
        give_way: Callable[[], Awaitable[None]] | None = None,
        stretch: int = STRETCH,
        walking: Walking | None = None,
        reached: int = BEGINNING,
    ) -> None:
        self.walking = Walking(engine, rows) if walking is None else walking
        self._reached = reached
        self._engine = engine
        self._rows = rows
        self._deadlines = deadlines
        self._ledger = ledger
        self._decide = ledger.decide if isinstance(ledger, AtOnce) else None
        self._judge_at_once = judge_at_once
        self._skip_applied = skip_applied
        self._give_way = give_way or _go_on
        self._stretch = stretch
        self._careful = Careful(
            engine,
            rows,
            ledger,
            judge_at_once=judge_at_once,
            skip_applied=skip_applied,
            limits=limits or RecordLimits(),
        )

    async def advance(self, items: Sequence[Merged], reached: int, effects: Effects | None = None) -> Effects:
        """Apply merged events, open what is to be open by then, fire every deadline strictly below `reached`."""
        effects = effects or Effects()
        paused: dict[str, tuple[Way, Ask]] = {}
        rests: dict[str, deque[tuple[Merged, Opened]]] = {}
        known = len(effects.repeats)
        number = applied = 0
        for items_until in self.walking.parts(items, reached):
            for part in _parts(items_until, self._stretch):
                if number:
                    await self._give_way()
                self._apply(part, paused, rests, effects)
                number += 1
            applied += len(items_until)
            effects.passed.append(Advanced(items_until, BEGINNING, self.walking.opened))
        self._reached = max(self._reached, reached)
        await self._rounds(paused, effects)
        while due := self._deadlines.pop_below(reached):
            for number, keys in enumerate(_parts(due, self._stretch)):
                if number:
                    await self._give_way()
                self._fire_due(keys, reached, paused, effects)
            await self._rounds(paused, effects)
        effects.applied += applied - (len(effects.repeats) - known)
        effects.passed.append(Advanced((), reached, self.walking.opened))
        await self._mend(effects)
        return effects

    def _apply(
        self,
        items: Sequence[Merged],
        paused: dict[str, tuple[Way, Ask]],
        rests: dict[str, deque[tuple[Merged, Opened]]],
        effects: Effects,
    ) -> None:
        """Events in order. What follows of a customer whose row is `paused` goes to its `rests`."""
        opened = self.walking.opened
        last = opened.last
        touched, repeats, failed = effects.touched, effects.repeats, effects.failed
        rows_get, on_event, skip_applied = self._rows.get, self._engine.on_event, self._skip_applied
        for item in items:
            effective, rank, _, offset, key, event = item
            key = key or row_key(event.shop_id, event.customer_id)  # as `key_of`, one call less
            if rests and key in rests:
                rests[key].append((item, opened))
                continue
            try:
                found = touched.get(key)
                row = found or rows_get(key)
                if row is None:
                    row = self._engine.new_row(event.shop_id, event.customer_id)
                    row.walked = last  # it was not there to take them
                    self._rows.put(key, row)
                before = row.deadline
                if before < effective or row.walked < last:
                    rest = deque(((item, opened),))
                    if self._start(key, self._way(key, row, rest, None, effects), paused, effects):
                        rests[key] = rest
                    continue
                if skip_applied:
                    if offset < row.applied.get(rank, 0):
                        repeats.append((key, rank))
                        continue
                    row.applied[rank] = offset + 1
                if found is None:
                    touched[key] = row
                if not on_event(row, event, effective):
                    repeats.append((key, rank))
                if row.outgoing:
                    effects.take_outgoing(key, row, effective)
                if row.deadline < before:  # one that moves away is found when the index comes to where it was
                    self._deadlines.note(key, row.deadline)
            except NOT_A_CUSTOMERS:
                raise
            except Exception:  # noqa: BLE001  # found again, and told, when this customer's stretch is done again
                failed.add(key)
                rests[key] = deque()  # swallows what follows of this customer

    def _fire_due(self, due: Sequence[str], reached: int, paused: dict[str, tuple[Way, Ask]], effects: Effects) -> None:
        """Deadlines below `reached` of rows that the index named."""
        touched, failed, rows_get = effects.touched, effects.failed, self._rows.get
        for key in due:
            try:
                row = None if key in failed else touched.get(key) or rows_get(key)
                if row is not None and row.deadline < reached:
                    self._start(key, self._way(key, row, deque(), reached, effects), paused, effects)
                elif row is not None:  # it has moved on since it was noted: nothing fires, nothing is to be stored
                    self._deadlines.note(key, row.deadline)
            except NOT_A_CUSTOMERS:
                raise
            except Exception:  # noqa: BLE001  # as above
                failed.add(key)

    async def walk_on(
        self, most: int, effects: Effects | None = None, first: Iterable[str] = (), below: int = END
    ) -> Effects:
        """Ask about `most` rows more for the open walks, when one lies `below` this instant. `first`: those to ask at
        once when something has just opened, above all rows whose touches are about to be judged."""
        effects = effects or Effects()
        paused: dict[str, tuple[Way, Ask]] = {}
        keys = self.walking.ask(most, effects.touched, first, below)
        opened = self.walking.opened
        touched, failed = effects.touched, effects.failed
        for number, key in enumerate(keys, 1):
            if number % self._stretch == 0:
                await self._give_way()
            try:
                row = touched.get(key) or self._rows.look(key)
                if row is not None and row.walked < opened.last:
                    self._start(key, self._asked(key, row, opened, effects), paused, effects)
            except NOT_A_CUSTOMERS:
                raise
            except Exception:  # noqa: BLE001  # found again, and told, when this customer's stretch is done again
                failed.add(key)
        await self._rounds(paused, effects)
        if keys:
            effects.passed.append(Asked(frozenset(keys), self._reached, opened))
        await self._mend(effects)
        self.walking.asked()
        return effects

    async def finish_walks(self, effects: Effects) -> Effects:
        """All of them, for every row."""
        while self.walking.walks:
            await self.walk_on(_ALL, effects)
        return effects

    async def emit(self, keys: Iterable[str], wall: int | None, effects: Effects | None = None) -> Effects:
        """Judge what waits in these rows' outboxes, at `wall`, or each at its own due time (None: the stream clock)."""
        effects = effects or Effects()
        paused: dict[str, tuple[Way, Ask]] = {}
        keys = dict.fromkeys(keys)
        for number, key in enumerate(keys, 1):
            if number % self._stretch == 0:
                await self._give_way()
            try:
                row = effects.touched.get(key) or self._rows.get(key)
                if row is not None and row.outbox:
                    self._start(key, self._judge(key, row, list(row.outbox), wall, effects), paused, effects)
            except NOT_A_CUSTOMERS:
                raise
            except Exception:  # noqa: BLE001  # found again, and told, when this customer's stretch is done again
                effects.failed.add(key)
        await self._rounds(paused, effects)
        effects.passed.append(Judged(keys, wall))
        await self._mend(effects)
        return effects

    async def again(self, keys: Collection[str], effects: Effects) -> None:
        """What these rows caused is withdrawn, and done again with care: something of it can't be stored."""
        effects.failed.update(keys)
        await self._mend(effects)

    async def _mend(self, effects: Effects) -> None:
        if not effects.failed:
            return
        keys = sorted(effects.failed)
        items: defaultdict[str, dict[int, list[Merged]]] = defaultdict(dict)
        number = 0
        for index, key, item in items_of(effects.failed, effects.passed):
            items[key].setdefault(index, []).append(item)
            number += 1
        granted = effects.withdraw(effects.failed, number)
        effects.failed.clear()
        for key in keys:
            mended, row = await self._careful.again(key, effects.passed, items[key])
            effects.add(mended)
            if row is not None:  # also one that is as it was: its entry may have come up meanwhile
                self._deadlines.note(key, row.deadline)
        known = {ask.touch_id for ask in (*effects.granted, *effects.returned)}
        effects.returned += [ask for ask in granted if ask.touch_id not in known]

    def _start(self, key: str, way: Way, paused: dict[str, tuple[Way, Ask]], effects: Effects) -> bool:
        """Run a row's way up to its first question; True when it paused there."""
        try:
            ask = next(way)
        except StopIteration:
            return False
        paused[key] = (way, ask)
        return True

    async def _rounds(self, paused: dict[str, tuple[Way, Ask]], effects: Effects) -> None:
        """Ask the ledger for all paused rows at once, and again, until none is paused."""
        while paused:
            waiting = list(paused.items())
            paused.clear()
            asks = [ask for _, (_, ask) in waiting]
            try:
                answers = await self._ledger.reserve(asks)
            except BaseException:
                effects.returned += asks  # may have been granted: nobody will know
                raise
            # Only these: confirming counts a touch for good, also one that was refused or not judged at all.
            effects.granted += [ask for ask, answer in zip(asks, answers, strict=True) if isinstance(answer, Granted)]
            for number, ((key, (way, _)), answer) in enumerate(zip(waiting, answers, strict=True), 1):
                if number % self._stretch == 0:
                    await self._give_way()
                try:
                    ask = way.send(answer)
                except StopIteration:
                    continue
                except NOT_A_CUSTOMERS:
                    raise
                except Exception:  # noqa: BLE001  # found again, and told, when this customer's stretch is done again
                    effects.failed.add(key)
                    continue
                paused[key] = (way, ask)

    def _way(
        self,
        key: str,
        row: CustomerRow,
        rest: deque[tuple[Merged, Opened]],
        reached: int | None,
        effects: Effects,
    ) -> Way:
        """The row through its events in `rest` (which may grow while paused), then its deadlines below `reached`."""
        while rest:
            (effective, rank, _, offset, _, event), opened = rest[0]
            yield from self._fire(key, row, effective, opened, effects)
            rest.popleft()
            if self._skip_applied and offset < row.applied.get(rank, 0):
                effects.repeats.append((key, rank))
                continue
            if not self._engine.on_event(row, event, effective):
                effects.repeats.append((key, rank))
            if row.outgoing:
                effects.take_outgoing(key, row, effective)
            if self._skip_applied:
                row.applied[rank] = offset + 1
        if reached is not None:
            yield from self._fire(key, row, reached, self.walking.opened, effects)
        effects.touched[key] = row
        self._deadlines.note(key, row.deadline)

    def _asked(self, key: str, row: CustomerRow, opened: Opened, effects: Effects) -> Way:
        """A row that nothing has happened to. One that takes nothing is not touched: asked again, it says so."""
        yield from self._fire(key, row, self._reached, opened, effects)
        if key in effects.touched:
            self._deadlines.note(key, row.deadline)

    def _fire(self, key: str, row: CustomerRow, below: int, opened: Opened, effects: Effects) -> Way:
        """What has been opened is taken, each walk after the deadlines before it; then deadlines below fire."""
        while row.walked < opened.last or row.deadline < below:
            due = row.deadline
            if row.walked < opened.last:
                walk = pending(opened, row.walked, row.shop_id)
                if walk is None:
                    row.walked = opened.last
                    continue
                if walk.at <= due:
                    if self._engine.on_walk(row, walk) and key not in effects.touched:
                        self._rows.put(key, row)
                        effects.touched[key] = row
                    row.walked = walk.ordinal
                    if row.outgoing:
                        effects.take_outgoing(key, row, walk.at)
                    continue
            proposals = self._engine.on_deadline(row, due)
            if row.faults:
                row.faults = 0
            if key not in effects.touched:
                self._rows.put(key, row)
                effects.touched[key] = row
            if row.outgoing:
                effects.take_outgoing(key, row, due)
            if not proposals:
                continue
            for proposal in proposals:
                if not proposal.test:
                    effects.fell_due.append((key, proposal.rule))
            if self._judge_at_once:
                yield from self._judge(key, row, proposals, None, effects)
            else:
                effects.arisen.append(key)

    def _judge(
        self, key: str, row: CustomerRow, proposals: Sequence[Proposal], wall: int | None, effects: Effects
    ) -> Way:
        engine, decide = self._engine, self._decide
        for proposal in proposals:
            at = wall if wall is not None else (proposal.due if proposal.wake is None else proposal.wake)
            judgement = engine.on_emit(row, proposal, at)
            answer: LedgerAnswer | None = None
            if judgement.ask is not None and decide is not None:
                answer = decide(judgement.ask)
                if isinstance(answer, Granted):
                    effects.granted.append(judgement.ask)
            elif judgement.ask is not None:
                answer = yield judgement.ask
                if answer is None:
                    effects.arisen.append(key)
                    continue
            emitted = engine.conclude(row, judgement, answer)
            for command in emitted.commands:
                effects.commands.append(Out(key, at, proposal.epoch, command))
            effects.decisions.append(Out(key, at, proposal.epoch, emitted.decision))
            if row.outgoing:
                effects.take_outgoing(key, row, at)
        effects.touched[key] = row
        self._deadlines.note(key, row.deadline)


def _parts(whole: Sequence[Part], most: int) -> Iterator[Sequence[Part]]:
    for begin in range(0, len(whole), most):
        yield whole[begin : begin + most]


async def _go_on() -> None: ...
