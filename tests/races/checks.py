"""What became of races, and what must hold of each. Pure: everything looked at is passed in.

A touch **arises** when the wall, less the grace, passes its planned time: its due time, or the wake of its delay. The
partition then asks all its logs (`suppressions` included) for their ends, reads up to them, and judges the touch
against the row as it is by then (SEMANTICS, Two clocks). So:

- What ends a race is **in the log** when the broker has acknowledged it to its publisher. For STOP that is when the
  suppression that the inbound loop wrote could first be read under `read_committed`: the promise counts from that
  commit. Both instants are late rather than early, and all clocks are the same machine's, so there is no tolerance:
  what was in the log before the touch arose is not one microsecond too late.
- A cancel is **missed** when a SendSms can be read under `read_committed` and what ends the race was in the log before
  the touch arose; whatever came after that message. It is missed as well when the message was handed over to leave
  later (its `not_before` is behind its judgement), the end occurred before that, and no CancelSms names the message.
- An end that gets into the log between the touch's arising and its judgement may come too late, or not; one that comes
  later does, where the message was free to leave at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.instants import parse_rfc3339
from tests.chaos.checks import Findings, Logged

REASONS: Final = {
    "order": "ordered", "opt-out": "consent_withdrawn", "stop": "consent_withdrawn", "erased": "erased",
}  # fmt: skip
"""Why the CancelSms of each kind says that it calls back."""

_GATES: Final = {"exit", "consent", "suppression"}
"""What may refuse a raced touch."""

BEFORE, JUDGING, COMMITTING, AFTER, ENDED = "before", "judging", "committing", "after", "ended"
"""Where the end came: before the touch arose; then before it was judged; then before what was decided could be read;
later. ENDED: it occurred before the touch's planned time, so that there was no touch."""


@dataclass(frozen=True, slots=True)
class Raced:
    """One race as the logs have it; instants in microseconds. `due`: the touch's due time. `occurred`: the end's own
    time; `stamped`, `in_log`: the broker's stamp of it and when it was in the log for certain, for STOP its
    suppression's; None where that is missing. Of decisions, sends and cancels `at` is when they could be read."""

    customer: str
    kind: str
    night: bool
    due: int
    grace: int
    occurred: int
    stamped: int | None
    in_log: int | None
    decisions: Sequence[Logged]
    sends: Sequence[Logged]
    cancels: Sequence[Logged]
    marker: bool = False
    """Whether nothing is left of the row but that it was erased."""
    redis_keys: Sequence[str] = ()

    @property
    def planned(self) -> int:
        """When the touch is to be judged last: due, or the wake of its delay."""
        wakes = [
            parse_rfc3339(verdict["until"])
            for decision in self.decisions
            if decision.record["outcome"] == "delayed"
            for verdict in decision.record["verdicts"]
            if verdict["verdict"] == "delay"
        ]
        return max([self.due, *wakes])

    @property
    def arose(self) -> int:
        return self.planned + self.grace

    @property
    def final(self) -> Logged | None:
        """The decision that settled it."""
        return next((one for one in self.decisions if one.record["outcome"] != "delayed"), None)

    @property
    def judged(self) -> int:
        """When that was judged; when it arose, where it never was."""
        return self.arose if self.final is None else parse_rfc3339(self.final.record["wall_at"])

    @property
    def place(self) -> str:
        if self.in_log is None:
            return AFTER
        if self.final is None and self.occurred <= self.planned:
            return ENDED
        if self.in_log < self.arose:
            return BEFORE
        if self.in_log < self.judged:
            return JUDGING
        return COMMITTING if self.final is not None and self.in_log < self.final.at else AFTER

    def recallable(self, send: Logged) -> bool:
        """Whether the message was handed over to leave later, and the end occurred before that."""
        return max(self.judged, self.occurred) < parse_rfc3339(send.record["not_before"])


def missed(raced: Raced) -> list[str]:
    """**No missed cancel**, as above."""
    complaints = []
    called_back = {cancel.record["cancels"] for cancel in raced.cancels}
    for send in raced.sends:
        if raced.in_log is not None and raced.in_log < raced.arose:
            early = (raced.arose - raced.in_log) / 1e6
            complaints.append(f"missed: {raced.kind} in the log {early:.6f} s before the touch arose: {send.record}")
        elif raced.recallable(send) and send.record["command_id"] not in called_back:
            complaints.append(f"missed: {raced.kind} before its not_before, and no CancelSms: {send.record}")
    return complaints


def _decided(raced: Raced) -> Findings:
    """**No decision missing.** Each touch is settled exactly once, as sent with its message or as refused by what
    ended it, and none is refused before that was in the log. A touch whose end occurred before it was planned need
    not have arisen."""
    found = Findings()
    final = [one for one in raced.decisions if one.record["outcome"] != "delayed"]
    if not final and raced.occurred > raced.planned:
        found.missing += 1
        found.complaints.append(f"{raced.customer}: never settled: {raced}")
    if len(final) > 1 or len(raced.sends) > 1:
        found.repeated += max(len(final), len(raced.sends)) - 1
        found.complaints.append(f"{raced.customer}: settled {len(final)} times, {len(raced.sends)} messages: {raced}")
    for at, decision in final:
        sent = decision["outcome"] == "emitted"
        if sent != bool(raced.sends):
            found.complaints.append(f"{raced.customer}: {len(raced.sends)} messages, and decided: {decision}")
        early = raced.arose - parse_rfc3339(decision["wall_at"])
        if early > 0:
            found.complaints.append(f"{raced.customer}: judged {early / 1e6:.6f} s early: {decision}")
        if not sent and (raced.stamped is None or raced.stamped > at):
            found.complaints.append(f"{raced.customer}: refused before anything ended it: {decision}")
        if not sent and not any(v["verdict"] == "refuse" and v["gate"] in _GATES for v in decision["verdicts"]):
            found.complaints.append(f"{raced.customer}: refused by something else: {decision}")
    return found


def _cancelled(raced: Raced) -> list[str]:
    """**Cancels** are of a message that was sent, once, for the right reason, and of none that was free to leave."""
    ids = Counter(cancel.record["cancels"] for cancel in raced.cancels)
    sent = {send.record["command_id"] for send in raced.sends}
    complaints = [f"{raced.customer}: called back {count} times: {id_}" for id_, count in ids.items() if count > 1]
    complaints += [f"{raced.customer}: called back and never sent: {id_}" for id_ in ids.keys() - sent]
    for cancel in raced.cancels:
        if cancel.record["reason"] != REASONS[raced.kind]:
            complaints.append(f"{raced.customer}: called back for another reason: {cancel.record}")
        if not any(raced.recallable(send) for send in raced.sends):
            complaints.append(f"{raced.customer}: called back when it was free to leave: {cancel.record}")
    return complaints


def _forgotten(raced: Raced) -> list[str]:
    """**Erased.** Nothing is left of the customer but the marker row, and no key of theirs in Redis."""
    if raced.kind != "erased":
        return []
    complaints = [] if raced.marker else [f"{raced.customer}: the erased row is more than a marker"]
    return complaints + [f"{raced.customer}: erased, and in Redis there is {key}" for key in raced.redis_keys]


def judge(all_of_them: Iterable[Raced]) -> tuple[Findings, int]:
    """Every complaint, and how many cancels were missed."""
    found, count = Findings(), 0
    for raced in all_of_them:
        if raced.in_log is None:
            found.missing += 1
            found.complaints.append(f"{raced.customer}: its {raced.kind} never got into its log")
        missing = missed(raced)
        count += len(missing)
        found.complaints += missing
        found += _decided(raced)
        found.complaints += _cancelled(raced) + _forgotten(raced)
    return found, count
