"""A chunk's records sorted: events for the merge, clock markers, and what goes to `dead-letters` with its reason.

Pure: the wall clock is passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, cast

from schemas import wire
from schemas.dead_letters import Reason
from schemas.partitioner import partition_of
from schemas.topics import TopicSpec
from schemas.wire import ClockAdvanced, Malformed, decode_batch
from streams.chunks.chunk import Columns
from streams.delivery import Record

_MILLISECOND: Final = 1000
CHECKED_KEYS: Final = 100_000
"""Keys an input remembers as right, at most."""

_TOO_FAR: Final = "occurred_at lies too far after the time the record was written"


@dataclass(slots=True)
class Stretch:
    """Consecutive events, as the merge takes them; then the input's time moves to `marker`, where there is one."""

    times: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    marker: int | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """One record on its way to `dead-letters`."""

    offset: int
    reason: Reason
    record: Record


@dataclass(slots=True)
class Screened:
    """`markers` are the offsets of ClockAdvanced records, `idle` of events that no row is to see."""

    stretches: list[Stretch] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    markers: list[int] = field(default_factory=list)
    idle: list[int] = field(default_factory=list)


def letter(topic: str, partition: int, columns: Columns, index: int, reason: Reason, detail: str) -> Letter:
    """The original bytes and key; origin and reason in headers (schemas.dead_letters)."""
    offset = columns.offsets[index]
    headers = (
        ("reason", reason.encode()),
        ("detail", detail.encode()),
        ("origin_topic", topic.encode()),
        ("origin_partition", str(partition).encode()),
        ("origin_offset", str(offset).encode()),
        ("origin_timestamp", str(columns.timestamps[index]).encode()),
    )
    return Letter(offset, reason, Record(columns.keys[index], columns.values[index], headers))


@dataclass(frozen=True, slots=True)
class Screen:
    """For one partition of a customer topic that has `partitions`. `future_bound` in microseconds.

    `markers`: whether ClockAdvanced moves time (the stream clock) or is passed over (the wall clock).
    """

    topic: TopicSpec
    partition: int
    partitions: int
    future_bound: int
    markers: bool
    checked: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    """Keys found right before, with their shop and customer: hashing a key costs as much as decoding its event."""

    def sort(self, columns: Columns, wall: int) -> Screened:
        """`wall`: microseconds since the epoch, for records the broker did not stamp."""
        screened = Screened()
        stretch = Stretch()
        carried = _structs(self.topic)
        bound = self._bound(min(columns.timestamps, default=0), columns, wall)
        times, offsets, events = stretch.times, stretch.offsets, stretch.events
        keys, checked = columns.keys, cast("dict[bytes | None, tuple[str, str]]", self.checked)
        # Any: which of them have a customer is what `carried` says, and no type checker follows.
        decoded: Sequence[Any] = decode_batch(columns.values)
        for index, event in enumerate(decoded):
            if event.__class__ not in carried:
                if isinstance(event, Malformed):
                    screened.letters.append(self._letter(columns, index, cast(Reason, event.reason), event.detail))
                else:
                    detail = f"{type(event).__name__} is not carried by {self.topic.name}"
                    screened.letters.append(self._letter(columns, index, "wrong-topic", detail))
                continue
            if isinstance(event, ClockAdvanced):
                screened.markers.append(columns.offsets[index])
                if self.markers:
                    stretch.marker = event.at
                    screened.stretches.append(stretch)
                    stretch = Stretch()
                    times, offsets, events = stretch.times, stretch.offsets, stretch.events
                continue
            at = event.at
            # The chunk's lowest bound first: almost no chunk needs a look at single timestamps.
            if at > bound and at > self._bound(columns.timestamps[index], columns, wall):
                screened.letters.append(self._letter(columns, index, "from-the-future", _TOO_FAR))
                continue
            key = keys[index]
            shop_id, customer_id = event.shop_id, event.customer_id
            if checked.get(key) != (shop_id, customer_id):
                wrong = self._wrong_key(key, shop_id, customer_id)
                if wrong is not None:
                    screened.letters.append(self._letter(columns, index, "wrong-partition", wrong))
                    continue
            times.append(at)
            offsets.append(columns.offsets[index])
            events.append(event)
        if times:
            screened.stretches.append(stretch)
        return screened

    def _letter(self, columns: Columns, index: int, reason: Reason, detail: str) -> Letter:
        return letter(self.topic.name, self.partition, columns, index, reason, detail)

    def _wrong_key(self, key: bytes | None, shop_id: str, customer_id: str) -> str | None:
        # An id that is no UTF-8 is a wrong key, not an error of ours.
        right = f"{shop_id}:{customer_id}".encode("utf-8", "surrogatepass")
        if key != right:
            return "the record's key is not the event's shop_id:customer_id"
        belongs = partition_of(right, self.partitions)
        if belongs != self.partition:
            return f"the key belongs to partition {belongs} of {self.partitions} (murmur2, as Kafka's Java client)"
        if len(self.checked) >= CHECKED_KEYS:
            self.checked.clear()
        self.checked[right] = (shop_id, customer_id)
        return None

    def _bound(self, timestamp: int, columns: Columns, wall: int) -> int:
        return (timestamp * _MILLISECOND if columns.stamped else wall) + self.future_bound


@lru_cache
def _structs(topic: TopicSpec) -> frozenset[Any]:
    """What `decode_batch` makes of the events that a topic carries."""
    return frozenset(getattr(wire, name) for name in topic.carries)


@dataclass(frozen=True, slots=True)
class SharedScreen:
    """For a hand-assigned topic, whose events move a partition's time and touch no row of their own.

    Every partition reads all of it, so only one of them (`reports`) counts its events and writes its dead letters.
    """

    topic: TopicSpec
    reports: bool
    future_bound: int
    markers: bool

    def sort(self, columns: Columns, wall: int) -> Screened:
        screened = Screened()
        carried = _structs(self.topic)
        for index, event in enumerate(decode_batch(columns.values)):
            if isinstance(event, Malformed):
                self._refuse(screened, columns, index, cast(Reason, event.reason), event.detail)
                continue
            if event.__class__ not in carried:
                detail = f"{type(event).__name__} is not carried by {self.topic.name}"
                self._refuse(screened, columns, index, "wrong-topic", detail)
                continue
            clock = isinstance(event, ClockAdvanced)
            written = columns.timestamps[index] * _MILLISECOND if columns.stamped else wall
            if not clock and event.at > written + self.future_bound:
                self._refuse(screened, columns, index, "from-the-future", _TOO_FAR)
                continue
            if self.reports:
                (screened.markers if clock else screened.idle).append(columns.offsets[index])
            if self.markers or not clock:
                screened.stretches.append(Stretch(marker=event.at))
        return screened

    def _refuse(self, screened: Screened, columns: Columns, index: int, reason: Reason, detail: str) -> None:
        if self.reports:
            screened.letters.append(letter(self.topic.name, 0, columns, index, reason, detail))
