"""Every figure but the peers', a module each: `measure(options)` does it, `rows(result)` puts it into the table.

A module says in ABOUT what is measured. Whatever is compared is interleaved; a run whose commands are not exactly those
that are due fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Stopped(KeyboardInterrupt):
    """A figure was stopped by Ctrl-C or SIGTERM; `result` is what it had measured by then."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


@dataclass(frozen=True, slots=True)
class Options:
    """How much to measure."""

    events: int = 1_000_000
    rounds: int = 3
    soak_events: int = 5_000_000
    seconds: int = 30
    """Of the live figure, at each pace; and of live traffic before the sale."""
    rate: int = 20_000
    """Events a second of the live figure."""
    many: int = 1_000_000
    """Customers of the figures about many: growth, restore and the sale."""

    offers: int = 200_000
    """Of the large feed, about 1 KB each."""

    @property
    def customers(self) -> int:
        """Twenty events each, as in the peers' job."""
        return max(100, self.events // 20)
