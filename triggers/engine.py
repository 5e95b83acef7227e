"""The engine: events and deadlines in, proposals and decisions out. No I/O, no clock, no randomness.

Used unchanged by the worker, by replay, by the simulator and by the tests. All instants are integers of microseconds
since 1970-01-01T00:00:00Z. A row is changed in place and belongs to its caller; nothing else is kept between calls.

Between two deadlines of a row its events commute: facts are written into the row (`triggers.facts`), exits take the
earliest, and journeys begin and touches fall due only at deadlines.
"""

from __future__ import annotations

from typing import Final

import msgspec

from schemas import wire
from schemas.catalogue import Catalogue
from schemas.emitted import CancelSms, Decision, GrantBonus, SendSms
from schemas.instants import rfc3339
from schemas.wire import CustomerEvent
from triggers import asks, cart, customer, emission
from triggers.asks import Ask, CapLimit, Full, Granted, LedgerAnswer
from triggers.customer import MAX_TOUCHES, NEVER, CustomerRow, Touch
from triggers.expressions import Scope, unexplained
from triggers.facts import APPLY
from triggers.gates import ledger
from triggers.gates.conditions import holds
from triggers.gates.suppression import NoSuppressions, Suppressions
from triggers.journeys import Journey, Past, Proposal, Sent
from triggers.kinds import KINDS, Kind, Watch
from triggers.rules.model import Rule, RuleBook, Shop
from triggers.verdicts import Answer, Verdict
from triggers.view import context
from triggers.zones import TZDATA_VERSION, zone_of

__all__ = ["NEVER", "Emitted", "Engine", "Judgement", "Proposal"]


class Judgement(msgspec.Struct, gc=False):
    """One proposal judged at emission, before the ledger. `ask` is None when the pure gates already decided."""

    proposal: Proposal
    wall: int
    verdicts: tuple[Verdict, ...]
    ask: Ask | None
    touch: emission.Touch  # what would be sent, and below the journey it is of: the engine's own
    journey: Journey | None = None


class Emitted(msgspec.Struct, gc=False):
    """What concluding a judgement put out: wire-ready commands and one decision."""

    commands: tuple[SendSms | GrantBonus, ...]
    decision: Decision


class _Plan:
    """One shop's settings and rules, made ready for the hot path."""

    __slots__ = ("by_items", "by_name", "caps", "kinds", "shop", "steps", "watched", "watches", "world")

    def __init__(self, shop: Shop, rules: tuple[Rule, ...], catalogue: Catalogue, suppressions: Suppressions) -> None:
        self.shop = shop
        self.world = emission.World(shop, catalogue, suppressions)
        self.by_name = {rule.name: (rule, KINDS[type(rule.trigger)]) for rule in rules}
        self.steps = {name: emission.plans(rule, kind) for name, (rule, kind) in self.by_name.items()}
        self.kinds = tuple({kind.name: kind for _, kind in self.by_name.values()}.values())
        self.watches: tuple[tuple[Watch, Kind], ...] = tuple(
            (kind.watch([rule for rule, its in self.by_name.values() if its is kind]), kind) for kind in self.kinds
        )
        self.watched: frozenset[type] = frozenset().union(*(kind.watches for kind in self.kinds))
        self.by_items = any(rule.trigger.on_order == "items" for rule in rules)
        self.caps = tuple(CapLimit(cap.limit, cap.window) for cap in shop.caps)


_REFUSE: Final = Answer.REFUSE
_DELAY: Final = Answer.DELAY

_EXITS: Final[dict[type, str]] = {
    wire.OrderPlaced: "order_placed",
    wire.ConsentChanged: "consent_withdrawn",
    wire.CustomerErased: "erased",
    wire.CustomerMerged: "merged",
}
"""What events end journeys by themselves, in the words of `exit_on` and of decisions."""

_CANCEL_REASONS: Final = {"order_placed": "ordered"}
"""Where a CancelSms says it otherwise than the exit is called."""


class Engine:
    """`rules`, `catalogue` and `suppressions` are looked at, never changed."""

    def __init__(self, rules: RuleBook, catalogue: Catalogue, suppressions: Suppressions | None = None) -> None:
        self._catalogue = catalogue
        suppressions = suppressions if suppressions is not None else NoSuppressions()
        self._plans = {
            shop_id: _Plan(
                rules.shops.get(shop_id, Shop(id=shop_id)), rules.rules.get(shop_id, ()), catalogue, suppressions
            )
            for shop_id in {*rules.shops, *rules.rules}
        }
        self._no_rules = _Plan(Shop(), (), catalogue, suppressions)

    def new_row(self, shop_id: str, customer_id: str) -> CustomerRow:
        return customer.new_row(shop_id, customer_id)

    def on_event(self, row: CustomerRow, event: CustomerEvent, now: int) -> bool:
        """Apply one event at its effective time `now`; False when it was a repeated `event_id` (no effect).

        The caller has fired every deadline of this row strictly below `now` first.
        Changes `row.deadline`. Cancels (`CancelSms`) it causes are appended to `row.outgoing`.
        """
        if not customer.remember(row, event.event_id):
            return False
        kind = type(event)
        if row.erased_at and event.at <= row.erased_at and kind is not wire.CustomerErased:
            return True
        plan = self._plans.get(row.shop_id, self._no_rules)
        apply = APPLY.get(kind)
        if apply is not None:
            apply(row, event, plan.by_items)
        watched = kind in plan.watched
        if row.journeys and (watched or kind in _EXITS):
            self._end_journeys(row, plan, event)
        elif not watched:
            return True
        self._schedule(row, plan, now)
        return True

    def on_deadline(self, row: CustomerRow, due: int) -> list[Proposal]:
        """Look at the row at `due` (== row.deadline): journeys begin, touches fall due.

        Proposals go into `row.outbox` as well, where they stay until `conclude` takes them out; `row.deadline` moves on
        (strictly greater or NEVER)."""
        plan = self._plans.get(row.shop_id, self._no_rules)
        self._settle(row, due)
        row.fired = due
        beginning = [(rule, kind) for watch, kind in plan.watches for rule in watch.due(row, due)]
        if beginning:
            if len(beginning) > 1:
                beginning.sort(key=_name)
            seen: Scope | None = None  # one for all: to begin a journey changes nothing that an audience sees
            for rule, kind in beginning:
                if rule.audience is not None and seen is None:
                    tz, _ = zone_of(row.field("time_zone"), plan.shop.time_zone)
                    seen = unexplained(context(row, plan.shop, self._catalogue, tz, due))
                self._begin(row, rule, kind, due, seen)
        for kind in plan.kinds:
            kind.looked(row, due)
        proposals = []
        for journey in row.journeys:
            if journey.proposed or not journey.running or journey.planned > due:
                continue
            known = plan.by_name.get(journey.rule)
            if known is None:
                journey.exits(due, "rule-withdrawn")
                continue
            rule, kind = known
            ready = kind.ready(row, rule, journey, due)
            if ready > due:
                journey.wake = ready
                continue
            journey.proposed = True
            proposals.append(Proposal(
                rule=rule.name, rule_version=rule.version, epoch=journey.epoch, step=journey.step, due=journey.due,
                wake=journey.wake or None,
            ))
        if len(proposals) > 1:
            proposals.sort(key=lambda proposal: (proposal.planned, proposal.rule))
        row.outbox += proposals
        self._schedule(row, plan, due)
        return proposals

    def on_emit(self, row: CustomerRow, proposal: Proposal, wall: int) -> Judgement:
        """Judge a proposal of `row.outbox` against the row as it is: exits, conditions, all pure gates, the text."""
        plan = self._plans.get(row.shop_id, self._no_rules)
        steps = plan.steps.get(proposal.rule)
        step = None if steps is None else steps.get(proposal.step)
        if step is None:
            reason = "rule-withdrawn" if steps is None else "step-withdrawn"
            verdicts, touch = emission.without_rule(row, proposal, reason)
            return Judgement(proposal, wall, verdicts, None, touch)
        journey = _journey(row, proposal)
        verdicts, touch = emission.judge(row, proposal, wall, plan.world, step, journey)
        if emission.against(verdicts):
            return Judgement(proposal, wall, verdicts + ledger.NOT_ASKED, None, touch, journey)
        known = tuple([(touched.touch_id, touched.at, 1) for touched in row.touches])
        scopes = (asks.Scope("customer", "", plan.caps, 1, known),)
        ask = Ask(row.shop_id, row.customer_id, touch.touch_id, wall, scopes)
        return Judgement(proposal, wall, verdicts, ask, touch, journey)

    def conclude(self, row: CustomerRow, judgement: Judgement, answer: LedgerAnswer | None) -> Emitted:
        """Take the proposal out of the outbox: commands and decision out, journey on (next step, skip, delay, end).

        `answer` is the ledger's where `judgement.ask` is set. (With the ledger away the caller does not conclude: the
        proposal stays in the outbox.)"""
        plan = self._plans.get(row.shop_id, self._no_rules)
        proposal, wall, verdicts = judgement.proposal, judgement.wall, judgement.verdicts
        if judgement.ask is not None:
            if isinstance(answer, Granted):
                verdicts += ledger.granted(plan.shop.caps, answer.counts)
            elif isinstance(answer, Full):
                verdicts += ledger.full(plan.shop.caps, answer.counts)
            else:
                raise TypeError("a judgement that asks the ledger is concluded with its answer")
        outbox = row.outbox
        row.outbox = [] if len(outbox) == 1 and outbox[0] is proposal else [one for one in outbox if one != proposal]
        journey = judgement.journey
        if journey is None or journey.step != proposal.step or id(journey) not in map(id, row.journeys):
            journey = _journey(row, proposal)  # the row was read anew since it was judged
        steps = plan.steps.get(proposal.rule)  # None: the rule was withdrawn
        step = None if steps is None else steps.get(proposal.step)
        refused, wake = False, 0
        ending: str | None = None
        for verdict in emission.against(verdicts):
            if verdict.answer is _REFUSE:
                refused = True
                if verdict.ends_journey and ending is None:
                    ending = verdict.reason
            elif verdict.answer is _DELAY and verdict.until is not None and verdict.until > wake:
                wake = verdict.until
        commands: tuple[SendSms | GrantBonus, ...] = ()
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
            outcome = "emitted"
            if step is not None and journey is not None:
                commands = self._emit(row, plan.shop, step, journey, judgement)
                _advance(journey, step, proposal.planned, wall)
        if journey is not None and journey.exit_at and not journey.sent:
            _leave(row, journey)
            row.journeys = [other for other in row.journeys if other is not journey]
        decision = _decision(row, judgement, verdicts, outcome, [command.command_id for command in commands])
        self._schedule(row, plan, row.fired)
        return Emitted(commands, decision)

    def give_up(self, row: CustomerRow, proposal: Proposal, wall: int) -> Emitted:
        """Conclude a proposal that a fault kept from being judged: its step is skipped, `engine-error` its decision."""
        verdicts, touch = emission.failed(row, proposal)
        return self.conclude(row, Judgement(proposal, wall, verdicts, None, touch), None)

    def _begin(self, row: CustomerRow, rule: Rule, kind: Kind, due: int, seen: Scope | None) -> None:
        """Begin a journey of `rule`, unless `once_per`, `cooldown` or the audience, to whom the row is `seen`, forbids
        it now."""
        past = row.history.get(rule.name)
        if past is not None:
            if rule.once_per is not None and past.passed_at and due < past.passed_at + rule.once_per:
                return
            if rule.cooldown is not None and past.ended_at and due < past.ended_at + rule.cooldown:
                return
        if rule.audience is not None and seen is not None and not holds(rule.audience, seen):
            return
        if past is None:
            past = row.history[rule.name] = Past()
        at, event_id = past.used_at, past.used_id = kind.epoch(row, rule)
        first = rule.steps[0]
        row.journeys.append(
            Journey(rule.name, rule.version, at, event_id, began=due, step=first.id, due=due + first.after)
        )

    def _settle(self, row: CustomerRow, due: int) -> None:
        """What is past is past: the cart's base moves up, ended journeys become history."""
        cart.settle(row.cart)
        kept = []
        for journey in row.journeys:
            if journey.sent:
                journey.sent = [sent for sent in journey.sent if sent.not_before > due]
            if not journey.running:
                _leave(row, journey)
                if not journey.proposed and not journey.sent:
                    continue
            kept.append(journey)
        if len(kept) != len(row.journeys):
            row.journeys = kept

    def _end_journeys(self, row: CustomerRow, plan: _Plan, event: CustomerEvent) -> None:
        """End the journeys that this event ends, and those that the facts it changed end (or no longer do)."""
        kind, at = type(event), event.at
        why = _EXITS.get(kind)
        if isinstance(event, wire.ConsentChanged) and (event.granted or event.channel != emission.CHANNEL):
            why = None
        for journey in row.journeys:
            known = plan.by_name.get(journey.rule)
            if why is not None and _exits_by(why, event, known[0] if known is not None else None):
                journey.exits(at, why)
                _cancel(row, journey, at, why)
            if known is not None and kind in known[1].watches:
                journey.fact_at, journey.fact_why = known[1].ended(row, known[0], journey)
                if journey.fact_at:
                    _cancel(row, journey, journey.fact_at, journey.fact_why)
        if kind is wire.CustomerErased:
            row.journeys = [journey for journey in row.journeys if journey.running or journey.proposed]

    def _schedule(self, row: CustomerRow, plan: _Plan, now: int) -> None:
        """Set the row's deadline. What should have been looked at before `now` (a late event) is looked at then."""
        deadline = NEVER
        for watch, _ in plan.watches:
            look = watch.next_look(row)
            if look < deadline:
                deadline = look
        if deadline < now:
            deadline = now
        for journey in row.journeys:
            if journey.proposed:
                continue
            if journey.running:
                look = journey.planned
            elif journey.sent:  # nothing is left but to forget it once its last message has left
                look = max(sent.not_before for sent in journey.sent)
            else:
                continue
            if look < deadline:
                deadline = look
        row.deadline = deadline

    def _emit(
        self, row: CustomerRow, shop: Shop, plan: emission.Plan, journey: Journey, judgement: Judgement
    ) -> tuple[SendSms | GrantBonus, ...]:
        """The commands of a touch that passed: all it offers and says, or nothing. The row remembers it."""
        rule, proposal, wall, touch = plan.rule, judgement.proposal, judgement.wall, judgement.touch
        touches, history = row.touches, row.history
        touches.append(Touch(touch.touch_id, wall, rule.name))
        if len(touches) > MAX_TOUCHES:
            del touches[0]
            row.dropped_touches += 1
        past = history.get(rule.name)
        if past is None:
            past = history[rule.name] = Past()
        if past.passed_at < journey.began:
            past.passed_at = wall
        if touch.message is None or touch.phone is None:
            return ()
        command_id = touch.ids.id("SendSms")
        if touch.not_before > wall:
            journey.sent = [*journey.sent, Sent(command_id, proposal.step, touch.not_before)]
        send = SendSms(
            command_id=command_id, shop_id=row.shop_id, customer_id=row.customer_id, rule=rule.name,
            rule_version=rule.version, step=proposal.step, phone=touch.phone, sender=shop.sender,
            text=touch.message.text, purpose=rule.purpose, encoding=touch.message.encoding, units=touch.message.units,
            segments=touch.message.segments, due_at=rfc3339(proposal.planned), not_before=rfc3339(touch.not_before),
            not_after=rfc3339(touch.not_after),
        )
        if plan.step.incentive is None or plan.step.incentive.kind != "bonus":
            return (send,)
        return (send, *_bonus(row, plan, judgement))


def _name(waiting: tuple[Rule, Kind]) -> str:
    return waiting[0].name


def _journey(row: CustomerRow, proposal: Proposal) -> Journey | None:
    rule, step, epoch = proposal.rule, proposal.step, proposal.epoch
    for journey in row.journeys:
        if journey.rule == rule and journey.step == step and journey.epoch == epoch:
            return journey
    return None


def _bonus(row: CustomerRow, plan: emission.Plan, judgement: Judgement) -> tuple[GrantBonus, ...]:
    """The points that the touch promises, with the end that its text names."""
    proposal, ends = judgement.proposal, judgement.touch.incentive_ends
    rule, incentive = plan.rule, plan.step.incentive
    if incentive is None or incentive.amount is None:
        return ()
    return (GrantBonus(
        command_id=judgement.touch.ids.id("GrantBonus"),
        shop_id=row.shop_id, customer_id=row.customer_id, rule=rule.name, rule_version=rule.version,
        step=proposal.step, points=int(incentive.amount), expires_at=rfc3339(ends) if ends else None,
        due_at=rfc3339(proposal.planned),
    ),)


def _exits_by(why: str, event: CustomerEvent, rule: Rule | None) -> bool:
    """Whether what the event says ends a journey of `rule` (None: in force no more)."""
    if why in ("erased", "merged"):
        return True
    if rule is None:
        return False
    if isinstance(event, wire.ConsentChanged):
        return rule.purpose != "transactional" and event.purpose == rule.purpose
    return why in rule.exit_on


def _advance(journey: Journey, plan: emission.Plan | None, base: int, wall: int) -> None:
    """To the next step, `after` which counts from `base`; without one the journey is over. `plan` None: its step is
    there no more."""
    following = None if plan is None else plan.following
    if following is not None:
        journey.step, journey.due, journey.wake = following.id, base + following.after, 0
    else:
        journey.exits(max(wall, journey.epoch_at), "completed")


def _leave(row: CustomerRow, journey: Journey) -> None:
    """Fix a journey's end, and remember it for its rule (not what ended before the customer was erased, or by that)."""
    journey.exit_at, journey.exit_why = journey.end
    journey.fact_at, journey.fact_why = 0, ""
    if journey.exit_why == "erased" or journey.epoch_at <= row.erased_at:
        return
    past = row.history.setdefault(journey.rule, Past())
    if journey.exit_at >= past.ended_at:
        past.ended_at, past.ended_why = journey.exit_at, journey.exit_why


def _cancel(row: CustomerRow, journey: Journey, at: int, why: str) -> None:
    """Call back what was handed over and must not leave before something later than `at`."""
    if not journey.sent or at < journey.epoch_at:
        return
    for sent in journey.sent:
        if sent.not_before > at:
            row.outgoing.append(CancelSms(
                command_id=emission.command_id(row, journey.rule, journey.epoch, sent.step, "CancelSms"),
                shop_id=row.shop_id, customer_id=row.customer_id, rule=journey.rule, rule_version=journey.version,
                step=sent.step, cancels=sent.command_id, reason=_CANCEL_REASONS.get(why, why), cancelled_at=rfc3339(at),
            ))
    journey.sent = []


def _decision(
    row: CustomerRow, judgement: Judgement, verdicts: tuple[Verdict, ...], outcome: str, command_ids: list[str]
) -> Decision:
    proposal, wall, touch = judgement.proposal, judgement.wall, judgement.touch
    planned = proposal.planned
    return Decision(
        decision_id=touch.ids.id(f"decision {planned}"),
        shop_id=row.shop_id, customer_id=row.customer_id, rule=proposal.rule, rule_version=proposal.rule_version,
        epoch=proposal.epoch, step=proposal.step, outcome=outcome, due_at=rfc3339(proposal.due),
        judged_at=rfc3339(wall), wall_at=rfc3339(wall) if wall != planned else None, command_ids=command_ids,
        verdicts=[verdict.record or verdict.said() for verdict in verdicts], products_hash=touch.products_hash,
        inputs=touch.inputs, tzdata=TZDATA_VERSION, policy=touch.policy,
    )
