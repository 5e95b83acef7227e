"""Emission: one due touch judged against the row as it is, and what it would send.

All pure gates are judged, whatever the first of them say, so that a decision shows every verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from schemas.catalogue import Catalogue
from triggers.customer import CustomerRow
from triggers.gates import conditions, exit, ledger, trigger
from triggers.gates.consent import consent
from triggers.gates.message import message
from triggers.gates.phone import phone
from triggers.gates.quiet_hours import quiet_hours
from triggers.gates.stale import stale
from triggers.gates.suppression import Suppressions, suppression
from triggers.ids import identifier, spread
from triggers.journeys import Journey, Proposal
from triggers.kinds import Kind
from triggers.messages.goods import products_hash
from triggers.messages.template import Message
from triggers.rules.model import Rule, Shop, Step
from triggers.verdicts import Answer, Verdict
from triggers.view import context
from triggers.zones import day_end, next_quiet, quiet_until, zone_of

SPREAD: Final = 15 * 60 * 1_000_000
"""Touches that quiet hours held back don't all leave in the first second of the morning, but within 15 minutes."""

CHANNEL: Final = "sms"

# Names of the module: a member of an enumeration takes as long to find as all else in these loops.
_REFUSE: Final = Answer.REFUSE
_DELAY: Final = Answer.DELAY


class Touch(msgspec.Struct, gc=False):
    """What would be sent, and what the decision says besides verdicts. `message` and `phone` are None where refused.

    `incentive_ends`: the last instant of what is offered, the end of the local day that the text names; 0 for none.
    """

    touch_id: str
    message: Message | None = None
    phone: str | None = None
    not_before: int = 0
    not_after: int = 0
    incentive_ends: int = 0
    products_hash: str | None = None
    inputs: dict[str, str] = {}
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class World:
    """What a judgement looks at besides the row."""

    shop: Shop
    catalogue: Catalogue
    suppressions: Suppressions


def touch_id(row: CustomerRow, proposal: Proposal) -> str:
    return command_id(row, proposal.rule, proposal.epoch, proposal.step, "touch")


def command_id(row: CustomerRow, rule: str, epoch: str, step: str, command: str) -> str:
    return identifier(row.shop_id, row.customer_id, rule, epoch, step, command)


def without_rule(row: CustomerRow, proposal: Proposal, reason: str) -> tuple[tuple[Verdict, ...], Touch]:
    """The judgement of a proposal whose rule or step is in force no more: there is nothing to judge it by."""
    return (exit.withdrawn(reason), *ledger.NOT_ASKED), Touch(touch_id(row, proposal))


def failed(row: CustomerRow, proposal: Proposal) -> tuple[tuple[Verdict, ...], Touch]:
    """The judgement of a proposal that a fault of ours kept from being judged."""
    return (Verdict(gate="engine", answer=Answer.REFUSE, reason="engine-error"), *ledger.NOT_ASKED), Touch(
        touch_id(row, proposal)
    )


def judge(
    row: CustomerRow,
    proposal: Proposal,
    wall: int,
    world: World,
    rule: Rule,
    step: Step,
    kind: Kind,
    journey: Journey | None,
) -> tuple[tuple[Verdict, ...], Touch]:
    """The verdicts of all the pure gates, in order, and the touch. `journey` None: it is gone from the row."""
    shop = world.shop
    touch = Touch(touch_id(row, proposal))
    tz, policy = zone_of(row.field("time_zone"), shop.time_zone)
    touch.policy = None if policy == "customer" else f"zone:{policy}"

    verdicts: list[Verdict] = []
    if journey is None:
        past = row.history.get(rule.name)
        why = past.ended_why if past is not None and past.ended_why else "erased" if row.erased_at else "ended"
        verdicts.append(exit.withdrawn(why))
        started = proposal.due
    else:
        verdicts.append(exit.running(*journey.end))
        if journey.running:
            verdicts.append(trigger.ready(wall, kind.ready(row, rule, journey, wall)))
        started = journey.began

    seen = context(row, shop, world.catalogue, tz, wall, step=step.id, began=started, incentive=step.incentive)
    if rule.audience is not None:
        verdicts.append(conditions.audience(rule.audience, seen))
    if step.when is not None:
        verdicts.append(conditions.when(step.when, seen))
    verdicts.append(consent(row.consents, CHANNEL, rule.purpose))
    touch.phone, verdict = phone(row.field("phone"), shop.default_region)
    verdicts.append(verdict)
    verdicts.append(suppression(world.suppressions, shop.id, touch.phone, wall))
    verdicts.append(stale(wall, proposal.planned, rule.stale_after))
    verdicts.append(quiet_hours(shop.quiet_hours, wall, tz))
    shown = seen
    if step.missing_product == "refuse":
        shown = context(
            row, shop, world.catalogue, tz, wall,
            step=step.id, began=started, incentive=step.incentive, missing_product="refuse",
        )
    touch.message, verdict = message(step.sms, shown)
    verdicts.append(verdict)
    if touch.message is not None and touch.message.products:
        touch.products_hash = products_hash(world.catalogue, shop.id, touch.message.products) or None

    not_after = proposal.planned + rule.stale_after
    if step.incentive is not None and step.incentive.valid is not None:
        touch.incentive_ends = day_end(wall + step.incentive.valid, tz)
        not_after = min(not_after, touch.incentive_ends)
    hours = shop.quiet_hours
    if hours is not None and hours.begin != hours.end:
        not_after = min(not_after, next_quiet(wall, tz, hours.begin, hours.end))
    touch.not_after = not_after
    touch.not_before = wall
    wake = proposal.wake
    if wake is not None and hours is not None and quiet_until(wake - 1, tz, hours.begin, hours.end) == wake:
        touch.not_before = max(wall, wake + spread(touch.touch_id, min(SPREAD, not_after - wake)))
    touch.inputs = _inputs(row)
    return tuple(verdicts), touch


def decided(verdicts: tuple[Verdict, ...]) -> bool:
    """Whether a pure gate refused or delayed, so that the ledger is not asked."""
    return any(verdict.answer is _REFUSE or verdict.answer is _DELAY for verdict in verdicts)


def _inputs(row: CustomerRow) -> dict[str, str]:
    cart = row.cart.now
    count = 0
    for line in cart.lines.values():
        count += line.quantity
    inputs = {"cart.lines": str(len(cart.lines)), "cart.count": str(count)}
    if not (cart.dropped or row.dropped_interests or row.dropped_touches):
        return inputs
    for name, dropped in (
        ("dropped.lines", cart.dropped), ("dropped.interests", row.dropped_interests),
        ("dropped.touches", row.dropped_touches),
    ):
        if dropped:
            inputs[name] = str(dropped)
    return inputs
