"""Faults of ours: what is told of an exception out of the engine, and which exceptions are none of a customer's.

A fault is met while one customer's row is driven, and costs that customer one step alone (streams.careful). It is told
without anything that is the customer's: an exception's message may quote a name or a text, so what stands in quotes,
what looks like a phone and what the row or the event says is left out; of the stack the lines of code alone are shown.
"""

from __future__ import annotations

import re
import sqlite3
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from schemas.dead_letters import Reason
from schemas.instants import rfc3339
from streams.merge import Merged
from streams.privacy import mask_phones
from triggers.customer import CustomerRow
from triggers.layouts import UnknownLayout

NOT_A_CUSTOMERS: Final = (MemoryError, OSError, sqlite3.Error, UnknownLayout)
"""What befalls the worker whoever it is working for: the partition stops, and is loaded again."""

MOST_DETAIL: Final = 500
"""Characters of an exception's message."""

MOST_TRACE: Final = 4000
"""Characters of a stack trace. The innermost call stands first, so that what is cut off is the outermost."""

Place = Literal["event", "deadline", "walk", "emission", "row"]
"""Where: applying a record, looking at a row, taking a walk, judging a touch; or the row itself can't be read."""


REASON: Final[Reason] = "engine-error"
"""What dead letters call it."""


class TooLarge(ValueError):
    """A record is larger than its topic takes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What one fault cost. `at`: the record's effective time, the deadline, or the time of judgement.

    `item` is the record that is parked, None at deadlines and emissions; `about` then names the touch.
    """

    key: str
    at: int
    place: Place
    kind: str
    detail: str
    trace: str
    item: Merged | None = None
    about: dict[str, str] = field(default_factory=dict)


def fault(
    error: Exception,
    key: str,
    at: int,
    place: Place,
    *,
    row: CustomerRow | None = None,
    item: Merged | None = None,
    about: dict[str, str] | None = None,
) -> Fault:
    """A fault as it may be told. `row`: whose words must not be repeated."""
    kind = type(error).__name__
    private = sorted(set(_words(key, row, item)), key=len, reverse=True)
    said = masked(str(error), private)[:MOST_DETAIL]
    return Fault(key, at, place, kind, f"{kind}: {said}" if said else kind, _trace(error), item, about or {})


def about(fault: Fault) -> dict[str, str]:
    """What a dead letter says of a touch, or a look at a row, that a fault cost."""
    shop_id, _, customer_id = fault.key.partition(":")
    return {"shop_id": shop_id, "customer_id": customer_id, "at": rfc3339(fault.at), "place": fault.place} | fault.about


_QUOTED: Final = re.compile(r"'[^']*'?|\"[^\"]*\"?|`[^`]*`?")


def masked(message: str, private: Iterable[str]) -> str:
    """The message without what is quoted in it, without phones, and without these words."""
    message = mask_phones(_QUOTED.sub("'…'", message))
    for word in private:
        message = message.replace(word, "…")
    return message


def _words(key: str, row: CustomerRow | None, item: Merged | None) -> Iterator[str]:
    """What a customer could be known by: two characters and more, a single one says nothing."""
    said = [key.partition(":")[2]]
    if row is not None:
        said += [known.value for known in row.profile.values() if known.value is not None]
    if item is not None:
        said += _strings(msgspec.to_builtins(item[5]))
    for text in said:
        yield from (word for word in (text, *re.findall(r"\w+", text)) if len(word) > 1)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in ("type", "shop_id"):
                yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def _trace(error: BaseException) -> str:
    """The calls that led there, the innermost first, and what caused it; no messages, no values."""
    lines = []
    seen: BaseException | None = error
    while seen is not None:
        lines.append(type(seen).__name__)
        for frame in reversed(traceback.extract_tb(seen.__traceback__)):
            file = "/".join(frame.filename.replace("\\", "/").split("/")[-3:])
            lines.append(f"  {file}:{frame.lineno} in {frame.name}: {frame.line}")
        seen = seen.__cause__
    return "\n".join(lines)[:MOST_TRACE]
