"""What came out of a seed: read under `read_committed`, as a dispatcher and an auditor would."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from schemas.emitted import Command, Decision, decode_command, decode_decision
from schemas.topics import CRM_COMMANDS, DEAD_LETTERS, DECISIONS, SMS_COMMANDS
from streams.table import PARTITION_KEY, RESERVED
from tests.simulation.broker import Broker, columns
from tests.simulation.broker.interface import Place
from tests.simulation.worker import CHANGELOG
from triggers.customer import decode_row, encode_row
from triggers.tallybook import KEY

_TIME_BYTES = 8


@dataclass(slots=True)
class Rows:
    """The committed rows, read on from where they were read to: by partition number and key, deadline in front."""

    rows: dict[int, dict[str, bytes]] = field(default_factory=dict)
    versions: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """By key: all that were ever committed, as long as nobody cleaned the log up before they were read."""
    records: dict[int, bytes] = field(default_factory=dict)
    walks: dict[int, set[bytes]] = field(default_factory=dict)
    """By partition: what is kept of walks that some rows have not taken."""
    _next: dict[int, int] = field(default_factory=dict)

    def read(self, broker: Broker, number: int) -> dict[str, bytes]:
        rows = self.rows.setdefault(number, {})
        log = broker.logs[CHANGELOG, number]
        at = self._next.get(number, 0)
        if at < log.last_stable:
            answer = broker.fetch(CHANGELOG, number, at, "read_committed", 1 << 30)
            found = columns(answer)
            for key, value in zip(found.keys, found.values, strict=True):
                assert key is not None
                if key.startswith(KEY):
                    continue
                if key.startswith(RESERVED) and key != PARTITION_KEY:
                    open_walks = self.walks.setdefault(number, set())
                    (open_walks.discard if value is None else open_walks.add)(key)
                    continue
                assert value is not None
                if key == PARTITION_KEY:
                    self.records[number] = value
                else:
                    rows[key.decode()] = value
                    self.versions[key.decode()].append(value)
            self._next[number] = found.next
        return rows


def unnumbered(stored: bytes) -> bytes:
    """A row, its deadline in front, without the number of the last walk: rows that a walk left as they were are not
    stored with it."""
    if not stored:
        return stored
    row = decode_row(stored[_TIME_BYTES:])
    row.walked = 0
    return stored[:_TIME_BYTES] + encode_row(row)


@dataclass(frozen=True, slots=True)
class Written:
    """One record of an output topic."""

    place: Place
    offset: int
    value: bytes


def written(broker: Broker, topic: str) -> list[Written]:
    """Every committed record of a topic."""
    found = []
    for place in sorted(place for place in broker.logs if place[0] == topic):
        answer = broker.fetch(*place, 0, "read_committed", 1 << 30)
        read = columns(answer)
        found += [Written(place, o, v or b"") for o, v in zip(read.offsets, read.values, strict=True)]
    return found


@dataclass(slots=True)
class Outcome:
    """All output of a seed. `decisions` with where they lie."""

    sms: list[bytes]
    crm: list[bytes]
    decisions: list[tuple[Written, Decision]]
    dead_letters: list[tuple[str, ...]]
    rows: dict[str, bytes]
    versions: dict[str, list[bytes]]

    @property
    def commands(self) -> list[Command]:
        return [decode_command(value) for value in (*self.sms, *self.crm)]


def outcome(broker: Broker, partitions: int, rows: Rows) -> Outcome:
    """`rows`: as they were read so far."""
    for number in range(partitions):
        rows.read(broker, number)
    return Outcome(
        [one.value for one in written(broker, SMS_COMMANDS.name)],
        [one.value for one in written(broker, CRM_COMMANDS.name)],
        [(one, decode_decision(one.value)) for one in written(broker, DECISIONS.name)],
        _letters(broker),
        {key: value for table in rows.rows.values() for key, value in table.items()},
        rows.versions,
    )


def _letters(broker: Broker) -> list[tuple[str, ...]]:
    """(reason, topic, partition, offset) of each, from their headers."""
    found = []
    for place, log in broker.logs.items():
        if place[0] != DEAD_LETTERS.name:
            continue
        aborted = [(one.producer, one.first, one.last) for one in log.aborted]
        for batch in log.batches:
            if batch.control or any(p == batch.producer and f <= batch.base < to for p, f, to in aborted):
                continue
            for _, _, _, _, headers in batch.items():
                said = {name: (value or b"").decode() for name, value in headers}
                found.append((said["reason"], said["origin_topic"], said["origin_partition"], said["origin_offset"]))
    return sorted(found)
