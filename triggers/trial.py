"""Test messages: one step of a rule to somebody of the shop's own, at once, as the customer's row is now.

A request is a proposal like any other, so that what holds for those holds for it: it waits in the outbox until the logs
are read, is judged against the row as it is, and leaves its decision. It is judged, and its message made, by the same
code as every touch, on a copy of the row that is then dropped: nothing is reserved, counted or remembered.

Only who is on the shop's list is tested on, whoever published the request. Consent, suppression and a usable phone
hold, and the text must be able to be made. What any other gate said against it is shown in the decision as `not_asked:
test`, and stops nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from schemas.instants import HOUR
from schemas.wire import TestRequested
from triggers import concluding, judging
from triggers.concluding import Emitted
from triggers.customer import NEVER, CustomerRow, decode_row, encode_row
from triggers.emission import NOTHING_ASKED
from triggers.journeys import NOTHING, TEST, Journey, Proposal
from triggers.judging import Judgement
from triggers.plans import ShopPlan
from triggers.rules.model import Rule
from triggers.verdicts import Answer, Verdict

HOLD: Final = frozenset({"exit", "consent", "phone", "suppression", "message", "engine"})
"""The gates that a test message must pass. `exit`: its rule and step must be in force."""

LEAVES_WITHIN: Final = HOUR
"""Microseconds after which a test message is not to be sent any more."""

NOT_LISTED: Final = Verdict(gate="test_list", answer=Answer.REFUSE, reason="not-listed", ends_journey=True)
"""Of a customer whom the shop's `test_list` does not name: nobody else is written to past caps and at night."""

UNKNOWN: Final = "unknown"
"""Stands for the version of a rule that is not in force."""


def ask(row: CustomerRow, event: TestRequested, rules: Mapping[str, tuple[Rule, Any]], now: int) -> None:
    """Put the touch into the outbox; it falls due at once. `rules` in force by name."""
    known = rules.get(event.rule)
    rule = None if known is None else known[0]
    step = event.step or (UNKNOWN if rule is None else rule.steps[0].id)
    row.outbox.append(Proposal(
        rule=event.rule, rule_version=UNKNOWN if rule is None else rule.version, epoch=f"{TEST}{event.event_id}",
        step=step, due=max(now, row.fired + 1),
    ))


def next_due(row: CustomerRow) -> int:
    """When the next test in the outbox falls due that has not yet; NEVER without one."""
    soonest, fired = NEVER, row.fired
    for waits in row.outbox:
        if fired < waits.due < soonest and waits.test:
            soonest = waits.due
    return soonest


def due(row: CustomerRow, at: int) -> list[Proposal]:
    """The tests in the outbox that fall due at this instant."""
    return [waits for waits in row.outbox if waits.test and waits.due == at]


def judge(row: CustomerRow, plan: ShopPlan, proposal: Proposal, wall: int) -> Judgement:
    """What `judging.judge` is for every other touch."""
    copy, plain = _alone(row, proposal, plan)
    judgement = judging.judge(copy, plan, plain, wall)
    judgement.proposal = proposal
    verdicts = judgement.verdicts if judgement.ask is None else judgement.verdicts + NOTHING_ASKED
    judgement.verdicts = tuple(_excused(verdict) for verdict in verdicts)
    if row.customer_id not in dict(plan.shop.test_list).values():
        judgement.verdicts = (NOT_LISTED, *judgement.verdicts)
    judgement.ask = None
    judgement.touch.not_before, judgement.touch.not_after = wall, wall + LEAVES_WITHIN
    return judgement


def conclude(row: CustomerRow, plan: ShopPlan, judgement: Judgement) -> Emitted:
    """What `concluding.conclude` is for every other touch. It is out of the outbox, and the row as it was."""
    proposal = judgement.proposal
    copy, plain = _alone(row, proposal, plan)
    emitted = concluding.conclude(copy, plan, msgspec.structs.replace(judgement, proposal=plain, journey=None), None)
    row.outbox = [waits for waits in row.outbox if waits != proposal]
    emitted.commands = tuple(msgspec.structs.replace(command, test=True) for command in emitted.commands)
    emitted.decision = msgspec.structs.replace(emitted.decision, epoch=proposal.epoch, test=True)
    return emitted


def _alone(row: CustomerRow, proposal: Proposal, plan: ShopPlan) -> tuple[CustomerRow, Proposal]:
    """A copy of the row in which a journey has just come to this step and nothing else is going on, and the touch as
    that journey's. Its epoch is the request's id, so that its ids are nobody else's."""
    copy = decode_row(encode_row(row))
    known = plan.by_name.get(proposal.rule)
    event_id = proposal.epoch.removeprefix(TEST)
    journey = Journey(
        proposal.rule, proposal.rule_version, proposal.due, event_id, began=proposal.due, step=proposal.step,
        due=proposal.due, proposed=True, about=NOTHING if known is None else known[1].example(row, plan.kind_world),
    )
    plain = msgspec.structs.replace(proposal, epoch=journey.epoch)
    copy.journeys, copy.outbox = [journey], [plain]
    return copy, plain


def _excused(verdict: Verdict) -> Verdict:
    if verdict.answer is Answer.PASS or verdict.gate in HOLD:
        return verdict
    numbers = verdict.numbers
    if verdict.answer is not Answer.NOT_ASKED:
        numbers += (("would", f"{verdict.answer.value}: {verdict.reason}"),)
    return Verdict(gate=verdict.gate, answer=Answer.NOT_ASKED, reason="test", numbers=numbers)
