"""How the demo looks: a screen that is drawn over and over, lines where there is no terminal, and the summary."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from schemas.instants import DAY, parse_rfc3339, rfc3339
from streams.demo.run import Outcome, Show
from streams.dispatcher import Happening, masked

_PHASES: Final = {
    "starting": "starting",
    "open": "the shop is open",
    "closed": "the shop is closed; journeys go on",
    "settling": "working off the rest",
}
_REASONS_SHOWN: Final = 7


def screen(show: Show) -> RenderableType:
    """The whole picture, some 24 lines of 80 columns or more."""
    left = Group(_numbers(show), Text(), _reasons(show))
    right = Group(*(phone(message) for message in show.messages)) if show.messages else Text("no message yet", "dim")
    body = Table.grid(padding=(0, 3))
    body.add_row(left, right)
    return Group(_clock(show), Text(), body)


def _clock(show: Show) -> RenderableType:
    sample = show.sample
    done = min(1.0, max(0.0, (show.clock - sample.begin) / (sample.end - sample.begin)))
    grid = Table.grid(padding=(0, 1))
    grid.add_row(
        Text(moment(show), "bold"),
        ProgressBar(total=1.0, completed=done, width=24),
        Text(f"{show.rate:,.0f} events/s", "cyan"),
        Text(_PHASES[show.phase], "dim"),
    )
    return grid


def moment(show: Show) -> str:
    """The simulated time: the day counted from the first, and UTC."""
    clock = max(show.clock, show.sample.begin)
    return f"day {(clock - show.sample.begin) // DAY + 1}, {rfc3339(clock)[11:16]}"


def _numbers(show: Show) -> Table:
    picture, counted = show.picture, show.picture.counters
    table = _table()
    table.add_row("events, receipts in", f"{counted['in'] - counted['markers']:,}")
    table.add_row("  applied", f"{counted['applied']:,}")
    table.add_row("  repeated", f"{counted['repeated']:,}")
    table.add_row("  dead-lettered", f"{counted['dead_lettered']:,}", style="red" if counted["dead_lettered"] else "")
    table.add_row("open carts", f"{picture.open_carts:,}")
    table.add_row("journeys under way", f"{picture.journeys:,}")
    table.add_row("touches due", f"{touches_due(picture.outcomes):,}")
    for outcome in ("emitted", "refused", "skipped", "held_out"):
        if picture.outcomes[outcome] or outcome != "held_out":
            style = "green" if outcome == "emitted" else ""
            table.add_row(f"  {outcome}", f"{picture.outcomes[outcome]:,}", style=style)
    table.add_row("delayed until morning", f"{picture.outcomes['delayed']:,}")
    if show.tally.get("cancelled"):
        table.add_row("cancelled in time", f"{show.tally['cancelled']:,}")
    for status, count in show.receipts.items():
        if status not in ("accepted", "sent"):
            table.add_row(f"receipts: {status.replace('_', ' ')}", f"{count:,}")
    return table


def touches_due(outcomes: Counter[str]) -> int:
    """Touches that were judged for good. A delayed one is judged again when it wakes, and counts then."""
    return sum(count for outcome, count in outcomes.items() if outcome != "delayed")


def _reasons(show: Show) -> RenderableType:
    found = [(key, count) for key, count in show.picture.reasons.most_common() if key[0] != "delayed"]
    if not found:
        return Text("nothing refused yet", "dim")
    table = _table()
    for (outcome, gate, reason), count in found[:_REASONS_SHOWN]:
        table.add_row(f"{outcome}: {gate}, {reason}", f"{count:,}", style="yellow")
    return table


def phone(message: Happening) -> RenderableType:
    """A message as on a phone; of the number only the ends are shown."""
    command = message.command
    if command is None:
        return Text()
    segments = f"{command.segments} segment{'s' if command.segments != 1 else ''}"
    below = f"{masked(command.phone)} · {rfc3339(message.at)[5:16].replace('T', ' ')} · {segments}"
    return Panel(
        Text(command.text),
        title=Text(command.sender or "", "bold"),
        title_align="left",
        subtitle=Text(below, "dim"),
        subtitle_align="right",
        width=46,
        border_style="green",
        padding=(0, 1),
    )


def line(show: Show) -> str:
    """The same in one line, for where nothing can be drawn over."""
    picture, counted = show.picture, show.picture.counters
    return (
        f"{moment(show)} | {show.rate:>5,.0f} events/s | {counted['in'] - counted['markers']:,} in, "
        f"{counted['dead_lettered']} dead-lettered | {picture.open_carts:,} open carts | "
        f"{touches_due(picture.outcomes):,} touches due: {picture.outcomes['emitted']:,} emitted, "
        f"{picture.outcomes['refused']:,} refused, {picture.outcomes['skipped']:,} skipped | "
        f"{picture.outcomes['delayed']:,} delayed"
    )


# -- the end


def summary(outcome: Outcome, console: Console) -> None:
    """Print what it came to, what was checked, and what to try next."""
    show, sample = outcome.show, outcome.show.sample
    days = (sample.end - sample.begin) / DAY
    last = max((parse_rfc3339(d.judged_at) for d in show.picture.decisions.values()), default=sample.end)
    span = "1 day" if days == 1 else f"{days:g} days"
    took = f"{span} of {sample.customers:,} shoppers in {outcome.played:.0f} s, {outcome.started:.0f} s to start"
    figures = Table.grid(padding=(0, 4))
    figures.add_row(_numbers(show), _why(show))
    checks = Table.grid(padding=(0, 1))
    for check in outcome.checks:
        mark = Text("✓", "green") if check.passed else Text("✗", "bold red")
        checks.add_row(mark, Text(check.name, "bold"), Text(f"{check.promise}: {check.found}"))
    for part in (
        Text(),
        Text(f"{took}. The last journey ended on day {(last - sample.begin) // DAY + 1}.", "bold"),
        Text(),
        figures,
        Text(),
        *(phone(show.examples[step]) for step in show.examples),
        Text(),
        Text("Checked, from what stands in the topics", "bold"),
        checks,
        Text(),
        Text(NEXT),
    ):
        console.print(part, soft_wrap=False)


def _why(show: Show) -> RenderableType:
    table = _table()
    for (outcome, gate, reason), count in sorted(show.picture.reasons.items(), key=lambda item: (item[0][0], -item[1])):
        table.add_row(f"{outcome}: {gate}, {reason}", f"{count:,}")
    return Group(Text("why not, or not yet", "bold"), table) if table.row_count else Text("nothing was refused")


NEXT: Final = """\
What to try next
  rewake rules check examples/tea-house   check rules; break one and see
  rewake simulate --out events.jsonl      the shoppers' events as a file
  rewake replay --rules DIR events.jsonl  what your own rules make of them
  rewake demo --keep                      look around while all of it is up
  rewake stack up                         servers for topics, worker and load
  docs/                                   publish events, write rules, ..."""


def facts(outcome: Outcome) -> dict[str, object]:
    """The summary for programs."""
    show, picture = outcome.show, outcome.show.picture
    return {
        "stack": "embedded",
        "delivery": "at-least-once",
        "customers": show.sample.customers,
        "published": show.published,
        "counters": dict(picture.counters),
        "dead_letters": dict(sorted(Counter(reason for reason, _ in picture.letters).items())),
        "open_carts": picture.open_carts,
        "touches_due": touches_due(picture.outcomes),
        "decisions": dict(sorted(picture.outcomes.items())),
        "reasons": [
            {"outcome": outcome_, "gate": gate, "reason": reason, "count": count}
            for (outcome_, gate, reason), count in picture.reasons.most_common()
        ],
        "commands": {"SendSms": len(picture.messages), "CancelSms": len(picture.cancels), "crm": len(picture.crm)},
        "repeated_ids": {topic: count for topic, count in sorted(picture.twice.items()) if count},
        "dispatched": {status: show.tally.get(status, 0) for status in ("sent", "expired", "cancelled")},
        "receipts": show.receipts,
        "checks": [
            {"name": check.name, "passed": check.passed, "promise": check.promise, "found": check.found}
            for check in outcome.checks
        ],
        "passed": all(check.passed for check in outcome.checks),
        "seconds": {
            "starting": round(outcome.started, 1), "playing": round(outcome.played, 1), "all": round(outcome.took, 1),
        },
    }  # fmt: skip


def _table() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    return table
