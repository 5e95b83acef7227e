"""When a fetch that failed is tried again: exponential backoff with full jitter, and what the server itself asks for.

Full jitter (any share of the pause, from none of it to all) spreads shops that failed at once best:
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

TRANSIENT_STATUSES: Final = frozenset((408, 425, 429, *range(500, 600)))
"""Answers that may be others a moment later."""


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """`attempts` in all; seconds for the longest pause after the first failure, for the longest of any, and for the
    longest that a server may ask for."""

    attempts: int = 5
    first: float = 1.0
    most: float = 60.0
    asked: float = 300.0


DEFAULT_BACKOFF: Final = Backoff()


def pause(backoff: Backoff, failures: int, share: float, asked: float | None = None) -> float | None:
    """Seconds to wait after so many failures (from 1 on); None: no more.

    `share` is the random number, of [0, 1). `asked` is what the server asked for (`Retry-After`): never less than
    that; None is the answer when it asks for longer than it may.
    """
    if failures >= backoff.attempts or (asked is not None and asked > backoff.asked):
        return None
    # as many doublings as can matter: a power of a big number would be no float any more
    ceiling = min(backoff.most, backoff.first * 2.0 ** min(failures - 1, 60))
    return max(share * ceiling, asked or 0.0)


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds that a `Retry-After` asks for, from `now` (seconds since the epoch); None where it says nothing."""
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError, TypeError):  # the standard library's, by what is wrong
        return None
    if at.tzinfo is None:  # `-0000`: of UTC too
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.fromtimestamp(now, UTC)).total_seconds())
