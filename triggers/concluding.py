"""The end of a judgement: what the ledger said is taken in, commands and decision go out, the journey moves on."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

import msgspec

from schemas.emitted import CreateCallTask, Decision, GrantBonus, SendSms
from schemas.instants import rfc3339
from triggers import emission, receipts
from triggers.asks import Granted, LedgerAnswer
from triggers.customer import MAX_TOUCHES, PROFILE_FIELDS, CustomerRow, Touch
from triggers.ending import leave
from triggers.gates import holdout
from triggers.journeys import Journey, Past, Sent
from triggers.judging import Judgement, journey_of
from triggers.planning import due_of
from triggers.plans import ShopPlan
from triggers.rules.model import Shop
from triggers.verdicts import Answer, Verdict
from triggers.zones import TZDATA_VERSION

_REFUSE: Final = Answer.REFUSE
_DELAY: Final = Answer.DELAY
_at: Final = attrgetter("at")
_PHONE: Final = PROFILE_FIELDS.index("phone")


Sending = SendSms | CreateCallTask | GrantBonus
"""The commands that a touch is made of."""


class Emitted(msgspec.Struct, gc=False):
    """What concluding a judgement put out: wire-ready commands and one decision."""

    commands: tuple[Sending, ...]
    decision: Decision


def conclude(row: CustomerRow, plan: ShopPlan, judgement: Judgement, answer: LedgerAnswer | None) -> Emitted:
    """Take the proposal out of the outbox: commands and decision out, journey on (next step, skip, delay, end).

    `answer` is the ledger's where `judgement.ask` is set. (With the ledger away the caller does not conclude: the
    proposal stays in the outbox.)"""
    proposal, wall, verdicts = judgement.proposal, judgement.wall, judgement.verdicts
    outbox = row.outbox
    row.outbox = [] if len(outbox) == 1 and outbox[0] is proposal else [one for one in outbox if one != proposal]
    journey = judgement.journey
    if journey is None or journey.step != proposal.step or not _among(journey, row.journeys):
        journey = journey_of(row, proposal)  # the row was read anew since it was judged
    steps = plan.steps_of(proposal.rule, proposal.rule_version)  # None: the rule was withdrawn
    step = None if steps is None else steps.get(proposal.step)
    if step is not None and judgement.plan is not None:
        step = judgement.plan
    if judgement.ask is not None:
        if answer is None:
            raise TypeError("a judgement that asks the ledger is concluded with its answer")
        verdicts = _answered(judgement, step, answer)
    granted = isinstance(answer, Granted)  # by the pure gates as well: else nothing was asked
    held_out = granted and judgement.held.answer is _REFUSE
    refused, ending, wake = (False, None, 0) if granted else _weighed(verdicts)
    at, planned = proposal.planned, rfc3339(proposal.planned)
    commands: tuple[Sending, ...] = ()
    if journey is not None:
        journey.proposed = False
    if refused:
        outcome = "skipped" if ending is None else "refused"
        if journey is not None and journey.running:
            if ending is not None:
                journey.exits(max(wall, journey.epoch_at), ending)
            elif steps is not None:
                _advance(journey, step, proposal.due, wall)
    elif wake:
        outcome = "delayed"
        if journey is not None:
            journey.wake = wake
    else:
        outcome = "held_out" if held_out else "emitted"
        if step is not None and journey is not None:
            _remember(row, step, journey, judgement, at, held_out)
            if not held_out:
                commands = _emit(row, plan.shop, step, journey, judgement, at, planned)
            _advance(journey, step, at, wall)
    if journey is not None and journey.exit_at and not journey.sent:
        leave(row, journey)
        row.journeys = [other for other in row.journeys if other is not journey]
    ids = [command.command_id for command in commands]
    decision = _decision(row, judgement, verdicts, outcome, ids, at, planned)
    return Emitted(commands, decision)


def _among(journey: Journey, journeys: list[Journey]) -> bool:
    """Whether it is that very one."""
    return (len(journeys) == 1 and journeys[0] is journey) or id(journey) in map(id, journeys)


def _answered(judgement: Judgement, step: emission.Plan | None, answer: LedgerAnswer) -> tuple[Verdict, ...]:
    """All the verdicts, those of the ledger and of holdout behind the others."""
    ask, held = judgement.ask, judgement.held
    if ask is None or step is None:  # a judgement that asks is of a step
        raise TypeError("nothing was asked")
    message = judgement.touch.message
    segments, due = 0 if message is None else message.segments, judgement.proposal.due
    said = step.limits.answered(ask, answer, segments, held.answer is _REFUSE, due)
    return (*judgement.verdicts, *said, held if isinstance(answer, Granted) else holdout.NOT_ASKED)


def _weighed(verdicts: tuple[Verdict, ...]) -> tuple[bool, str | None, int]:
    """Whether any refuses, the reason of the first that ends the journey, and until when the touch is put off."""
    refused, wake = False, 0
    ending: str | None = None
    for verdict in verdicts:
        if verdict.answer is _REFUSE:
            refused = True
            if verdict.ends_journey and ending is None:
                ending = verdict.reason
        elif verdict.answer is _DELAY and verdict.until is not None and verdict.until > wake:
            wake = verdict.until
    return refused, ending, wake


def _remember(
    row: CustomerRow, plan: emission.Plan, journey: Journey, judgement: Judgement, planned: int, held_out: bool
) -> None:
    """The touch counts from now on: for caps, dedupe, competition and `once_per`."""
    rule, proposal, wall, touch = plan.rule, judgement.proposal, judgement.wall, judgement.touch
    touches, history = row.touches, row.history
    touches.append(Touch(
        touch.touch_id, wall, rule.name, rule.tags, plan.channel, touch.products, held_out,
        0 if planned == wall else planned, proposal.step,
    ))
    if len(touches) > MAX_TOUCHES:  # what was skipped after a delay lets the next one count before others
        touches.remove(min(touches, key=_at))
        row.dropped_touches += 1
    if plan.kind.alone:
        row.surveyed_at = max(row.surveyed_at, wall)
    past = history.get(rule.name)
    if past is None:
        past = history[rule.name] = Past()
    if past.passed_at < journey.began:
        past.passed_at = wall


def _emit(
    row: CustomerRow, shop: Shop, plan: emission.Plan, journey: Journey, judgement: Judgement, at: int, planned: str
) -> tuple[Sending, ...]:
    """The commands of a touch that passed: all it offers and says. Planned for `at`, as it is written `planned`."""
    rule, proposal, wall, touch = plan.rule, judgement.proposal, judgement.wall, judgement.touch
    granted: tuple[Sending, ...] = _bonus(row, plan, judgement, planned) if plan.step.incentive is not None else ()
    if touch.note is not None:
        granted = (_call(row, plan, judgement, planned), *granted)
    if touch.message is None or touch.phone is None:
        return granted
    command_id = touch.touch_id  # an SMS is counted under the id of its command
    if shop.receipts.suppress:
        receipts.sent(row.numbers, touch.phone, command_id, wall)
    if touch.not_before > wall:
        said_at = row.profile[_PHONE].at
        journey.sent = [*journey.sent, Sent(command_id, proposal.step, touch.not_before, touch.phone, said_at)]
    send = SendSms(
        command_id=command_id, shop_id=row.shop_id, customer_id=row.customer_id, rule=rule.name,
        rule_version=rule.version, step=proposal.step, phone=touch.phone, sender=shop.sender,
        text=touch.message.text, purpose=rule.purpose, encoding=touch.message.encoding, units=touch.message.units,
        segments=touch.message.segments, due_at=planned, not_after=rfc3339(touch.not_after),
        not_before=planned if touch.not_before == at else rfc3339(touch.not_before),
    )
    return (send, *granted) if granted else (send,)


def _call(row: CustomerRow, plan: emission.Plan, judgement: Judgement, planned: str) -> CreateCallTask:
    """What somebody of the shop is to do. Nothing calls it back: who makes the call looks at the customer first."""
    proposal, touch, rule = judgement.proposal, judgement.touch, plan.rule
    return CreateCallTask(
        command_id=touch.ids.id("CreateCallTask"),
        shop_id=row.shop_id, customer_id=row.customer_id, rule=rule.name, rule_version=rule.version,
        step=proposal.step, phone=touch.phone, note=touch.note, due_at=planned,
    )


def _bonus(row: CustomerRow, plan: emission.Plan, judgement: Judgement, planned: str) -> tuple[GrantBonus, ...]:
    """The points that the touch promises, with the end that its text names."""
    proposal, rule, offered = judgement.proposal, plan.rule, judgement.touch.offered
    if offered is None or not offered.points:
        return ()
    ends = offered.ends
    return (GrantBonus(
        command_id=judgement.touch.ids.id("GrantBonus"),
        shop_id=row.shop_id, customer_id=row.customer_id, rule=rule.name, rule_version=rule.version,
        step=proposal.step, points=offered.points, expires_at=rfc3339(ends) if ends else None,
        due_at=planned,
    ),)


def _advance(journey: Journey, plan: emission.Plan | None, base: int, wall: int) -> None:
    """To the next step, `after` which counts from `base`; without one the journey is over. `plan` None: its step is
    there no more."""
    following = None if plan is None else plan.following
    if following is not None:
        journey.step, journey.due, journey.wake = following.id, due_of(following, base, journey.about), 0
    else:
        journey.exits(max(wall, journey.epoch_at), "completed")


def _decision(
    row: CustomerRow, judgement: Judgement, verdicts: tuple[Verdict, ...], outcome: str, command_ids: list[str],
    at: int, planned: str,
) -> Decision:  # fmt: skip
    proposal, wall, touch = judgement.proposal, judgement.wall, judgement.touch
    on_time = wall == at
    judged = planned if on_time else rfc3339(wall)
    return Decision(
        decision_id=touch.ids.id(f"decision {at}"),
        shop_id=row.shop_id, customer_id=row.customer_id, rule=proposal.rule, rule_version=proposal.rule_version,
        epoch=proposal.epoch, step=proposal.step, outcome=outcome,
        due_at=planned if proposal.wake is None else rfc3339(proposal.due),
        judged_at=judged, wall_at=None if on_time else judged, command_ids=command_ids,
        verdicts=[verdict.record or verdict.said() for verdict in verdicts], products_hash=touch.products_hash,
        inputs=touch.inputs, tzdata=TZDATA_VERSION, policy=touch.policy,
    )
