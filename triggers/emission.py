"""Emission: one due touch judged against the row as it is, and what it would send.

All pure gates are judged, whatever the first of them say, so that a decision shows every verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from schemas.catalogue import Catalogue
from schemas.instants import MINUTE
from triggers.beyond import Beyond, Campaigns, Figures, asks_figures
from triggers.calendars.phone_zones import phone_zones
from triggers.calendars.quiet import Quiet
from triggers.customer import PROFILE_FIELDS, CustomerRow
from triggers.gates import competition, conditions, exit, holdout, products, trigger
from triggers.gates.consent import TRANSACTIONAL, consent, to_calls
from triggers.gates.ended import NO_END, ended
from triggers.gates.incentive import NONE as NO_INCENTIVE
from triggers.gates.incentive import incentive
from triggers.gates.message import given_up, message, note
from triggers.gates.phone import phone, to_call
from triggers.gates.quiet_hours import OFF as NO_QUIET_HOURS
from triggers.gates.quiet_hours import quiet_hours
from triggers.gates.stale import FRESH, stale
from triggers.gates.sunset import OFF as NO_SUNSET
from triggers.gates.sunset import sunset
from triggers.gates.suppression import Suppressions, suppression
from triggers.ids import Stem, identifier, spread
from triggers.journeys import Journey, Proposal
from triggers.kinds import Kind, KindBase, KindWorld
from triggers.limits import NOT_ASKED, Limits
from triggers.messages.goods import products_hash
from triggers.messages.links import Shortener, as_it_is
from triggers.messages.message import Message
from triggers.messages.opt_out import in_language
from triggers.offering import Offered, work_out
from triggers.rivals import Rivals
from triggers.rules.clean import Sunset
from triggers.rules.model import Channel, Rule, Shop, Step
from triggers.verdicts import Answer, Verdict, constant
from triggers.view import context
from triggers.zones import alone, zone_of

UTC: Final = zone_of(None, "UTC")[0]

SPREAD: Final = 15 * MINUTE
"""Touches that quiet hours held back don't all leave in the first second of the morning, but within 15 minutes. Where
the shop has a pace, within the minute that they are counted in."""

CHANNEL: Final = "sms"
# names of the module: a member of an enumeration takes longer to find than to compare
_PASS: Final = Answer.PASS
_NOT_ASKED: Final = Answer.NOT_ASKED
_PHONE: Final = PROFILE_FIELDS.index("phone")
_TIME_ZONE: Final = PROFILE_FIELDS.index("time_zone")
_POLICIES: Final = {"customer": None, "phone": "zone:phone", "shop": "zone:shop", "utc": "zone:utc"}
"""As decisions name the rule by which a zone was found."""


NOTHING_ASKED: Final = (*NOT_ASKED, holdout.NOT_ASKED)
"""The gates behind the pure ones, where those have decided."""

_NO_SMS: Final = {
    gate: constant(Verdict(gate=gate, answer=Answer.NOT_ASKED, reason="no-sms"))
    for gate in ("consent", "phone", "suppression", "sunset", "quiet_hours")
}
"""The gates that an SMS has to pass, for a touch that sends none."""

_LAST: Final = (NO_INCENTIVE, products.OFF, competition.OFF)
"""The last of the pure gates, where a shop's rule asks for none of them."""


class Touch(msgspec.Struct, gc=False):
    """What would be sent, and what the decision says besides verdicts. `message`, `note` (of a call) and `phone` are
    None where refused, or where the step has none.

    `zone`: the customer's. `products`: those offered, where the shop's dedupe asks. `offered`: the incentive, with its
    amount and the end that the text names; None without one. `unfit`: what is left of a text that was refused as it
    does not fit, for who looks at rules: it is sent nowhere, and no decision has it.
    """

    touch_id: str
    ids: Stem  # its commands' and its decision's begin with it
    zone: ZoneInfo
    message: Message | None = None
    note: str | None = None
    phone: str | None = None
    not_before: int = 0
    not_after: int = 0
    offered: Offered | None = None
    products: tuple[str, ...] = ()
    products_hash: str | None = None
    inputs: dict[str, str] = {}
    policy: str | None = None
    unfit: Message | None = None


class World:
    """What a judgement looks at besides the row. `zone`: for customers whose own is not known, by which `policy`.
    `rivals`: None where the shop's rules don't compete. `transactional`: the names of its rules that are. `cheques`:
    who counts figures of the whole shop, the average cheque among them; `campaigns`: who knows its sales; None: nobody
    does; `beyond`: both. `shortener`: of the links in texts."""

    __slots__ = (
        "beyond", "campaigns", "catalogue", "cheques", "paced", "policy", "quiet", "rivals", "shop", "shortener",
        "suppressions", "transactional", "zone",
    )  # fmt: skip

    def __init__(
        self, shop: Shop, catalogue: Catalogue, suppressions: Suppressions,
        cheques: Figures | None = None, campaigns: Campaigns | None = None, shortener: Shortener = as_it_is,
    ) -> None:  # fmt: skip
        self.shop = shop
        self.shortener = shortener
        self.catalogue = catalogue
        self.suppressions = suppressions
        self.zone, self.policy = zone_of(None, shop.time_zone)
        self.cheques = cheques
        self.campaigns = campaigns
        self.beyond = Beyond(cheques, campaigns)
        self.rivals: Rivals | None = None
        self.transactional: frozenset[str] = frozenset()
        self.paced = any(one.per == "minute" for one in shop.budgets)
        self.quiet = None if shop.quiet_hours is None else Quiet(shop.quiet_hours)


@dataclass(frozen=True, slots=True)
class Plan:
    """A step of a rule, and what is the same for all its touches. `following`: the step after it. `consent` and `last`:
    what the gate of consent, and the last of the pure gates, say of all of them; None where it depends. `figures`:
    whether it asks for some of the whole shop. `own`: the settings that the rule's version goes by, for what is no
    limit of the shop's: its texts, segments and economics."""

    rule: Rule
    step: Step
    kind: Kind
    following: Step | None
    channel: Channel
    limits: Limits
    holdout: holdout.Holdout
    consent: Verdict | None
    last: tuple[Verdict, ...] | None
    figures: bool
    own: Shop
    tells: bool
    """Whether its kind tells why a journey began when it did."""
    varies: bool
    """Whether a customer may get something else than what the step says, or be let off for the want of a phone."""


def plans(shop: Shop, rule: Rule, kind: Kind, own: Shop | None = None) -> dict[str, Plan]:
    """By the step's id. `shop` has the limits that are in force; `own`: see Plan, the same where it is left out."""
    held = holdout.Holdout(shop, rule)
    agreed = TRANSACTIONAL if rule.purpose == "transactional" else None
    off = shop.dedupe_product is None and shop.compete is None
    made: dict[str, Plan] = {}
    tells: object = type(kind).inputs
    for step, following in zip(rule.steps, (*rule.steps[1:], None), strict=True):
        channel: Channel = "sms" if step.sms is not None else "call" if step.call is not None else "bonus"
        last = _LAST if off and step.incentive is None else None
        said = [rule.audience, step.when, step.sms, step.call, *(one.when for one in rule.variants)]
        said += [part for one in step.variants for part in (one.sms, one.when)]
        sources = [one for one in said if one is not None]
        made[step.id] = Plan(
            rule, step, kind, following, channel, Limits(shop, rule, channel), held, agreed, last,
            any(asks_figures(source.reads, kind.content) for source in sources), own or shop,
            tells is not KindBase.inputs, bool(step.variants) or step.on_no_phone != "end",
        )
    return made


def _stem(row: CustomerRow, proposal: Proposal) -> Stem:
    return Stem(row.shop_id, row.customer_id, proposal.rule, proposal.epoch, proposal.step)


def command_id(row: CustomerRow, rule: str, epoch: str, step: str, command: str) -> str:
    return identifier(row.shop_id, row.customer_id, rule, epoch, step, command)


def without_rule(row: CustomerRow, proposal: Proposal, reason: str) -> tuple[tuple[Verdict, ...], Touch]:
    """The judgement of a proposal whose rule or step is in force no more: there is nothing to judge it by."""
    return (exit.withdrawn(reason), *NOTHING_ASKED), _nothing(row, proposal)


def failed(row: CustomerRow, proposal: Proposal) -> tuple[tuple[Verdict, ...], Touch]:
    """The judgement of a proposal that a fault of ours kept from being judged."""
    return (Verdict(gate="engine", answer=Answer.REFUSE, reason="engine-error"), *NOTHING_ASKED), _nothing(
        row, proposal
    )


def _nothing(row: CustomerRow, proposal: Proposal) -> Touch:
    ids = _stem(row, proposal)
    return Touch(ids.id("touch"), ids, UTC)


def judge(
    row: CustomerRow,
    proposal: Proposal,
    wall: int,
    world: World,
    plan: Plan,
    journey: Journey | None,
) -> tuple[tuple[Verdict, ...], Touch]:
    """The verdicts of all the pure gates, in order, and the touch. `journey` None: it is gone from the row."""
    shop, own, rule, step = world.shop, plan.own, plan.rule, plan.step
    ids = _stem(row, proposal)
    profile = row.profile
    zone = profile.get(_TIME_ZONE)
    if zone is None or zone.value is None:
        tz, policy = world.zone, world.policy
    else:
        tz, policy = zone_of(zone.value, shop.time_zone)
    # An SMS is counted under its command's id, so that what went out tells what was counted (triggers.shared).
    touch = Touch(ids.id("touch" if step.sms is None else "SendSms"), ids, tz, policy=_POLICIES[policy])

    verdicts: list[Verdict] = []
    if journey is None:
        past = row.history.get(rule.name)
        why = past.ended_why if past is not None and past.ended_why else "erased" if row.erased_at else "ended"
        verdicts.append(exit.withdrawn(why))
        started = proposal.due
    else:
        if journey.running:
            verdicts += (exit.RUNNING, trigger.ready(wall, plan.kind.ready(row, rule, journey, wall)))
        else:
            verdicts.append(exit.running(*journey.end))
        started = journey.began

    offer = step.incentive
    beyond = world.beyond
    seen = context(
        row, own, world.catalogue, tz, wall, step=step.id, began=started, incentive=offer, journey=journey,
        beyond=beyond, kind=plan.kind.name,
    )
    if offer is not None:
        touch.offered = work_out(offer, row, own, seen, world.cheques, wall, tz)
        if touch.offered.incentive is not offer:  # worked out
            offer = touch.offered.incentive
            seen = context(
                row, own, world.catalogue, tz, wall, step=step.id, began=started, incentive=offer, journey=journey,
                beyond=beyond, kind=plan.kind.name,
            )
    if rule.audience is not None:
        verdicts.append(conditions.audience(rule.audience, seen))
    if step.when is not None:
        verdicts.append(conditions.when(step.when, seen))
    silent = step.sms is None
    if silent:
        if step.call is None:
            verdicts += (_NO_SMS["consent"], _NO_SMS["phone"], _NO_SMS["suppression"])
        else:
            verdicts.append(plan.consent or _to_calls(row, rule, shop))
            number = profile.get(_PHONE)
            touch.phone, verdict = to_call(None if number is None else number.value, shop.default_region)
            verdicts.append(verdict)
            verdicts.append(suppression(world.suppressions, shop.id, touch.phone, wall))
        verdicts.append(_NO_SMS["sunset"])
    else:
        verdict = plan.consent or consent(row.consents, CHANNEL, rule.purpose, shop.confirm_sources)
        if step.call is not None and verdict.answer is _PASS:  # it needs both
            verdict = plan.consent or _to_calls(row, rule, shop)
        verdicts.append(verdict)
        number = profile.get(_PHONE)
        touch.phone, verdict = phone(None if number is None else number.value, shop.default_region)
        verdicts.append(verdict)
        verdicts.append(suppression(world.suppressions, shop.id, touch.phone, wall))
        verdicts.append(NO_SUNSET if shop.sunset is None else _sunset(row, shop.sunset, world, rule, wall))
    planned = proposal.planned
    verdicts.append(FRESH if wall - planned <= rule.stale_after else stale(wall, planned, rule.stale_after))
    ends_at = 0 if journey is None else journey.about.ends_at
    verdicts.append(ended(ends_at, wall, proposal.due, step.before_end) if ends_at else NO_END)
    look = quiet = zones = None
    if silent:
        verdicts.append(_NO_SMS["quiet_hours"])
    elif world.quiet is None:
        verdicts.append(NO_QUIET_HOURS)
    else:
        quiet, zones = world.quiet, alone(tz)
        if policy != "customer" and touch.phone is not None:
            places = phone_zones(touch.phone)
            if places is not None:
                zones, touch.policy = places, _POLICIES["phone"]
        verdict, look = quiet_hours(quiet, wall, planned, zones)
        verdicts.append(verdict)
    shown = seen
    if step.missing_product == "refuse":
        shown = context(
            row, own, world.catalogue, tz, wall,
            step=step.id, began=started, incentive=offer, missing_product="refuse", journey=journey,
            beyond=beyond, kind=plan.kind.name,
        )
    ending = ""
    if step.opt_out and own.opt_out_text:
        ending = in_language(own.opt_out_text, row.field("language"), own.language)
    writing = step.writing
    if writing.links is not None:
        variant = "" if journey is None else journey.variant
        writing = replace(writing, links=writing.links.sent_as(touch.touch_id, variant, world.shortener))
    touch.message, verdict, touch.unfit = message(step.sms, shown, ending, writing)
    offered = () if touch.message is None else touch.message.products
    if step.call is not None and verdict.answer is _PASS:
        noted, of_note = note(step.call, shown)
        if noted is not None:
            touch.note = noted.text
            offered += noted.products
        if noted is None or silent:
            verdict = of_note
    verdicts.append(verdict)
    if offered:
        touch.products_hash = products_hash(world.catalogue, shop.id, offered) or None
        if shop.dedupe_product is not None:
            touch.products = tuple(dict.fromkeys(offered))

    not_after = planned + rule.stale_after
    if touch.offered is not None and touch.offered.ends:
        not_after = min(not_after, touch.offered.ends)
    if ends_at:
        not_after = min(not_after, ends_at)
    if plan.last is not None:
        verdicts += plan.last
    else:
        verdicts.append(incentive(touch.offered, wall))
        if shop.dedupe_product is None:
            verdicts.append(products.OFF)
        else:
            verdicts.append(products.products(shop.dedupe_product, touch.products, row.touches, wall))
        if world.rivals is None:
            verdicts.append(competition.OFF)
        else:
            verdicts.append(world.rivals.judge(row, proposal, rule, plan.kind, step, wall, tz, beyond))
    if look is not None:
        not_after = min(not_after, wall if look.quiet else look.until)
    touch.not_after = not_after
    touch.not_before = wall
    wake = proposal.wake
    if wake is not None and quiet is not None and zones is not None and quiet.look(wake - 1, zones) == (True, wake):
        within = MINUTE - wake % MINUTE if world.paced else SPREAD
        touch.not_before = max(wall, wake + spread(touch.touch_id, min(within, not_after - wake)))
    touch.inputs = _inputs(row)
    made = touch.message
    if made is not None and (made.dropped or made.shortened or made.saved):
        touch.inputs |= given_up(made)
    if journey is not None and plan.tells:
        touch.inputs |= plan.kind.inputs(row, rule, journey, KindWorld(own, world.catalogue, world.cheques))
    if touch.offered is not None and touch.offered.worth is not None and touch.offered.worth.facts:
        touch.inputs["facts"] = touch.offered.worth.facts
    elif plan.figures and world.cheques is not None:
        day = world.cheques.newest(shop.id, wall)
        if day is not None:
            touch.inputs["facts"] = day.isoformat()
    return tuple(verdicts), touch


def decided(verdicts: tuple[Verdict, ...]) -> bool:
    """Whether any refused or delayed: the ledger is not asked then."""
    for verdict in verdicts:
        answer = verdict.answer
        if answer is not _PASS and answer is not _NOT_ASKED:
            return True
    return False


def _to_calls(row: CustomerRow, rule: Rule, shop: Shop) -> Verdict:
    return to_calls(row.consents, rule.purpose, shop.call_consent, shop.confirm_sources)


def _sunset(row: CustomerRow, setting: Sunset, world: World, rule: Rule, wall: int) -> Verdict:
    orders = row.orders
    answered_at = max(0 if orders is None else orders.last_at, row.clicked_at)
    return sunset(setting, rule.purpose, row.touches, world.transactional, answered_at, wall)


def _inputs(row: CustomerRow) -> dict[str, str]:
    cart = row.cart.now
    count = 0
    for line in cart.lines.values():
        count += line.quantity
    inputs = {"cart.lines": str(len(cart.lines)), "cart.count": str(count)}
    if not (cart.dropped or row.dropped_interests or row.dropped_touches or row.dropped_occasions):
        return inputs
    for name, dropped in (
        ("dropped.lines", cart.dropped), ("dropped.interests", row.dropped_interests),
        ("dropped.touches", row.dropped_touches), ("dropped.journeys", row.dropped_occasions),
    ):
        if dropped:
            inputs[name] = str(dropped)
    return inputs
