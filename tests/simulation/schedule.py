"""What a worker did to each row, in order, and which of it became durable: the schedule of the wall clock.

Nothing that is committed tells it. So each worker's engine and rows are watched: a store of rows sees what a row was
read as and what it was stored as, the engine everything in between. The changelog says which of the stored rows were
committed, one after another; of all that was noted only the ways between these are ever looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import SecretStr

from streams.merge import Merged
from streams.partition.phone_links import PhoneLinker, Stored
from streams.rows import RowStore
from triggers.asks import Ask, LedgerAnswer
from triggers.engine import Proposal


class Applied(NamedTuple):
    """An event that was none of the row's repeated ones."""

    event_id: str


class Looked(NamedTuple):
    """The row was looked at at its deadline."""

    due: int


class Judged(NamedTuple):
    """A touch was judged at `wall`, by the suppressions below offset `read`; the ledger, where it was asked, said
    `answer`."""

    proposal: Proposal
    wall: int
    ask: Ask | None
    answer: LedgerAnswer | None
    read: int


Step = Applied | Looked | Judged


class Way(NamedTuple):
    """What led from one stored row to the next. `before`: None where there was none."""

    before: bytes | None
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Schedule:
    """All workers' ways, by the row's key and what it was stored as: some differ in nothing that is stored."""

    ways: dict[tuple[str, bytes], list[Way]] = field(default_factory=lambda: defaultdict(list))


class Notes:
    """One worker's."""

    def __init__(self, schedule: Schedule) -> None:
        self._ways = schedule.ways
        self.aside = False
        """Rows are looked at as they are stored, and not decoded anew."""
        self._before: dict[str, bytes | None] = {}
        self._steps: defaultdict[str, list[Step]] = defaultdict(list)

    def note(self, key: str, step: Step) -> None:
        self._steps[key].append(step)

    def read(self, key: str, value: bytes | None) -> None:
        """The row is decoded anew: whatever had become of it since it was stored is forgotten."""
        if self.aside:
            return
        self._before[key] = value
        self._steps.pop(key, None)

    def stored(self, key: str, value: bytes) -> None:
        before = self._before.get(key)
        self._before[key] = value
        steps = tuple(self._steps.pop(key, ()))
        if steps or value != before:
            self._ways[key, value].append(Way(before, steps))


class NotedLinks(PhoneLinker):
    """See `PhoneLinker`: it looks at rows as they are stored."""

    def __init__(self, secret: SecretStr, region: Callable[[str], str | None], notes: Notes) -> None:
        super().__init__(secret, region)
        self._notes = notes

    def before(self, items: Iterable[Merged], stored: Stored) -> dict[str, set[str]]:
        self._notes.aside = True
        try:
            return super().before(items, stored)
        finally:
            self._notes.aside = False


class NotedRows:
    """See `RowStore`: another one, watched."""

    def __init__(self, store: RowStore, notes: Notes) -> None:
        self._store = store
        self._notes = notes
        self.about, self.load, self.heads, self.close = store.about, store.load, store.heads, store.close
        self.keys = store.keys

    def __len__(self) -> int:
        return len(self._store)

    def __contains__(self, key: object) -> bool:
        return key in self._store

    def get(self, key: str, /) -> bytes | None:
        value = self._store.get(key)
        self._notes.read(key, value)
        return value

    def update(self, rows: Iterable[tuple[str, bytes]], /) -> None:
        rows = list(rows)
        for key, value in rows:
            self._notes.stored(key, value)
        self._store.update(rows)
