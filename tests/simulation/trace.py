"""What happened, in order: a line an event, with the virtual time and the process. The same on every run of a seed."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import structlog

from tests.simulation.loop import current


class Trace:
    """`wanted`: keep the lines; without it only their hash is kept, which says whether two runs are the same."""

    def __init__(self, wanted: bool) -> None:
        self.now: Callable[[], float] = lambda: 0.0
        """Virtual time."""
        self._wanted = wanted
        self._hash = blake2b(digest_size=8)
        self.lines: list[str] = []
        self.faults: list[str] = []
        """Errors of the product that it caught itself and only logged."""

    def note(self, what: str, about: str = "", who: str | None = None) -> None:
        if who is None:
            process = current()
            who = process.name if process is not None else "-"
        line = f"{self.now():9.3f} {who:<10} {what:<12} {about}".rstrip()
        self._hash.update(line.encode())
        if self._wanted:
            self.lines.append(line)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    @contextmanager
    def logging(self) -> Iterator[None]:
        """The product's own log goes into the trace."""
        former = structlog.get_config()
        structlog.configure(
            processors=[self._take],
            wrapper_class=structlog.BoundLogger,
            logger_factory=structlog.ReturnLoggerFactory(),
            cache_logger_on_first_use=False,
        )
        try:
            yield
        finally:
            structlog.configure(**former)

    def _take(self, logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        said = str(event.pop("event"))
        process = current()
        alive = process is None or not process.dead
        if method == "exception":
            text = traceback.format_exc()
            if alive:
                self.faults.append(f"{said}: {text}")
            event["error"] = text.strip().splitlines()[-1]
        event.pop("exc_info", None)
        event.pop("seconds", None)  # of this machine's own clock
        if alive:
            self.note("log", f"{said} {' '.join(f'{name}={value}' for name, value in event.items())}")
        raise structlog.DropEvent
