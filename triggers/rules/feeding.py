"""Where a shop's feed is and how often it is looked at, as `feed` of shop.yaml says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.instants import DAY, HOUR, MINUTE

SHORTEST: Final = MINUTE
LONGEST: Final = 7 * DAY
"""Between two looks at a feed."""

EVERY: Final = HOUR
TIMEOUT: Final = 30 * MINUTE
LONGEST_FETCH: Final = 6 * HOUR
LARGEST: Final = 4 * 1000**3
"""Bytes that are read of a feed at most."""


@dataclass(frozen=True, slots=True)
class Feeding:
    """One of `url` (http or https) and `path` (below the folder that whoever syncs allows). Microseconds, bytes."""

    url: str | None = None
    path: str | None = None
    every: int = EVERY
    allow_private: bool = False  # loopback and private addresses, and others inside a network
    timeout: int = TIMEOUT  # for the whole of a fetch
    max_size: int = LARGEST
