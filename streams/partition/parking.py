"""What a fault of ours cost, as dead letters: the record as it came, or the touch by its identity, with the stack."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import orjson
import structlog

from streams.delivery import Record
from streams.faults import REASON, Fault, about
from streams.letters import Letter, letter
from streams.partition.intake import Intake, Taken

log: Final = structlog.get_logger(__name__)

QUIET_SECONDS: Final = 60.0
"""Between two lines of the log on the same fault."""


def parked(fault: Fault, intake: Intake, number: int, taken: Taken) -> Record | None:
    """A record's letter is added to what the turn took (it was counted as arrived); a touch's is answered."""
    trace = ("trace", fault.trace.encode())
    if fault.item is not None:
        spec, columns, index = intake.original(fault.item[2], fault.item[3])
        found = letter(spec.name, number, columns, index, REASON, fault.detail)
        record = Record(found.record.key, found.record.value, (*found.record.headers, trace))
        taken.letters.append((spec, Letter(found.offset, found.reason, record)))
        return None
    headers = (("reason", REASON.encode()), ("detail", fault.detail.encode()), trace)
    return Record(fault.key.encode(), orjson.dumps(about(fault)), headers)


class FaultLog:
    """One line a fault, but the same one not again and again. `now`: monotonic seconds."""

    def __init__(self, partition: int, now: Callable[[], float] = time.monotonic) -> None:
        self._partition = partition
        self._now = now
        self._said: dict[tuple[str, str], float] = {}
        self._unsaid: Counter[tuple[str, str]] = Counter()

    def note(self, fault: Fault) -> None:
        which = (fault.place, fault.kind)
        now = self._now()
        if now - self._said.get(which, float("-inf")) < QUIET_SECONDS:
            self._unsaid[which] += 1
            return
        self._said[which] = now
        more = self._unsaid.pop(which, 0)
        log.error(
            "a fault of ours: parked in dead-letters, everything else goes on",
            partition=self._partition,
            at=fault.place,
            detail=fault.detail,
            **({"since_last_said": more} if more else {}),
            trace=fault.trace,
        )
