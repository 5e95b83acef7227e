"""`rewake suppress import`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TextIO

import typer

from streams.commands.console import (
    CHECK_FAILED,
    USED_WRONGLY,
    JsonOption,
    counted,
    fail,
    note,
    progress,
    say,
    say_json,
)
from streams.commands.on_kafka import BootstrapOption, ShopOption, settings_or_exit
from streams.commands.suppress.options import (
    DryRunOption,
    ReasonOption,
    RegionOption,
    SourceOption,
    UntilOption,
    region_or_exit,
    secret_or_exit,
    terms_or_exit,
)
from streams.commands.suppress.topic import suppress, wall

if TYPE_CHECKING:
    from streams.suppressions.lists import BadLine, Entry

SHOWN_MISTAKES: Final = 20


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One phone a line, or a table; - is standard input.")],
    shop: ShopOption = "main",
    reason: ReasonOption = "manual",
    until: UntilOption = None,
    source: SourceOption = "rewake suppress import",
    region: RegionOption = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Write the others though some lines are bad.")] = False,
    dry_run: DryRunOption = False,
    bootstrap: BootstrapOption = None,
    json: JsonOption = False,
) -> None:
    """Suppress the phones of a list: one a line, or a table whose head names phone, reason, until, source.

    Columns are parted by comma, semicolon or tab. A bad line is told with its number, and then nothing is written
    (--skip-bad: the others are); the command leaves with 1. It may be run again: a phone counts once for each reason.

    Example: rewake suppress import opt-outs.csv --reason opted_out --source "old gateway"
    """
    settings = settings_or_exit(bootstrap)
    secret = secret_or_exit(settings)
    now = wall()
    reason, ends, source = terms_or_exit(reason, until, source, now)
    entries, mistakes = _read(file, region_or_exit(settings, shop, region), now)
    for mistake in mistakes[:SHOWN_MISTAKES]:
        note(f"{file}:{mistake.line}: {mistake.why}")
    if len(mistakes) > SHOWN_MISTAKES:
        note(f"... and {len(mistakes) - SHOWN_MISTAKES:,} more bad lines")
    written = not mistakes or skip_bad
    filled = [_filled(entry, reason, ends, source) for entry in entries] if written else []
    if filled and not dry_run:
        suppress(settings, secret, shop, filled, now)
    phones = len({entry.phone for entry in filled})
    if json:
        bad_lines = [{"line": mistake.line, "why": mistake.why} for mistake in mistakes]
        say_json({"suppressed": len(filled), "phones": phones, "bad_lines": bad_lines, "dry_run": dry_run})
    elif not written:
        note(f"{counted(len(mistakes), 'bad line')}: nothing was written", style="red")
    else:
        count = f"{counted(len(filled), 'suppression')} of {counted(phones, 'phone')}"
        say(f"{count} {'would be written' if dry_run else 'written'}; {counted(len(mistakes), 'bad line')}")
    if mistakes:
        raise typer.Exit(CHECK_FAILED)


def _read(file: Path, region: str | None, now: int) -> tuple[list[Entry], list[BadLine]]:
    from streams.suppressions.lists import Entry, read_entries

    entries: list[Entry] = []
    mistakes: list[BadLine] = []
    with _opened(file) as lines, progress() as bar:
        task = bar.add_task("reading", total=None)
        for number, one in enumerate(read_entries(lines, region, now), 1):
            if isinstance(one, Entry):
                entries.append(one)
            else:
                mistakes.append(one)
            if number % 1000 == 0:
                bar.update(task, completed=number)
    return entries, mistakes


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    if str(file) == "-":
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8", errors="replace")
        yield sys.stdin
        return
    try:
        stream = file.open(encoding="utf-8", errors="replace", newline=None)
    except OSError as error:
        fail(f"{file}: {error.strerror}", code=USED_WRONGLY)
    with stream:
        yield stream


def _filled(entry: Entry, reason: str, until: int | None, source: str) -> Entry:
    """With what the line leaves open as the options say it."""
    from dataclasses import replace

    ends = entry.until if entry.until is not None else until
    return replace(entry, reason=entry.reason or reason, until=ends, source=entry.source or source)
