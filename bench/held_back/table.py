"""What was held back, as the tables of docs/gates.md."""

from __future__ import annotations

from typing import Final

from bench.held_back.playing import Played, Wrong
from bench.results import table

GATES: Final = (
    "exit", "trigger", "audience", "when", "consent", "phone", "suppression", "sunset", "stale", "ended", "quiet_hours",
    "message", "incentive", "products", "competition", "dedupe", "cap", "budget", "holdout",
)  # fmt: skip
"""In the order in which they are asked."""

_WITHHELD: Final = ("refused", "skipped", "held_out")


def rendered(played: Played) -> str:
    """Markdown. Raises Wrong for a gate that is not known here."""
    told = {gate for order in played.gates for gate in order}
    if not told <= set(GATES):
        raise Wrong(f"gates that have no place in the table: {told - set(GATES)}")
    rows, held = [], 0
    for gate in GATES:
        reasons = sorted(reason for of, reason in played.against if of == gate)
        if not reasons:
            rows.append([gate, "", "0", "", "", "0"])
        for reason in reasons:
            count = sum(played.decided[outcome, gate, reason] for outcome in _WITHHELD)
            held += count
            delayed, against = played.decided["delayed", gate, reason], played.against[gate, reason]
            rows.append([
                gate, f"`{reason}`", f"{count:,}", _share(count, played.touches), f"{delayed:,}" if delayed else "",
                f"{against:,}",
            ])  # fmt: skip
    rows.append([
        "(journey ended while the touch was put off)", "", f"{played.waited_out:,}",
        _share(played.waited_out, played.touches), "", "",
    ])  # fmt: skip
    held += played.waited_out
    emitted = played.outcomes["emitted"]
    if held + emitted != played.touches:
        raise Wrong(f"the table's {held:,} held back and {emitted:,} emitted are not {played.touches:,} touches")
    rows.append(["**held back**", "", f"**{held:,}**", _share(held, played.touches), f"{played.delays:,}", ""])
    rows.append(["**emitted**", "", f"**{emitted:,}**", _share(emitted, played.touches), "", ""])
    rows.append(["**touches that fell due**", "", f"**{played.touches:,}**", "100.0%", "", ""])
    answers = ", ".join(f"{count:,} {what}" for what, count in sorted(played.answers.items()))
    return "\n\n".join((
        f"{played.events:,} events of {played.visitors:,} visitors, {played.judged:,} decisions.",
        table(["gate", "reason", "held back", "of all touches", "put off", "said no in all"], rows),
        f"What came back: {answers}.",
    ))  # fmt: skip


def _share(count: int, of: int) -> str:
    return f"{100 * count / of:.1f}%" if count else ""
