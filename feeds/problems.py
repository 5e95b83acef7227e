"""What can be wrong with a feed, as data where the feed stays readable and as an error where it does not.

Reasons are stable words: programs match them, `docs/feeds.md` explains each.
"""

from __future__ import annotations

import msgspec


class Rejected(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=1):
    """A piece of the feed that gave no product. `line` counts from 1; `product_id` is None where it can't be told."""

    line: int
    product_id: str | None
    reason: str
    detail: str


class Repaired(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=2):
    """Something of a kept product that was mended, or a field of it that was left out because it can't be trusted."""

    line: int
    product_id: str | None
    reason: str
    detail: str


class FeedError(Exception):
    """The feed as a whole is refused: nothing of it may be published. `reason` is a stable word."""

    reason = "refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class UnknownFormat(FeedError):
    """The bytes are in none of the known formats."""

    reason = "unknown-format"


class UnknownEncoding(FeedError):
    """The feed declares an encoding that the parser doesn't know."""

    reason = "unknown-encoding"


class NoIdColumn(FeedError):
    """A table of products in which no column holds their ids."""

    reason = "no-id-column"


class BadArchive(FeedError):
    """A gzip or zip out of which nothing can be read."""

    reason = "bad-archive"


class TooCompressed(FeedError):
    """A packed feed that unpacks to more than `Limits.ratio` times its size: a bomb."""

    reason = "too-compressed"


class FeedTooLarge(FeedError):
    """The feed has more bytes than `Limits.feed_bytes`."""

    reason = "feed-too-large"


class RecordTooLarge(FeedError):
    """One record (or what lies between two) has more bytes than `Limits.record_bytes`."""

    reason = "record-too-large"


class TooSlow(FeedError):
    """Reading the feed took longer than `Limits.seconds`."""

    reason = "too-slow"


class TooMany(FeedError):
    """The feed has more products than `Limits.products`, or more categories than `Limits.categories`."""

    reason = "too-many"


class ReaderDied(FeedError):
    """The process that read the feed ended before the feed did."""

    reason = "reader-died"


class EntitiesRefused(FeedError):
    """The feed declares XML entities, which no feed needs and attackers like."""

    reason = "entities-refused"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed may cost. Sizes in bytes once unpacked, texts in characters; `seconds` where the reader has a clock.
    """

    feed_bytes: int = 4 * 1024**3
    ratio: int = 200  # unpacked to packed; of offers that differ in their numbers alone it is about 30
    record_bytes: int = 4 * 1024**2
    text_chars: int = 2000  # as `schemas.products` allows
    products: int = 5_000_000
    categories: int = 100_000
    params: int = 100
    seconds: float = 3600.0
