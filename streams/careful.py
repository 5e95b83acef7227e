"""One customer's stretch of time over again, a step at a time, where the engine failed on it.

Rows are changed in place, so after an exception nobody knows what a row is. It goes back to what was stored last, and
everything that it has been through since is done again: each record, each deadline, each touch a step of its own, with
the row kept before it. A step that fails is left out, and told as a fault:

- a record is parked: it has no effect, and goes to `dead-letters`;
- a deadline is put off by PAUSE, doubled each time it fails again, and after TRIES of them until an event of the
  customer's own sets the row a new one;
- a walk is passed over;
- a touch is refused with `engine-error`, and its step skipped.

Customers are independent, so this one alone is driven so; the others never notice. A row or an output that can't be
encoded, or is larger than its topic takes, is a fault of the step that made it. Everything follows from the row and its
records: whoever computes the same stretch again, on any machine, leaves out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from schemas.emitted import encode
from schemas.instants import rfc3339
from schemas.topics import DECISIONS, topic_of
from streams.effects import Advanced, Asked, Effects, Judged, Out, Passed, Reserve, Rows, Unkept
from streams.faults import NOT_A_CUSTOMERS, Fault, Place, TooLarge, fault
from streams.merge import Merged
from triggers.asks import Ask, Granted, LedgerAnswer
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.engine import NEVER, Engine, Proposal
from triggers.walks import Opened, Walk, pending

PAUSE: Final = 3_600_000_000
"""Microseconds of the row's time until a deadline that failed is looked at again, the first time."""

TRIES: Final = 8

FRAME: Final = 128
"""Bytes of a record batch that are not the key and the value of its one record, at most (headers not counted)."""


@dataclass(frozen=True, slots=True)
class RecordLimits:
    """How large a record batch may be, bytes by topic, as the brokers have it now; absent: any size. `rows` names the
    changelog."""

    topics: Mapping[str, int] = field(default_factory=dict)
    rows: str = ""

    @property
    def row(self) -> int | None:
        return self.topics.get(self.rows)

    def check_row(self, key: str, size: int) -> None:
        """Raises TooLarge."""
        most = self.row
        if most is not None and len(key.encode()) + 8 + size + FRAME > most:
            raise TooLarge(f"a row of {size} bytes is more than the changelog takes ({most})")

    def check(self, topic: str, key: bytes, size: int) -> None:
        """Raises TooLarge."""
        limit = self.topics.get(topic)
        if limit is not None and len(key) + size + FRAME > limit:
            raise TooLarge(f"a record of {size} bytes is more than {topic} takes ({limit})")


class Careful:
    """Drives single customers, with what a timeline drives all of them."""

    def __init__(
        self,
        engine: Engine,
        rows: Rows,
        ledger: Reserve,
        *,
        judge_at_once: bool,
        skip_applied: bool,
        limits: RecordLimits,
    ) -> None:
        self.engine = engine
        self.rows = rows
        self.ledger = ledger
        self.judge_at_once = judge_at_once
        self.skip_applied = skip_applied
        self.limits = limits

    async def again(
        self, key: str, passed: Sequence[Passed], items: Mapping[int, list[Merged]]
    ) -> tuple[Effects, CustomerRow | None]:
        """What the customer's own way through these stretches causes; `items` are its records by index of `passed`.

        And the row, which is in place, as it is afterwards; None where there is none, or none that can be read.
        Raises Unkept, and what is in NOT_A_CUSTOMERS.
        """
        try:
            row = self.rows.undo(key)
        except (*NOT_A_CUSTOMERS, Unkept):
            raise
        except Exception as error:  # noqa: BLE001  # a row that can't be read is one customer's
            return _unreadable(error, key, passed, items), None
        customer = _Customer(self, key, row)
        for index, stretch in enumerate(passed):
            customer.mine.arisen.clear()
            if isinstance(stretch, Judged):
                if key in stretch.keys and customer.row is not None:
                    await customer.judge(list(customer.row.outbox), stretch.wall)
                continue
            if isinstance(stretch, Asked):
                if key in stretch.keys:
                    await customer.fire(stretch.reached, stretch.opened)
                continue
            for item in items.get(index, ()):
                await customer.fire(item[0], stretch.opened)
                customer.take(item, stretch.opened)
            if customer.row is not None and customer.row.deadline < stretch.reached:
                await customer.fire(stretch.reached, stretch.opened)
        if customer.row is not None:
            self.rows.put(key, customer.row)
            if customer.changed:
                customer.mine.touched[key] = customer.row
        return customer.mine, customer.row


def _unreadable(error: Exception, key: str, passed: Sequence[Passed], items: Mapping[int, list[Merged]]) -> Effects:
    """All records are parked, and the row stays as it is stored: it may be read again by another release."""
    told = Effects()
    told.faults = [fault(error, key, item[0], "row", item=item) for found in items.values() for item in found]
    if not told.faults:
        at = max((stretch.reached for stretch in passed if isinstance(stretch, Advanced)), default=0)
        told.faults.append(fault(error, key, at, "row"))
    return told


class _Customer:
    """One row on its way. `mine` is what it has caused so far, `kept` the row as it was before the step."""

    def __init__(self, by: Careful, key: str, row: CustomerRow | None) -> None:
        self.by = by
        self.key = key
        self.row = row
        self.kept = None if row is None else encode_row(row)
        self.changed = False
        self.walked = 0
        """What a row that is made now was not there to take."""
        self.mine = Effects()

    def _step(
        self,
        at: int,
        place: Place,
        do: Callable[[CustomerRow], None],
        *,
        item: Merged | None = None,
        about: dict[str, str] | None = None,
    ) -> Fault | None:
        """Do it, and see that what came of it can be stored; else take all of it back."""
        mine = self.mine
        told = mine.commands, mine.decisions, mine.findings, mine.counted
        before = [len(one) for one in told]
        if self.row is None:
            self.row = self.by.engine.new_row(*self.key.split(":", 1))
            self.row.walked = self.walked
        row = self.row
        try:
            do(row)
            if row.outgoing:
                mine.take_outgoing(self.key, row, at)
            kept = encode_row(row)
            self.by.limits.check_row(self.key, len(kept))
            self._check(mine.commands[before[0] :])
            self._check(mine.decisions[before[1] :])
        except NOT_A_CUSTOMERS:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this step's
            self.row = None if self.kept is None else decode_row(self.kept)
            for one, length in zip(told, before, strict=True):
                del one[length:]
            return fault(error, self.key, at, place, row=self.row, item=item, about=about)
        self.kept, self.changed = kept, True
        return None

    def _check(self, outs: Iterable[Out]) -> None:
        for out in outs:
            name = type(out.record).__name__
            topic = DECISIONS if name == "Decision" else topic_of(name)
            self.by.limits.check(topic.name, out.key.encode(), len(encode(out.record)))

    # -- steps

    def take(self, item: Merged, opened: Opened) -> None:
        """Apply a record, or park it."""
        self.walked = opened.last
        effective, rank, _, offset, _, event = item
        skip, mine = self.by.skip_applied, self.mine
        if skip and self.row is not None and offset < self.row.applied.get(rank, 0):
            mine.repeats.append((self.key, rank))
            return
        fresh = True

        def apply(row: CustomerRow) -> None:
            nonlocal fresh
            fresh = self.by.engine.on_event(row, event, effective)
            if skip:
                row.applied[rank] = offset + 1

        failed = self._step(effective, "event", apply, item=item)
        if failed is not None:
            mine.faults.append(failed)
            if skip and self.row is not None:
                self._step(effective, "event", lambda row: row.applied.__setitem__(rank, offset + 1))
        elif fresh:
            mine.applied += 1
        else:
            mine.repeats.append((self.key, rank))

    async def fire(self, below: int, opened: Opened) -> None:
        """The row takes what has been opened, each walk after the deadlines before it; then those below fire."""
        while self.row is not None and (self.row.walked < opened.last or self.row.deadline < below):
            due = self.row.deadline
            if self.row.walked < opened.last:
                walk = pending(opened, self.row.walked, self.row.shop_id)
                if walk is None or walk.at <= due:
                    self._walk(walk, opened)
                    continue
            arose: list[Proposal] = []

            def look(row: CustomerRow, due: int = due, arose: list[Proposal] = arose) -> None:
                arose += self.by.engine.on_deadline(row, due)
                row.faults = 0

            failed = self._step(due, "deadline", look, about={"deadline_at": rfc3339(due)})
            if failed is not None:
                self.mine.faults.append(failed)
                self._put_off(due)
                continue
            self.mine.fell_due += [(self.key, proposal.rule) for proposal in arose if not proposal.test]
            if not arose:
                continue
            if self.by.judge_at_once:
                await self.judge(arose, None)
            else:
                self.mine.arisen.append(self.key)

    def _walk(self, walk: Walk | None, opened: Opened) -> None:
        """Take one walk; a row that can't passes it over. None: there is none left that concerns it."""
        walked = opened.last if walk is None else walk.ordinal
        if walk is not None:
            failed = self._step(walk.at, "walk", partial(self._on_walk, walk=walk))
            if failed is not None:
                self.mine.faults.append(failed)
        assert self.row is not None
        self.row.walked = walked
        self.kept = encode_row(self.row)

    def _on_walk(self, row: CustomerRow, walk: Walk) -> None:
        self.by.engine.on_walk(row, walk)

    def _put_off(self, due: int) -> None:
        row = self.row
        assert row is not None
        row.deadline = due + (PAUSE << row.faults) if row.faults < TRIES else NEVER
        row.faults = min(row.faults + 1, TRIES)
        self.kept, self.changed = encode_row(row), True

    async def judge(self, proposals: Sequence[Proposal], wall: int | None) -> None:
        engine, mine = self.by.engine, self.mine
        for proposal in proposals:
            at = wall if wall is not None else proposal.planned
            about = {
                "rule": proposal.rule, "rule_version": proposal.rule_version, "epoch": proposal.epoch,
                "step": proposal.step, "due_at": rfc3339(proposal.due),
            }  # fmt: skip
            found: list[Ask | None] = []

            def ask_for(
                row: CustomerRow, proposal: Proposal = proposal, at: int = at, found: list[Ask | None] = found
            ) -> None:
                found.append(engine.on_emit(row, proposal, at).ask)

            failed = self._step(at, "emission", ask_for, about=about)
            answer: LedgerAnswer | None = None
            ask = found[0] if found else None
            if failed is None and ask is not None:
                (answer,) = await self.by.ledger.reserve([ask])
                if answer is None:
                    mine.arisen.append(self.key)
                    continue
            if failed is None:
                failed = self._step(at, "emission", self._concluding(proposal, at, answer), about=about)
            if failed is None:
                if ask is not None and isinstance(answer, Granted):
                    mine.granted.append(ask)
                continue
            mine.faults.append(failed)
            if ask is not None and isinstance(answer, Granted):
                mine.returned.append(ask)
            if self._step(at, "emission", self._refusing(proposal, at)) is not None:
                self._step(at, "emission", partial(_forget, proposal=proposal))

    def _concluding(self, proposal: Proposal, at: int, answer: LedgerAnswer | None) -> Callable[[CustomerRow], None]:
        def conclude(row: CustomerRow) -> None:
            # Judged anew: a judgement belongs to the row it was made from.
            emitted = self.by.engine.conclude(row, self.by.engine.on_emit(row, proposal, at), answer)
            self.mine.commands += [Out(self.key, at, proposal.epoch, command) for command in emitted.commands]
            self.mine.decisions.append(Out(self.key, at, proposal.epoch, emitted.decision))

        return conclude

    def _refusing(self, proposal: Proposal, at: int) -> Callable[[CustomerRow], None]:
        def refuse(row: CustomerRow) -> None:
            emitted = self.by.engine.give_up(row, proposal, at)
            self.mine.decisions.append(Out(self.key, at, proposal.epoch, emitted.decision))

        return refuse


def _forget(row: CustomerRow, proposal: Proposal) -> None:
    """A touch that can't even be refused waits no more, and its journey with it."""
    row.outbox = [waiting for waiting in row.outbox if waiting != proposal]
