"""Instants on the wire: RFC 3339 text to microseconds and back, exact, one pattern for every reader.

Inside Rewake an instant is an `int`: microseconds since 1970-01-01T00:00:00Z. On the wire it is RFC 3339 with an
offset (`Z` or `+03:00`), `T` between date and time, and at most six digits of a second's fraction. Leap seconds
(`:60`), lower-case `t`/`z` and instants outside 1970 to 2199 are refused: they are faults far oftener than facts.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
DAY: Final = 86_400 * SECOND

TIMESTAMP_PATTERN: Final = (
    r"^(19[7-9][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""Source: RFC 3339, section 5.6. The same text stands in the JSON Schemas."""

# \Z instead of the trailing $, which in Python would let a line break through
_TIMESTAMP: Final = re.compile(TIMESTAMP_PATTERN[:-1] + r"\Z")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)

LAST: Final = (date(2199, 12, 31).toordinal() - _EPOCH_DAY + 1) * DAY - 1
"""The last instant that the wire can say: the last microsecond of 2199."""

# Two-digit seconds and three-digit fractions, so that the usual shapes need no regular expression.
_SECONDS: Final = {f":{second:02}": second * SECOND for second in range(60)}
_MILLIS: Final = {f".{milli:03}Z": milli * 1000 for milli in range(1000)}
# Minutes seen so far ("2026-11-21T10:00" -> microseconds): only ever filled with what the pattern accepted.
_MINUTES: Final[dict[str, int]] = {}
_MINUTES_KEPT: Final = 100_000


def parse_rfc3339(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 instant. ValueError for anything the pattern refuses."""
    minute = _MINUTES.get(text[:16])
    if minute is not None:
        second = _SECONDS.get(text[16:19])
        if second is not None:
            tail = text[19:]
            if tail == "Z":
                return minute + second
            milli = _MILLIS.get(tail)
            if milli is not None:
                return minute + second + milli
    return _parse_slowly(text)


def _parse_slowly(text: str) -> int:
    if len(text) > 40 or not _TIMESTAMP.match(text):
        raise ValueError("not an RFC 3339 instant with an offset, from 1970 to 2199")
    moment = datetime.fromisoformat(text)  # refuses 30 February; reads Z and 1 to 6 digits since Python 3.11
    at = (moment - _EPOCH) // _MICROSECOND
    if not 0 <= at <= LAST:
        raise ValueError("an instant outside 1970 to 2199")
    if text[-1] == "Z":
        if len(_MINUTES) >= _MINUTES_KEPT:
            _MINUTES.clear()
        _MINUTES[text[:16]] = at - at % MINUTE
    return at


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return date.fromordinal(_EPOCH_DAY + days).isoformat()


def rfc3339(at: int) -> str:
    """The shortest exact RFC 3339 text of an instant, in UTC: `2026-11-21T10:00:00Z`, a fraction only where there is one.

    OverflowError or ValueError for an instant that no calendar day has (years before 1 or after 9999).
    """
    days, rest = divmod(at, DAY)
    seconds, micros = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    fraction = f".{micros:06}".rstrip("0") if micros else ""
    return f"{_day(days)}T{hour:02}:{minute:02}:{second:02}{fraction}Z"
