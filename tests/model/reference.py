"""The gates a second time: slow, obvious, written from SEMANTICS.md and the docs and not from the code.

It keeps plain lists of all that happened, and for a touch that was judged says of each gate what it must have said.
What the ledger counts is known from two sides: `surely` counts what it must know, `perhaps` also what it may (what a
worker had reserved when it was killed, who was held out before Redis lost its data). Nothing may be sent with a limit
surely full, nor refused unless one is perhaps full.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from schemas.emitted import CreateCallTask, Decision, GrantBonus, SendSms
from schemas.instants import parse_rfc3339
from tests.model.calendar import midnight, span_of
from tests.model.history import Ghost, History, Passed, Waiting, Wrong
from tests.model.limits import Limited
from tests.model.settings import DAY, MINUTE
from tests.model.touch import Judged

__all__ = ["Ghost", "Reference", "Waiting", "Wrong"]

FULL: Final = {
    ("dedupe", "refuse", "same-text"): "dedupe", ("cap", "refuse", "cap-full"): "cap",
    ("cap", "delay", "cap-full"): "cap", ("budget", "refuse", "budget-spent"): "budget",
    ("budget", "delay", "pace-full"): "pace", ("budget", "refuse", "pace-full"): "pace",
}  # fmt: skip
"""What is full, by what a gate says."""


class Reference(History):
    """What happened, and what must have been said of each touch."""

    def check(
        self, decision: Decision, planned: int, now: int, commands: Iterable[Any], in_sight: Sequence[Waiting] | None
    ) -> None:
        """`planned`: what the touch was put off to, or its due time; `now`: the ledger's clock. `in_sight`: what else
        is coming for the customer, where that is known. Raises Wrong."""
        said = {one.gate: (str(one.verdict), one.reason) for one in decision.verdicts}
        untils = {one.gate: one.until for one in decision.verdicts if one.until}
        for gate, (answer, reason) in said.items():
            self.seen[gate, answer, reason] += 1
        self.counts[decision.outcome] += 1
        judged = Judged(self, decision, planned, in_sight)
        expected = dict(judged.pure(untils))
        for gate, wanted in expected.items():
            if said.get(gate) not in wanted:
                raise Wrong(f"{gate}: {said.get(gate)}, and the reference says {wanted}: {_shown(decision)}")
        against = [gate for gate in expected if said[gate][0] in ("refuse", "delay")]
        extra = set(said) - set(expected) - {"dedupe", "cap", "budget", "holdout"}
        if extra:
            raise Wrong(f"gates that the reference does not expect: {extra}: {_shown(decision)}")
        if against:
            for gate in ("dedupe", "cap", "budget", "holdout"):
                if said[gate] != ("not_asked", "decided-before"):
                    raise Wrong(f"{gate} was asked although {against} had decided: {_shown(decision)}")
        else:
            against = self._ledger(judged, said, untils, now)
        self._outcome(decision, said, against)
        sent = {type(one): one for one in commands}
        if (decision.outcome == "emitted") != bool(sent):
            raise Wrong(f"{decision.outcome} with {len(sent)} commands: {_shown(decision)}")
        if decision.outcome in ("emitted", "held_out"):
            self._record(judged, sent, decision.outcome == "held_out")

    def _outcome(self, decision: Decision, said: dict[str, tuple[str, str]], against: list[str]) -> None:
        refused = [gate for gate in against if said[gate][0] == "refuse"]
        ends = {"exit", "audience", "consent", "phone", "suppression"} & set(refused)
        held = said["holdout"] == ("refuse", "held-out")
        wanted = (
            "refused" if ends else "skipped" if refused else "delayed" if against else "held_out" if held else "emitted"
        )
        if decision.outcome != wanted:
            raise Wrong(f"{decision.outcome}, and the reference says {wanted} for {against}: {_shown(decision)}")

    def _ledger(self, judged: Judged, said: dict[str, tuple[str, str]], untils: dict[str, str], now: int) -> list[str]:
        """The gates that were asked last; those of them against the touch."""
        held = self._held(judged, said["holdout"])
        limited = Limited(judged)
        surely = dict(limited.limits(now, surely=True, held=bool(held)))
        perhaps = dict(limited.limits(now, surely=False, held=bool(held)))
        against = [gate for gate in ("dedupe", "cap", "budget") if said[gate][0] in ("refuse", "delay")]
        if len(against) > 1:
            raise Wrong(f"{against} at once: {_shown(judged.decision)}")
        if not against:
            if surely:
                raise Wrong(f"it passed although {list(surely.values())}: {_shown(judged.decision)}")
            if said["holdout"][0] == "not_asked":
                raise Wrong(f"holdout was not asked: {_shown(judged.decision)}")
            if "cap" in self._silent(judged) and said["cap"] != ("pass", "off"):
                raise Wrong(f"a cap where there is none: {_shown(judged.decision)}")
            return against
        (gate,) = against
        if said["holdout"] != ("not_asked", "decided-before"):
            raise Wrong(f"holdout was asked of a touch that did not go: {_shown(judged.decision)}")
        full = FULL.get((gate, *said[gate]))
        if full not in {key[0] for key in perhaps}:
            raise Wrong(f"{gate} {said[gate]}, and the reference counts less: {_shown(judged.decision)}")
        if full == "cap":
            self._full(judged, said["cap"][0], untils.get("cap"), now, bool(held), [*perhaps])
        if full == "pace":
            if "budget" in {key[0] for key in surely}:
                raise Wrong(f"put off for a minute on a day that has nothing left: {_shown(judged.decision)}")
            self._paced(judged, said["budget"][0], untils.get("budget"))
        return against

    def _paced(self, judged: Judged, answer: str, until: str | None) -> None:
        """A full minute puts off into the next one, or the later the longer the touch has waited; it refuses what might
        go out too late then."""
        due = parse_rfc3339(judged.decision.due_at)
        next_minute = (judged.at // MINUTE + 1) * MINUTE
        before = next_minute + min(max(judged.at - due, MINUTE), 15 * MINUTE)
        too_late = due + judged.stale_after + (DAY if "quiet_hours" in self.shop else 0)
        if answer == "refuse":
            if before - 1 <= too_late:
                raise Wrong(f"refused where there is time to wait: {_shown(judged.decision)}")
        elif not next_minute <= parse_rfc3339(until or "") < before or parse_rfc3339(until or "") > too_late:
            raise Wrong(f"put off from a full minute to {until}: {_shown(judged.decision)}")

    def _silent(self, judged: Judged) -> set[str]:
        return set() if self.shop.get("caps") else {"cap"}

    def _full(
        self, judged: Judged, answer: str, until: str | None, now: int, held: bool, full: list[tuple[str, int]]
    ) -> None:
        """A full cap refuses, or delays to when it has room and no earlier."""
        limited = Limited(judged)
        caps = limited.caps()
        numbers = [number for gate, number in full if gate == "cap"]
        if answer == "refuse":
            if not any(not caps[number].delay for number in numbers):
                raise Wrong(f"refused where the full caps delay: {_shown(judged.decision)}")
            return
        at = parse_rfc3339(until or "")
        for number in numbers:
            cap = caps[number]
            if not cap.delay or at <= judged.at:
                continue
            if cap.span:
                if at == midnight(span_of(judged.at, judged.zone, cap.span)[1], judged.zone):
                    return
            elif limited.count(cap, at - 1, now, surely=False) >= cap.limit and (
                limited.count(cap, at, now, surely=True) < cap.limit
                or limited.count(cap, at, now, surely=True, until=judged.at) < cap.limit
            ):
                return
        raise Wrong(f"put off to {until}, when no full cap has just got room: {_shown(judged.decision)}")

    def _held(self, judged: Judged, said: tuple[str, str]) -> bool | None:
        """Whether the touch is of the control group; None: nobody can tell yet. The same ones always."""
        rule = judged.rule
        shares = []
        if "holdout" in self.shop and judged.marketing:
            shares.append("")
        if "holdout" in rule:
            shares.append(rule["rule"])
        if said[0] == "not_asked":
            known = [self.control.get((judged.who, share)) for share in shares]
            return True if True in known else None if None in known else False
        if not shares:
            if said != ("pass", "off"):
                raise Wrong(f"holdout {said} where there is none: {_shown(judged.decision)}")
            return False
        if said == ("pass", "written-to"):
            for share in shares:
                if self.control.setdefault((judged.who, share), False):
                    raise Wrong(f"written to one of the control group: {_shown(judged.decision)}")
            return False
        if said != ("refuse", "held-out"):
            raise Wrong(f"holdout {said}: {_shown(judged.decision)}")
        of = next(one for one in judged.decision.verdicts if one.gate == "holdout").numbers["of"]
        share = "" if of == "shop" else rule["rule"]
        if share not in shares or not self.control.setdefault((judged.who, share), True):
            raise Wrong(f"held out who is not of the control group: {_shown(judged.decision)}")
        return True

    def _record(self, judged: Judged, sent: dict[type, Any], held_out: bool) -> None:
        sms, bonus, at = sent.get(SendSms), sent.get(GrantBonus), judged.at
        incentive = judged.step.get("incentive", {})
        if not held_out and (bonus is not None) != ("bonus" in incentive):
            raise Wrong(f"a bonus too many, or too few: {_shown(judged.decision)}")
        if bonus is not None and (bonus.points, parse_rfc3339(bonus.expires_at)) != (100, judged.incentive_ends()):
            raise Wrong(f"another bonus than was said: {_shown(judged.decision)}")
        if not held_out and (sms is not None) != judged.sms:
            raise Wrong(f"a message too many, or too few: {_shown(judged.decision)}")
        call = sent.get(CreateCallTask)
        if not held_out and (call is not None) != judged.call:
            raise Wrong(f"a call too many, or too few: {_shown(judged.decision)}")
        if call is not None and (call.phone, call.note, parse_rfc3339(call.due_at)) != (
            judged.phone, judged.note, judged.planned,
        ):  # fmt: skip
            raise Wrong(f"another call than was said: {call.note}, due {call.due_at}: {_shown(judged.decision)}")
        leaves = at
        if sms is not None:
            leaves = parse_rfc3339(sms.not_before)
            self._leaves(judged, sms, leaves, parse_rfc3339(sms.not_after))
            self.sent_to(judged.who, sms.phone, sms.command_id, at)
        self.passed.append(Passed(
            judged.who, judged.rule["rule"], judged.decision.step, at, judged.planned, judged.tags,
            judged.channel, judged.phone if judged.sms else None, judged.text if judged.sms else "",
            judged.products if "product" in self.shop.get("dedupe", {}) else (), held_out, judged.marketing, leaves,
            judged.zone, "" if sms is None else sms.command_id, judged.epoch_at,
        ))  # fmt: skip

    def _leaves(self, judged: Judged, sms: SendSms, begin: int, end: int) -> None:
        at = judged.at
        if (sms.phone, sms.text) != (judged.phone, judged.text):
            raise Wrong(f"another phone or text than the customer's: {_shown(judged.decision)}")
        if not at <= begin <= max(at, judged.planned + 15 * MINUTE) or end < begin:
            raise Wrong(f"to leave from {sms.not_before} to {sms.not_after}: {_shown(judged.decision)}")
        if "pace" in self.shop and begin // MINUTE != at // MINUTE:
            raise Wrong(f"counted in one minute, to leave in another, at {sms.not_before}: {_shown(judged.decision)}")
        if not self.quiet.open_until(at, end, judged.zones):
            raise Wrong(f"to leave in a quiet hour, up to {sms.not_after}: {_shown(judged.decision)}")
        ends = judged.incentive_ends()
        if end > judged.planned + judged.stale_after or (ends and end > ends):
            raise Wrong(f"to leave too late, up to {sms.not_after}: {_shown(judged.decision)}")


def _shown(decision: Decision) -> str:
    verdicts = " ".join(
        f"{one.gate}={one.verdict}:{one.reason}{f' until {one.until}' if one.until else ''}{one.numbers or ''}"
        for one in decision.verdicts
    )
    return (
        f"customer {decision.customer_id}, {decision.rule} step {decision.step} epoch {decision.epoch}, "
        f"due {decision.due_at}, judged {decision.judged_at}, {decision.outcome}; {verdicts}"
    )
