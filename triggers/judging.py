"""A proposal judged before the ledger: what emission says of it, and what the ledger is to be asked."""

from __future__ import annotations

import msgspec

from triggers import emission
from triggers.asks import Ask
from triggers.choosing import chosen, lenient
from triggers.customer import CustomerRow
from triggers.gates import holdout
from triggers.journeys import Journey, Proposal
from triggers.plans import ShopPlan
from triggers.shared import without_id
from triggers.verdicts import Answer, Verdict


class Judgement(msgspec.Struct, gc=False):
    """One proposal judged at emission, before the ledger, at `wall` (microseconds since the epoch). `ask` is None when
    the pure gates already decided; `held`: what holdout says if all the others let it pass."""

    proposal: Proposal
    wall: int
    verdicts: tuple[Verdict, ...]
    ask: Ask | None
    touch: emission.Touch  # what would be sent, and below the journey it is of: the engine's own
    journey: Journey | None = None
    held: Verdict = holdout.OFF
    plan: emission.Plan | None = None  # of the step, as it is for this customer


def judge(row: CustomerRow, plan: ShopPlan, proposal: Proposal, wall: int) -> Judgement:
    """Judge a proposal against the row as it is: exits, conditions, all pure gates, the text."""
    steps = plan.steps_of(proposal.rule, proposal.rule_version)
    step = None if steps is None else steps.get(proposal.step)
    if step is None:
        reason = "rule-withdrawn" if steps is None else "step-withdrawn"
        verdicts, touch = emission.without_rule(row, proposal, reason)
        return Judgement(proposal, wall, verdicts, None, touch)
    journey = journey_of(row, proposal)
    variant = "" if journey is None else journey.variant
    if step.varies:
        step, variant = chosen(row, plan.world, step, journey, wall)
    verdicts, touch = emission.judge(row, proposal, wall, plan.world, step, journey)
    if step.varies:
        verdicts = lenient(step.step, verdicts)
    if variant:
        touch.inputs = {**touch.inputs, "variant": variant}
    if emission.decided(verdicts):
        return Judgement(proposal, wall, verdicts + emission.NOTHING_ASKED, None, touch, journey, plan=step)
    held = step.holdout.judge(row.shop_id, row.customer_id)
    text, segments = ("", 0) if touch.message is None else (touch.message.text, touch.message.segments)
    if step.step.writing.links is not None:
        text = without_id(text, touch.touch_id)
    held_out = held is not holdout.OFF and held.answer is Answer.REFUSE
    scopes = step.limits.asked(row, wall, touch.zone, touch.phone, text, segments, held_out)
    ask = Ask(row.shop_id, row.customer_id, touch.touch_id, wall, scopes)
    return Judgement(proposal, wall, verdicts, ask, touch, journey, held, step)


def journey_of(row: CustomerRow, proposal: Proposal) -> Journey | None:
    """The journey that the proposal is of; None where it has ended or gone on."""
    rule, step, epoch = proposal.rule, proposal.step, proposal.epoch
    for journey in row.journeys:
        if journey.rule == rule and journey.step == step and journey.epoch == epoch:
            return journey
    return None
