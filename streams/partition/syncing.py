"""The topic `products` as one partition merges it: what a sync changed becomes one event when the sync is over.

Snapshots are collected as they are read and are in no commit. So after a restart they are read again from the first
one on whose sync is not yet applied (`since`); marks that were applied before end their sets then, and say nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, cast

import structlog

from feeds.snapshots import BadSnapshot
from schemas.contracts import Refused
from schemas.dead_letters import Reason
from schemas.topics import TopicSpec
from streams.chunks.chunk import Columns
from streams.letters import letter
from streams.partition.screening import Screened, Stretch
from streams.syncs import is_end, is_mark, read_change, read_mark
from triggers.syncs import MOST_CHANGES, ChangedSet

log: Final = structlog.get_logger(__name__)

_MILLISECOND: Final = 1000


@dataclass(slots=True)
class _Open:
    """A shop's set that is not over. `since`: offset of its first snapshot."""

    since: int
    changed: ChangedSet


@dataclass
class SyncScreen:
    """See `streams.partition.intake.Screening`. Every partition reads the whole topic, one of them (`reports`) tells
    what is wrong with its marks; what is wrong with snapshots is told by who fills the store of products. `most`:
    changes of a sync that are looked at."""

    topic: TopicSpec
    reports: bool
    future_bound: int
    most: int = MOST_CHANGES
    _open: dict[str, _Open] = field(default_factory=dict)
    _over: deque[tuple[int, int]] = field(default_factory=deque)
    """(offset of the mark, of the first snapshot) of sets that are over and may not be applied yet."""
    _applied: int = 0

    def begin(self, applied: int) -> None:
        """Start over: what lies below this offset was applied before."""
        self._open.clear()
        self._over.clear()
        self._applied = applied

    def since(self, applied: int) -> int:
        """Where reading is to begin anew when everything below `applied` has been applied."""
        while self._over and self._over[0][0] < applied:
            self._over.popleft()
        return min([applied, *(first for _, first in self._over), *(one.since for one in self._open.values())])

    def sort(self, columns: Columns, wall: int) -> Screened:
        screened = Screened()
        stretch = Stretch()
        for index, (offset, key) in enumerate(zip(columns.offsets, columns.keys, strict=True)):
            if is_mark(key):
                if is_end(key):
                    self._mark(columns, index, wall, stretch, screened)
                continue
            try:
                shop_id, product_id, change, at = read_change(key, columns.values[index])
            except BadSnapshot:
                continue
            known = self._open.get(shop_id)
            if change is not None:
                if known is None:
                    known = self._open[shop_id] = _Open(offset, ChangedSet(self.most))
                known.changed.add(product_id, change, at)
            elif known is not None and columns.values[index] is None:
                known.changed.discard(product_id)
        if stretch.times:
            screened.stretches.append(stretch)
        return screened

    def _mark(self, columns: Columns, index: int, wall: int, stretch: Stretch, screened: Screened) -> None:
        offset = columns.offsets[index]
        try:
            said = read_mark(columns.keys[index], columns.values[index])
        except Refused as refused:
            self._refuse(screened, columns, index, cast(Reason, refused.reason), refused.detail)
            return
        written = columns.timestamps[index] * _MILLISECOND if columns.stamped else wall
        if said.at > written + self.future_bound:
            why = "occurred_at lies too far after the time the record was written"
            self._refuse(screened, columns, index, "from-the-future", why)
            return
        known = self._open.pop(said.shop_id, None)
        if known is None or offset < self._applied:
            return
        over = known.changed.over(said.shop_id, said.sync_id, said.at)
        if over.left_out and self.reports:
            log.warning(
                "a sync changed more products than are looked at: the largest drops of a price are",
                shop=over.shop_id, sync=over.sync_id, changes=len(over.changes), left_out=over.left_out,
            )  # fmt: skip
        self._over.append((offset, known.since))
        stretch.times.append(said.at)
        stretch.offsets.append(offset)
        stretch.events.append(over)
        stretch.keys.append("")

    def _refuse(self, screened: Screened, columns: Columns, index: int, reason: Reason, detail: str) -> None:
        if self.reports and columns.offsets[index] >= self._applied:
            screened.letters.append(letter(self.topic.name, 0, columns, index, reason, detail))
