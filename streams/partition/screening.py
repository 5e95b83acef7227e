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
from schemas.partitioner import partition_of, row_key
from schemas.topics import TopicSpec
from schemas.wire import ClockAdvanced, Malformed, decode_batch
from streams.chunks.chunk import Columns
from streams.letters import Letter, letter

_MILLISECOND: Final = 1000
KNOWN_KEYS: Final = 1_000_000
"""Keys that a worker remembers as right, at most, shared by its partitions: 0.2 KB each, beside rows of 1 KB."""

_TOO_FAR: Final = "occurred_at lies too far after the time the record was written"


@dataclass(slots=True)
class Stretch:
    """Consecutive events, as the merge takes them; then the input's time moves to `marker`, where there is one."""

    times: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """Of the events' rows."""
    marker: int | None = None


@dataclass(slots=True)
class Screened:
    """`markers` are the offsets of ClockAdvanced records."""

    stretches: list[Stretch] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    markers: list[int] = field(default_factory=list)


class KnownKeys(dict[bytes, str]):
    """Keys of records that were found to belong to a partition, with the keys of their rows, `most` of them or so.

    Hashing a key as Kafka does costs as much as decoding its event, and one string for all events of a customer is
    found in the rows faster than a new one each. One for all inputs of a partition. `most` may change at any time.
    """

    def __init__(self, partition: int, partitions: int, most: int = KNOWN_KEYS) -> None:
        super().__init__()
        self._partition = partition
        self._partitions = partitions
        self.most = most

    def names(self, keys: Sequence[bytes | None]) -> list[str] | None:
        """The rows' keys of all these records; None when one of them does not belong here."""
        known = cast("dict[bytes | None, str]", self)
        try:
            return list(map(known.__getitem__, keys))
        except KeyError:
            if len(self) >= self.most:
                self.clear()
        for key in keys:
            if key not in known and (key is None or self.owner(key) != self._partition):
                return None
        return list(map(known.__getitem__, keys))

    def owner(self, key: bytes) -> int:
        """The partition a key belongs to, -1 for what is no key of a row."""
        belongs = partition_of(key, self._partitions)
        if belongs == self._partition:
            try:
                self[key] = key.decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                return -1
        return belongs


class Screen:
    """For one partition of a customer topic that has `partitions`. `future_bound` in microseconds.

    `markers`: whether ClockAdvanced moves time (the stream clock) or is passed over (the wall clock). `known`: to be
    shared with the partition's other inputs.
    """

    def __init__(
        self,
        topic: TopicSpec,
        partition: int,
        partitions: int,
        future_bound: int,
        markers: bool,
        known: KnownKeys | None = None,
    ) -> None:
        self._topic = topic
        self._partition = partition
        self._partitions = partitions
        self._future_bound = future_bound
        self._markers = markers
        self._known = KnownKeys(partition, partitions) if known is None else known
        self._carried = _structs(topic)
        self._events_carried = self._carried - {ClockAdvanced}

    def sort(self, columns: Columns, wall: int) -> Screened:
        """`wall`: microseconds since the epoch, for records the broker did not stamp."""
        screened = Screened()
        stretch = Stretch()
        # Any: which of them have a customer is what `_events_carried` says, and no type checker follows.
        decoded: list[Any] = decode_batch(columns.values)
        begin = 0
        for index in self._odd(decoded):
            self._events(columns, decoded, range(begin, index), wall, stretch, screened)
            begin = index + 1
            event = decoded[index]
            if isinstance(event, Malformed):
                screened.letters.append(self._letter(columns, index, cast(Reason, event.reason), event.detail))
            elif event.__class__ not in self._carried:
                detail = f"{type(event).__name__} is not carried by {self._topic.name}"
                screened.letters.append(self._letter(columns, index, "wrong-topic", detail))
            else:
                screened.markers.append(columns.offsets[index])
                if self._markers:
                    stretch.marker = event.at
                    screened.stretches.append(stretch)
                    stretch = Stretch()
        self._events(columns, decoded, range(begin, len(decoded)), wall, stretch, screened)
        if stretch.times:
            screened.stretches.append(stretch)
        return screened

    def _odd(self, decoded: Sequence[Any]) -> list[int]:
        """Where what is no event of a customer lies; mostly nowhere, as the types of a whole chunk tell at once."""
        carried = self._events_carried
        if carried.issuperset(map(type, decoded)):
            return []
        return [index for index, event in enumerate(decoded) if event.__class__ not in carried]

    def _events(
        self, columns: Columns, decoded: list[Any], run: range, wall: int, stretch: Stretch, screened: Screened
    ) -> None:
        """A run of customers' events: looked at all at once, and one by one only where something is wrong with some."""
        if not run:
            return
        begin, end = run.start, run.stop
        events, keys = decoded[begin:end], columns.keys[begin:end]
        times = [event.at for event in events]
        # The chunk's lowest bound first: almost no chunk needs a look at single timestamps.
        bound = self._bound(min(columns.timestamps), columns, wall)
        names = self._known.names(keys)
        if names is not None and max(times) <= bound and _spell(keys, events):
            stretch.times += times
            stretch.offsets += columns.offsets[begin:end]
            stretch.events += events
            stretch.keys += names
            return
        for index, at, event in zip(run, times, events, strict=True):
            if at > bound and at > self._bound(columns.timestamps[index], columns, wall):
                screened.letters.append(self._letter(columns, index, "from-the-future", _TOO_FAR))
                continue
            name = row_key(event.shop_id, event.customer_id)
            wrong = self._wrong_key(columns.keys[index], name)
            if wrong is not None:
                screened.letters.append(self._letter(columns, index, "wrong-partition", wrong))
                continue
            stretch.times.append(at)
            stretch.offsets.append(columns.offsets[index])
            stretch.events.append(event)
            stretch.keys.append(name)

    def _letter(self, columns: Columns, index: int, reason: Reason, detail: str) -> Letter:
        return letter(self._topic.name, self._partition, columns, index, reason, detail)

    def _wrong_key(self, key: bytes | None, name: str) -> str | None:
        # An id that is no UTF-8 is a wrong key, not an error of ours.
        if key is None or key != name.encode("utf-8", "surrogatepass"):
            return "the record's key is not the event's shop_id:customer_id"
        if key in self._known:
            return None
        belongs = self._known.owner(key)
        if belongs != self._partition:
            return f"the key belongs to partition {belongs} of {self._partitions} (murmur2, as Kafka's Java client)"
        return None

    def _bound(self, timestamp: int, columns: Columns, wall: int) -> int:
        return (timestamp * _MILLISECOND if columns.stamped else wall) + self._future_bound


def _spell(keys: list[bytes | None], events: list[Any]) -> bool:
    """Whether each record's key is its event's `shop_id:customer_id`; rather false than wrong.

    Two joined texts tell it of all at once, at a sixth of the cost: with no line feed but those between the parts,
    equal texts have equal parts.
    """
    shops = {event.shop_id for event in events}
    if len(shops) > 1:
        whole = "\n".join([f"{event.shop_id}:{event.customer_id}" for event in events])
    else:
        shop = f"{shops.pop()}:"
        whole = shop + f"\n{shop}".join([event.customer_id for event in events])
    try:
        same = b"\n".join(keys) == whole.encode()  # type: ignore[arg-type]  # None is the TypeError
    except (TypeError, UnicodeEncodeError):
        return False
    return same and whole.count("\n") == len(events) - 1


@lru_cache
def _structs(topic: TopicSpec) -> frozenset[Any]:
    """What `decode_batch` makes of the events that a topic carries."""
    return frozenset(getattr(wire, name) for name in topic.carries)


@dataclass(frozen=True, slots=True)
class SharedScreen:
    """For a hand-assigned topic, whose events concern no row of their own, but perhaps all of them.

    Every partition reads all of it, so only one of them (`reports`) counts its markers and writes its dead letters.
    """

    topic: TopicSpec
    reports: bool
    future_bound: int
    markers: bool

    def sort(self, columns: Columns, wall: int) -> Screened:
        screened = Screened()
        stretch = Stretch()
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
            if not clock:
                stretch.times.append(event.at)
                stretch.offsets.append(columns.offsets[index])
                stretch.events.append(event)
                stretch.keys.append("")
                continue
            if self.reports:
                screened.markers.append(columns.offsets[index])
            if self.markers:
                stretch.marker = event.at
                screened.stretches.append(stretch)
                stretch = Stretch()
        if stretch.times:
            screened.stretches.append(stretch)
        return screened

    def _refuse(self, screened: Screened, columns: Columns, index: int, reason: Reason, detail: str) -> None:
        if self.reports:
            screened.letters.append(letter(self.topic.name, 0, columns, index, reason, detail))
