"""Read a feed: bytes in, products out, and with them everything that was rejected or repaired.

The first record with an id wins, later ones are rejected as `duplicate-id`. What of a record can be trusted is
`feeds.judge`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from feeds.draft import Draft
from feeds.judge import CONTROLS, Judge
from feeds.problems import Limits, Rejected, Repaired, TooMany
from feeds.records import ParsedRecords, Records
from feeds.source import Clock
from schemas.catalogue import Product
from schemas.fields import MAX_ID

DEFAULT_LIMITS: Final = Limits()

_BREAKS: Final = frozenset(
    (
        *("broken-xml", "bad-json", "too-deep", "too-large", "bad-encoding", "wrong-cells", "bad-quotes"),
        *("cut-off", "damaged-archive"),
    )
)


class Feed(Iterator[Product | Rejected | Repaired]):
    """The products of one feed as an iterator, each before what was repaired of it.

    `format` is the format found. `complete` turns False when a break may have swallowed products without naming them:
    then nobody may conclude from a product's absence that it has vanished.
    """

    def __init__(self, records: Records, shop_id: str, at: int | None, limits: Limits = DEFAULT_LIMITS) -> None:
        self.format = records.format
        self.complete = True
        self._judge = Judge(shop_id, limits, at)
        self._found = self._judged(records, limits)

    @property
    def turns_at(self) -> int | None:
        """When the first of the sale prices read so far begins or ends after the instant that prices were wanted for
        (microseconds): from then on the same feed has other prices. None: never."""
        return self._judge.turns_at

    def __iter__(self) -> Iterator[Product | Rejected | Repaired]:
        return self._found

    def __next__(self) -> Product | Rejected | Repaired:
        return next(self._found)

    def _judged(self, records: Records, limits: Limits) -> Iterator[Product | Rejected | Repaired]:
        seen: dict[str, int] = {}
        judge = self._judge
        for record in records:
            if isinstance(record, Rejected):
                if record.reason in _BREAKS and (record.product_id is None or record.reason == "cut-off"):
                    self.complete = False
                yield record
                continue
            if isinstance(record, Repaired):
                yield record
                continue
            product_id = record.product_id or ""
            if not product_id or " " in product_id or not product_id.isprintable():
                product_id = " ".join(product_id.split())
            if not product_id.isprintable() or not 0 < len(product_id) <= MAX_ID or product_id in seen:
                refused = _refused(record, product_id, seen)
                if refused is not None:
                    yield refused
                    continue
            if len(seen) >= limits.products:
                raise TooMany(f"line {record.line}: more than {limits.products:,} products")
            seen[product_id] = record.line
            yield judge.product(record, product_id)
            if judge.repaired:
                yield from judge.repaired
        if records.damaged is not None:
            self.complete = False
            yield Rejected(next(reversed(seen.values()), 1), None, "damaged-archive", f"after this: {records.damaged}")


def read(
    stream: BinaryIO,
    shop_id: str = "main",
    limits: Limits = DEFAULT_LIMITS,
    at: int | None = None,
    clock: Clock | None = None,
) -> Feed:
    """The feed in `stream` as an iterator of products and problems, in the feed's order.

    `at` (microseconds since the epoch) is the instant for which prices are wanted: a sale price that has a window is
    taken only inside it, and without `at` not at all. Raises FeedError when the feed as a whole is refused, at once or
    in the midst of reading; nothing read before may then be published. Without `clock` it may take as long as it likes.
    """
    return Feed(ParsedRecords(stream, limits, clock), shop_id, at, limits)


def _refused(record: Draft, product_id: str, seen: dict[str, int]) -> Rejected | None:
    if not product_id:
        return Rejected(record.line, None, "no-id", "the record has no id")
    if len(product_id) > MAX_ID or CONTROLS.search(product_id):
        return Rejected(record.line, None, "bad-id", f"an id has at most {MAX_ID} characters, no control characters")
    if product_id in seen:
        return Rejected(record.line, product_id, "duplicate-id", f"the id was used in line {seen[product_id]}")
    return None
