"""A run in a few lines: by kind and by where the end came, how near the races were, and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from tests.races.checks import AFTER, BEFORE, COMMITTING, ENDED, JUDGING, Raced, missed
from tests.races.plan import KINDS
from tests.races.run import Report

_SHOWN: Final = 10
_NEAR_MS: Final = (10, 50, 100, 300)


def few(raced: Sequence[Raced]) -> str | None:
    """Why a run proves too little, if it does: of twenty races one at least must be won by the end, and one by the
    message."""
    places = Counter(one.place for one in raced)
    sent = sum(bool(one.sends) for one in raced)
    if min(places[BEFORE], sent) * 20 < len(raced):
        return f"too little to prove anything: of {len(raced)} ends {places[BEFORE]} came before, {sent} were sent"
    return None


def summary(report: Report, seed: int) -> str:
    raced = report.raced
    lines = [
        "what ended it   races  in the log before   while it was judged   after it was judged       missed",
        "                       it arose: refused   refused / too late    called back / too late",
    ]
    lines += [_row(kind, [one for one in raced if one.kind == kind]) for kind in KINDS]
    lines.append(_row("all", raced))
    apart = [abs(one.in_log - one.arose) / 1000 for one in raced if one.in_log is not None]
    near = ", ".join(f"{sum(ms < most for ms in apart)} within {most} ms" for most in _NEAR_MS)
    before = [one.arose - one.in_log for one in raced if one.in_log is not None and one.place == BEFORE]
    overtaken = [
        one.judged - one.in_log for one in raced if one.in_log is not None and one.place == JUDGING and one.sends
    ]
    committing = sum(one.place == COMMITTING for one in raced)
    ended = sum(one.place == ENDED for one in raced)
    lines += [
        f"how near to the moment at which the touch arose: {near}; the last before it: {_ms(min(before, default=0))}",
        f"{len(overtaken)} ends came while a touch was being judged that was sent, the first "
        f"{_ms(max(overtaken, default=0))} before; {committing} between judgement and commit"
        + (f"; {ended} before the touch was planned" if ended else ""),
        f"judged after it arose: median {_ms(_middle(one.judged - one.arose for one in raced if one.final))}, "
        f"readable after it was judged: {_ms(_middle(one.final.at - one.judged for one in raced if one.final))}",
    ]
    found = report.findings
    lines += [f"  {complaint}"[:900] for complaint in found.complaints[:_SHOWN]]
    if len(found.complaints) > _SHOWN:
        lines.append(f"  and {len(found.complaints) - _SHOWN} more")
    lines.append(
        f"{'passed' if report.passed else 'FAILED'}: {len(raced):,} races in {report.seconds:.0f} s (seed {seed}), "
        f"missed cancels {report.missed}, messages repeated {found.repeated}, decisions missing {found.missing}, "
        f"complaints {len(found.complaints)}"
    )
    return "\n".join(lines)


def _row(name: str, raced: Sequence[Raced]) -> str:
    def count(places: set[str], sent: bool, called_back: bool = False) -> int:
        there = [one for one in raced if one.place in places]
        return sum((bool(one.sends), bool(one.cancels)) == (sent, called_back) for one in there)

    late = {JUDGING, COMMITTING, AFTER}
    judging = f"{count({JUDGING}, False)} / {count({JUDGING}, True)}"
    after = f"{count(late, True, True)} / {count({COMMITTING, AFTER}, True)}"
    lost = sum(len(missed(one)) for one in raced)
    return f"{name:<15} {len(raced):>5}  {count({BEFORE}, False):>17}   {judging:>19}   {after:>22}   {lost:>9}"


def _middle(of: Iterable[int]) -> int:
    ordered = sorted(of)
    return ordered[len(ordered) // 2] if ordered else 0


def _ms(microseconds: int) -> str:
    return f"{microseconds / 1000:.1f} ms"
