"""What commands share: printing for people and for programs, leaving with the right exit code, stopping on Ctrl-C.

Results go to stdout, everything else (progress, notes, errors) to stderr, so that output can be piped.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

CHECK_FAILED: Final = 1
USED_WRONGLY: Final = 2

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
"""The type of every command's `json` parameter: `def list(json: JsonOption = False)`."""


@cache
def out() -> Console:
    """stdout for people. Looks up `sys.stdout` at every print; lines are not wrapped when it is no terminal."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


@cache
def err() -> Console:
    """stderr for people: progress, notes, errors."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str, style: str | None = None) -> None:
    """Print a line to stdout as it is (square brackets are no markup, `:tea:` is no emoji)."""
    out().print(text, style=style, markup=False, emoji=False)


def note(text: str, style: str | None = None) -> None:
    """Print a line to stderr as it is."""
    err().print(text, style=style, markup=False, emoji=False)


def say_columns(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns as wide as their widest cell, never wrapped, so that `grep` and `cut` can follow."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def counted(count: int, what: str) -> str:
    """`1 mistake`, `2,000 mistakes`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def say_json(value: Any) -> None:
    """Print `value` to stdout as one line of JSON (datetimes as RFC 3339, decimals as strings)."""
    import orjson

    sys.stdout.write(orjson.dumps(value, default=str).decode() + "\n")


def fail(message: str, hint: str | None = None, code: int = CHECK_FAILED) -> NoReturn:
    """Say on stderr what is wrong and leave; `code` 2 when the command was used wrongly."""
    note(f"error: {message}", style="red")
    if hint:
        note(f"hint: {hint}")
    raise typer.Exit(code)


def until_or_exit(until: str | None) -> int | None:
    """The instant that `--until` names, in microseconds; what is no time ends the command."""
    from schemas.instants import parse_rfc3339

    if until is None:
        return None
    try:
        return parse_rfc3339(until)
    except ValueError:
        fail(f"--until {until!r} is no time", "write it as 2026-11-21T10:00:00Z", code=USED_WRONGLY)


def progress() -> Progress:
    """A bar on stderr that vanishes when done: `with progress() as bar: task = bar.add_task("reading", total=n)`."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err(),
        transient=True,
        disable=not err().is_terminal,
    )


class Stop:
    """Whether the user asked to stop; see `stopping_cleanly`."""

    def __init__(self) -> None:
        self.asked = False


@contextmanager
def stopping_cleanly() -> Iterator[Stop]:
    """Within, the first Ctrl-C or SIGTERM sets `asked` and the work ends where it chooses; a second one interrupts."""
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    former = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
