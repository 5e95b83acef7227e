"""What is said of a feed that is held: why, with numbers, and the command that publishes it nevertheless."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from feeds.guard import Example, Reason
    from feeds.held import HeldNote

STATE: Final = Path(".rewake/feeds")
"""Where the last good feeds are kept, and those that are held; a folder a shop."""


def told(note: HeldNote) -> Iterator[str]:
    """Why it is held, in lines for people."""
    for reason in note.reasons:
        yield f"  {_said(reason)}"
        for example in reason.examples:
            yield f"    for instance {_shown(example)}"


def release(note: HeldNote, state: Path | None, bootstrap: str | None) -> str:
    """The command that publishes it."""
    words = ["rewake", "feed", "accept", "--shop", note.shop_id]
    words += ["--state", str(state)] if state is not None else []
    words += ["--bootstrap", bootstrap] if bootstrap is not None else []
    return shlex.join(words)


def _said(reason: Reason) -> str:
    of = f"{reason.count:,} of {reason.of:,}"
    if reason.what == "vanished":
        return f"{of} products are gone; {_percent(reason)} may be at once"
    if reason.what == "unpriced":
        return f"{of} products lost their price; {_percent(reason)} may at once"
    if reason.what == "sold-out":
        return f"{of} products can't be ordered any more; {_percent(reason)} may be sold out at once"
    if reason.what == "all-zero":
        return f"all {reason.count:,} prices are 0"
    how = [f"{_times(reason.median)} in the median"] if reason.median is not None else []
    how += [f"{reason.to_zero:,} to 0"] if reason.to_zero else []
    how += [f"{reason.to_other_currency:,} to another currency"] if reason.to_other_currency else []
    allowed = f"{_percent(reason)} may change by more than {_plain(reason.factor)} times"
    return f"{of} prices jumped ({', '.join(how)}); {allowed}"


def _times(median: Decimal) -> str:
    if not median:
        return "to 0"
    return f"x{_plain(median)}" if median > 1 else f"/{_plain(round(1 / median, 2))}"


def _percent(reason: Reason) -> str:
    return f"{_plain(reason.allowed)}%"


def _plain(number: Decimal | None) -> str:
    return format((number or Decimal(0)).normalize(), "f")


def _shown(example: Example) -> str:
    name = f" {example.name}" if example.name else ""
    if example.now is None and example.before is None:
        return f"{example.product_id}{name}"
    return f"{example.product_id}{name}: {example.before or 'no price'} -> {example.now or 'no price'}"
