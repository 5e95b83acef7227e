"""The customer rows of one partition, and how they lie in the changelog.

Rows lie in a store (`streams.rows`) as bytes, as in the changelog: a restore decodes nothing, and a customer who seldom
comes costs only its bytes. Those in use are kept decoded above it, a bounded number of them.

The changelog's key is the row's key (`shop_id:customer_id`), its value 8 bytes with the row's next time, big-endian
microseconds since the epoch, and then the row as msgpack. The time in front is what the deadline index is rebuilt from;
ATTENTION stands there for a row with touches in its outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from streams.delivery import Record
from streams.rows import Loaded, MemoryRowStore, RowStore
from triggers.engine import NEVER
from triggers.layouts import LAYOUTS, UnknownLayout

RESERVED: Final = b"\x00"
"""What keys that are no row's begin with: a shop's id holds no NUL."""

_ROWS: Final = b"\x01"
"""No row's key is smaller, each reserved one is."""

PARTITION_KEY: Final = RESERVED + b"partition"
"""The reserved key of the partition's own record."""

ATTENTION: Final = 0
"""In place of a next time: look at the row as soon as it is restored."""

DECODED_ROWS: Final = 200_000

_TIME_BYTES: Final = 8
_HEAD_END: Final = _TIME_BYTES + 4
"""Up to here a value says how many fields the row has and in which layout: a restore looks at each such head once."""


class Keepable(Protocol):
    """What the table needs of a row."""

    deadline: int

    @property
    def outbox(self) -> Sequence[object]: ...


Row = TypeVar("Row", bound=Keepable)


RECORD_LAYOUT: Final = 1
"""Of the partition's own record. Raised only when a field changes its meaning: fields are known by name."""


class PartitionRecord(msgspec.Struct, omit_defaults=True):
    """What a partition remembers beside its rows. By topic name, so that inputs may come and go.

    `layout` is its own (0: written before it was stated), `row_layout` that of the rows written along with it;
    `maxima`: running maximum of `occurred_at` of what was applied; `positions`: next offset to apply;
    `counters`: since the partition's first record; `reached`: the time its clock has reached; `ticked`: up to where
    time has opened walks; `walked`: the number of the newest walk; `taken`: of those that are kept though all rows
    have taken them; `since`: where an input is read from again, of which something has been read that is still to
    come; `plans`: which rules were in force, by shop; `days`: the day that is being counted, by shop, as an
    ordinal. Instants in microseconds.
    """

    layout: int = 0
    row_layout: int = 0
    maxima: dict[str, int] = {}
    positions: dict[str, int] = {}
    counters: dict[str, int] = {}
    reached: int = 0
    ticked: int = 0
    walked: int = 0
    taken: list[int] = []
    plans: dict[str, int] = {}
    since: dict[str, int] = {}
    days: dict[str, int] = {}


def read_record(value: bytes) -> PartitionRecord:
    """The partition's record as the changelog holds it. Raises UnknownLayout when a newer release has written it, or
    rows beside it that can't be read here."""
    data = value[_TIME_BYTES:]
    stated = msgspec.msgpack.decode(data, type=_Stated)
    if stated.row_layout > LAYOUTS.newest:
        raise UnknownLayout(stated.row_layout, LAYOUTS.oldest, LAYOUTS.newest)
    if stated.layout > RECORD_LAYOUT:
        raise UnknownLayout(stated.layout, 0, RECORD_LAYOUT, of="partition record")
    return msgspec.msgpack.decode(data, type=PartitionRecord)


class _Stated(msgspec.Struct):
    """Of a partition's record, whatever its layout."""

    layout: int = 0
    row_layout: int = 0


class Unstorable(Exception):
    """These rows, by key, can't be stored as they are."""

    def __init__(self, keys: Sequence[str]) -> None:
        super().__init__(f"{len(keys)} rows can't be stored")
        self.keys = keys


class Table(Generic[Row]):
    """Rows by key. `encode` and `decode` are the row's own; `check` raises for an encoded row that can't be decoded
    here, as its first four bytes tell."""

    def __init__(
        self,
        encode: Callable[[Row], bytes],
        decode: Callable[[bytes], Row],
        check: Callable[[bytes], None] = lambda data: None,
        store: RowStore | None = None,
    ) -> None:
        self._encode = encode
        self._decode = decode
        self._check = check
        self._heads: set[bytes] = set()
        self._store: RowStore = MemoryRowStore() if store is None else store
        self._decoded: dict[str, Row] = {}
        self._fresh: dict[str, Row] = {}
        """Decoded, or made, since the last `rows`."""
        self._lately: set[str] = set()
        """Keys of the rows stored last, a quarter as many as are kept decoded, or those of one `rows`."""
        self.decoded_most = DECODED_ROWS
        """How many rows are kept decoded from one `rows` to the next: of those that have come again soon."""
        self.record = PartitionRecord()
        self.reserved: dict[bytes, bytes] = {}
        """What lies under reserved keys, but for the partition's own record. Changed by `reserve` alone."""
        self._reserving: dict[bytes, bytes | None] = {}

    def __len__(self) -> int:
        return len(self._store)

    def about(self) -> int:
        """How many rows there are, near enough, and at once."""
        return self._store.about()

    def __contains__(self, key: object) -> bool:
        return key in self._decoded or key in self._fresh or key in self._store

    def get(self, key: str) -> Row | None:
        row = self._decoded.get(key) or self._fresh.get(key)
        if row is None:
            stored = self._store.get(key)
            if stored is None:
                return None
            row = self._fresh[key] = self._decode(stored[_TIME_BYTES:])
        return row

    def look(self, key: str) -> Row | None:
        """As `get`, of a row that is most likely left as it is: it is kept only when it is `put`."""
        row = self._decoded.get(key) or self._fresh.get(key)
        if row is None:
            stored = self._store.get(key)
            return None if stored is None else self._decode(stored[_TIME_BYTES:])
        return row

    def keys(self) -> Iterator[str]:
        """Of all rows that are stored. Rows may come, go and change meanwhile: of those it may name any."""
        return self._store.keys()

    def stored(self, key: str) -> bytes | None:
        """The row as it was stored last, its next time in front."""
        return self._store.get(key)

    def put(self, key: str, row: Row) -> None:
        """A new row. It is stored by the next `rows` that names it."""
        self._fresh[key] = row

    def undo(self, key: str) -> Row | None:
        """Put the row back as it was stored last, whatever has become of it; None, and no row, where it never was."""
        self._decoded.pop(key, None)
        self._fresh.pop(key, None)
        return self.get(key)

    def swap(self, other: Table[Row]) -> None:
        """Exchange everything that is kept, with nothing decoded in either."""
        self._store, other._store = other._store, self._store
        self._heads, other._heads = other._heads, self._heads
        self.record, other.record = other.record, self.record
        self.reserved, other.reserved = other.reserved, self.reserved
        self._reserving, other._reserving = other._reserving, self._reserving
        for table in (self, other):
            table._decoded, table._fresh, table._lately = {}, {}, set()

    def close(self) -> None:
        """Let go of memory and files. Of no more use afterwards."""
        self._decoded.clear()
        self._fresh.clear()
        self._lately.clear()
        self._store.close()

    def rows(self, touched: Mapping[str, Row], most: int | None = None) -> list[Record]:
        """The changelog's records for these rows as they are now, which are stored. Afterwards rows may be decoded
        anew: nobody keeps one from before.

        Raises Unstorable, having noted nothing, for rows that can't be encoded, or to more than `most` bytes (with the
        key).
        """
        encode = self._encode
        try:
            values = [
                (ATTENTION if row.outbox else row.deadline).to_bytes(_TIME_BYTES, "big") + encode(row)
                for row in touched.values()
            ]
        except Exception as error:
            raise Unstorable([key for key, row in touched.items() if not self._encodes(row)]) from error
        if most is not None and values and max(map(len, values)) + 4 * max(map(len, touched)) > most:
            large = [key for key, value in zip(touched, values, strict=True) if len(key.encode()) + len(value) > most]
            if large:
                raise Unstorable(large)
        self._store.update(zip(touched, values, strict=True))
        self._keep_decoded(touched)
        return [Record(key.encode(), value) for key, value in zip(touched, values, strict=True)]

    def end(self, key: str) -> Record:
        """The row is no more; the changelog's record that says so."""
        self._decoded.pop(key, None)
        self._fresh.pop(key, None)
        self._store.load([(key, None)])
        return Record(key.encode(), None)

    def _keep_decoded(self, touched: Mapping[str, Row]) -> None:
        """What has just been decoded stays so when it was stored lately, too. Where customers are so many that each
        seldom comes, to keep them costs the memory of 1 to 5 KB each and gains nothing: they are let go while the
        processor has them in its cache."""
        decoded, fresh, lately = self._decoded, self._fresh, self._lately
        if fresh:
            for key in fresh.keys() & lately:
                decoded[key] = fresh[key]
            self._fresh = {}
        if len(lately) + len(touched) > self.decoded_most // 4:
            self._lately = set(touched)
        else:
            lately.update(touched)
        if len(decoded) > self.decoded_most:
            self._drop_decoded()

    def _drop_decoded(self) -> None:
        """A quarter more than there are too many, the oldest first: what is needed again is decoded again."""
        decoded = self._decoded
        for key in list(islice(decoded, len(decoded) - self.decoded_most * 3 // 4)):
            del decoded[key]

    def own(self) -> Record:
        """The changelog's record of the partition itself."""
        self.record.layout, self.record.row_layout = RECORD_LAYOUT, LAYOUTS.newest
        return Record(PARTITION_KEY, NEVER.to_bytes(_TIME_BYTES, "big") + msgspec.msgpack.encode(self.record))

    def reserve(self, key: bytes, value: bytes | None) -> None:
        """Keep this beside the rows under a key that begins with RESERVED; None: no longer. It is written by the next
        `reserving`."""
        if value is None:
            self.reserved.pop(key, None)
        else:
            self.reserved[key] = value
        self._reserving[key] = value

    def reserving(self) -> list[Record]:
        """The changelog's records of what was reserved since this was asked last."""
        records = [Record(key, value) for key, value in self._reserving.items()]
        self._reserving = {}
        return records

    def _encodes(self, row: Row) -> bool:
        try:
            self._encode(row)
            row.deadline.to_bytes(_TIME_BYTES, "big")
        except Exception:  # noqa: BLE001  # the caller asks only whether it works
            return False
        return True

    # -- restoring

    def restore(self, keys: Iterable[bytes | None], values: Iterable[bytes | None]) -> None:
        """A stretch of the changelog, in its order. A record without a value ends a row. Raises UnknownLayout."""
        heads = self._heads
        rows: list[Loaded] = []
        record = None
        for key, value in zip(keys, values, strict=True):
            if key is None:
                continue
            if key < _ROWS:
                if key == PARTITION_KEY:
                    record = value or record
                elif value is None:
                    self.reserved.pop(key, None)
                else:
                    self.reserved[key] = value
                continue
            if value is not None:
                head = value[_TIME_BYTES:_HEAD_END]
                if head not in heads:
                    self._check(value[_TIME_BYTES:])
                    heads.add(head)
            rows.append((key.decode(), value))
        self._store.load(rows)
        if record is not None:
            self.record = read_record(record)

    def restored(self) -> tuple[list[tuple[str, int]], list[str]]:
        """After a restore: (key, next time) of the rows that wait for a time, and keys of those with a full outbox."""
        never, number = NEVER.to_bytes(_TIME_BYTES, "big"), int.from_bytes
        waiting = [(key, number(first, "big")) for key, first in self._store.heads(_TIME_BYTES) if first != never]
        attention = [key for key, at in waiting if at == ATTENTION]
        if attention:
            waiting = [entry for entry in waiting if entry[1] != ATTENTION]
        for key in attention:
            try:
                loaded = self.get(key)
            except UnknownLayout:
                raise
            except (ValueError, msgspec.MsgspecError):  # told, as its customer's fault, when its touches are judged
                continue
            if loaded is not None and loaded.deadline < NEVER:
                waiting.append((key, loaded.deadline))
        return waiting, attention
