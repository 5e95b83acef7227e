"""How journeys end: by events, by what the facts of the row say, and what is done with what had been handed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas import inbound, wire
from schemas.emitted import CancelSms
from schemas.instants import rfc3339
from schemas.suppressions import OPTED_OUT
from schemas.wire import CustomerEvent
from triggers import emission
from triggers.customer import CustomerRow, settle_cart
from triggers.gates.phone import phone
from triggers.journeys import Journey, Past, Sent
from triggers.kinds import Walker
from triggers.planning import plan_anew
from triggers.plans import ShopPlan
from triggers.rules.model import Rule

EXITS: Final[dict[type, str]] = {
    wire.OrderPlaced: "order_placed",
    wire.ConsentChanged: "consent_withdrawn",
    wire.CustomerErased: "erased",
    wire.CustomerMerged: "merged",
}
"""What events end journeys by themselves, in the words of `exit_on` and of decisions."""

WITHDRAWN: Final = "rule-withdrawn"
"""What ends a journey of a rule that is in force no more."""

OTHER_JOURNEY: Final = "other_journey"
"""What ends a survey when another journey begins."""

_CANCEL_REASONS: Final = {"order_placed": "ordered"}
"""Where a CancelSms says it otherwise than the exit is called."""


def settle(row: CustomerRow, due: int) -> None:
    """What is past is past: the cart's base moves up, ended journeys become history."""
    settle_cart(row)
    kept = []
    for journey in row.journeys:
        if journey.sent:
            journey.sent = [sent for sent in journey.sent if sent.not_before > due]
        if not journey.running:
            leave(row, journey)
            if not journey.proposed and not journey.sent:
                continue
        kept.append(journey)
    if len(kept) != len(row.journeys):
        row.journeys = kept


def end_journeys(row: CustomerRow, plan: ShopPlan, event: CustomerEvent) -> None:
    """End the journeys that this event ends, and those that the facts it changed end (or no longer do)."""
    kind, at = type(event), event.at
    why = EXITS.get(kind)
    if isinstance(event, wire.ConsentChanged) and (event.granted or event.channel != emission.CHANNEL):
        why = None
    stop = why is not None and isinstance(event, wire.ConsentChanged) and event.source == inbound.SOURCE
    for journey in row.journeys:
        known = plan.of(journey.rule, journey.version)
        if why is not None and _exits_by(why, event, known[0] if known is not None else None):
            journey.exits(at, why)
            _cancel(row, journey, at, why)
        if stop:  # nothing is sent to that phone any more, whatever for and whenever the journey began
            _call_back(row, journey, journey.sent, at, OPTED_OUT)
        if kind is wire.CustomerErased and journey.sent:  # the phone is forgotten, though the journey may be newer
            _call_back(row, journey, [sent for sent in journey.sent if sent.said_at <= at], at, "erased")
        if known is not None and kind in known[1].watches:
            journey.fact_at, journey.fact_why = known[1].ended(row, known[0], journey)
            if journey.fact_at:
                _cancel(row, journey, journey.fact_at, journey.fact_why)
    if kind is wire.CustomerErased:
        row.journeys = [journey for journey in row.journeys if journey.running or journey.proposed]


def renew_by_walk(row: CustomerRow, plan: ShopPlan, walkers: Mapping[str, Walker], at: int) -> bool:
    """Tell running journeys what they are about after something that concerns many customers; False: as before."""
    moved = False
    for journey in row.journeys:
        known = plan.of(journey.rule, journey.version)
        walker = None if known is None else walkers.get(known[1].name)
        if walker is None or not journey.running:
            continue
        about = walker.renews(row, journey.rule, journey.about, at)
        if about != journey.about:
            journey.about, moved = about, True
            step = (plan.steps_of(journey.rule, journey.version) or {}).get(journey.step)
            plan_anew(journey, None if step is None else step.step, at)
    return moved


def end_by_walk(row: CustomerRow, plan: ShopPlan, walkers: Mapping[str, Walker], at: int) -> bool:
    """End the journeys that something which concerns many customers ends; False: there is none. `walkers` by kind."""
    ended = False
    for journey in row.journeys:
        known = plan.of(journey.rule, journey.version)
        walker = None if known is None else walkers.get(known[1].name)
        why = walker.ends(row, journey) if walker is not None else ""
        if why and at >= journey.epoch_at and (journey.sent or not journey.exit_at):
            if not journey.exit_at:
                journey.exits(at, why)
            _cancel(row, journey, at, why)
            ended = True
    return ended


def give_way(row: CustomerRow, plan: ShopPlan, at: int) -> None:
    """End what runs only where nothing else does, and call back what it handed over."""
    running = sum(journey.running for journey in row.journeys)
    for journey in row.journeys:
        known = plan.of(journey.rule, journey.version)
        if known is not None and known[1].alone and (journey.running or journey.sent) and running > journey.running:
            end(row, journey, at, OTHER_JOURNEY)


def end(row: CustomerRow, journey: Journey, at: int, why: str) -> None:
    """End a journey, and call back what it handed over."""
    journey.exits(at, why)
    _cancel(row, journey, at, why)


def readdress(row: CustomerRow, event: wire.CustomerUpdated, region: str | None) -> bool:
    """Call back what is on its way to a phone that the customer has no more as this event says; False: nothing is.

    A STOP that comes from there would not find the customer any more. Whether the event is the last word on the phone
    does not matter, so that two of them do the same in either order; only one older than what the message was
    addressed by is none."""
    if event.phone is msgspec.UNSET or not row.journeys:
        return False
    number, moved = phone(event.phone, region)[0], False
    for journey in row.journeys:
        former = [one for one in journey.sent if one.phone and one.phone != number and one.said_at <= event.at]
        if former:
            moved = True
            _call_back(row, journey, former, event.at, "phone_changed")
    return moved


def leave(row: CustomerRow, journey: Journey) -> None:
    """Fix a journey's end, and remember it for its rule (not what ended before the customer was erased, or by that)."""
    journey.exit_at, journey.exit_why = journey.end
    journey.fact_at, journey.fact_why = 0, ""
    if journey.exit_why == "erased" or journey.epoch_at <= row.erased_at:
        return
    past = row.history.setdefault(journey.rule, Past())
    if journey.exit_at >= past.ended_at:
        past.ended_at, past.ended_why = journey.exit_at, journey.exit_why


def _exits_by(why: str, event: CustomerEvent, rule: Rule | None) -> bool:
    """Whether what the event says ends a journey of `rule` (None: in force no more, and taken for one as most are: what
    it has handed over may still be called back)."""
    if why in ("erased", "merged"):
        return True
    if rule is None:
        return not isinstance(event, wire.ConsentChanged) or event.purpose == "marketing"
    if isinstance(event, wire.ConsentChanged):
        return rule.purpose != "transactional" and event.purpose == rule.purpose
    return why in rule.exit_on


def _cancel(row: CustomerRow, journey: Journey, at: int, why: str) -> None:
    """Call back what was handed over, by what ends the journey; what happened before its epoch does not."""
    if journey.sent and at >= journey.epoch_at:
        _call_back(row, journey, journey.sent, at, why)


def _call_back(row: CustomerRow, journey: Journey, some: list[Sent], at: int, why: str) -> None:
    """Call back what was handed over and must not leave before something later than `at`."""
    journey.sent = [sent for sent in journey.sent if sent not in some]
    for sent in some:
        if sent.not_before > at:
            row.outgoing.append(CancelSms(
                command_id=emission.command_id(row, journey.rule, journey.epoch, sent.step, "CancelSms"),
                shop_id=row.shop_id, customer_id=row.customer_id, rule=journey.rule, rule_version=journey.version,
                step=sent.step, cancels=sent.command_id, reason=_CANCEL_REASONS.get(why, why), cancelled_at=rfc3339(at),
            ))
