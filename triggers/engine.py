"""The engine: events and deadlines in, proposals and decisions out. No I/O, no clock, no randomness.

Used unchanged by the worker, by replay, by the simulator and by the tests. All instants are integers of microseconds
since 1970-01-01T00:00:00Z. A row is changed in place and belongs to its caller; nothing else is kept between calls.

Between two deadlines of a row its events commute: facts are written into the row (`triggers.facts`), exits take the
earliest, and journeys begin and touches fall due only at deadlines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from schemas import wire
from schemas.catalogue import Catalogue
from schemas.wire import CustomerEvent
from triggers import concluding, customer, emission, judging, receipts, trial
from triggers.asks import LedgerAnswer
from triggers.beginning import Seen, begin
from triggers.campaigns import Campaigns
from triggers.concluding import Emitted
from triggers.customer import NEVER, CustomerRow
from triggers.ending import EXITS, end_journeys, give_way, readdress, settle
from triggers.erasure import MARKER_KEPT, marker_ends
from triggers.facts import APPLY
from triggers.gates.suppression import NoSuppressions, Suppressions
from triggers.journeys import MAX_HISTORY, Proposal, bounded
from triggers.judging import Judgement
from triggers.kinds import Begin, Kind, Watch
from triggers.messages.links import Shortener, as_it_is
from triggers.plans import ShopPlan, ShopPlans
from triggers.rules.inforce import InForce, in_force
from triggers.rules.model import RuleBook, Shop
from triggers.shopfacts import ShopFacts
from triggers.ticks import Source, Tick
from triggers.walkers import Walkers
from triggers.walks import Walk, WalkEvent

__all__ = ["NEVER", "Emitted", "Engine", "Judgement", "Proposal"]


class Engine:
    """`rules`, `catalogue`, `suppressions` and `facts` (the figures of whole shops; None where nobody counts) are
    looked at, never changed. `marker_kept`: for how long after an erasure its marker is kept (microseconds, MARKER_KEPT
    at least; None for ever). `shortener`: of the links in texts."""

    def __init__(
        self,
        rules: RuleBook | InForce,
        catalogue: Catalogue,
        suppressions: Suppressions | None = None,
        *,
        marker_kept: int | None = MARKER_KEPT,
        facts: ShopFacts | None = None,
        shortener: Shortener = as_it_is,
    ) -> None:
        self.last: int | None = None
        """After this instant there are no more events, and calendars stop: nothing falls due by a date alone."""
        self._catalogue = catalogue
        self._marker_kept = marker_kept
        suppressions = suppressions if suppressions is not None else NoSuppressions()
        self._campaigns = Campaigns()
        self._all = ShopPlans(in_force(rules), catalogue, suppressions, facts, self._campaigns, shortener)
        self._plans, self._no_rules = self._all.newest, self._all.nobody
        self._walkers = Walkers(self._all, self._campaigns)
        self.counted: Mapping[str, bool] = dict(self._all.counted)
        """The shops whose customers are counted, and whether a rule of theirs asks for figures of the whole shop;
        another one whenever that changes."""

    def new_row(self, shop_id: str, customer_id: str) -> CustomerRow:
        return customer.new_row(shop_id, customer_id)

    def shop(self, shop_id: str) -> Shop:
        """The settings of a shop; those of one without a `shop.yaml` where it has none."""
        return self._plans.get(shop_id, self._no_rules).shop

    @property
    def generation(self) -> int:
        """Another one whenever `look_again` has found that something else is in force, at whatever time."""
        return self._all.generation

    def look_again(self) -> None:
        """More may have been published."""
        if self._all.look_again():
            self._walkers.forget()
            self.counted = dict(self._all.counted)

    def on_event(self, row: CustomerRow, event: CustomerEvent, now: int) -> bool:
        """Apply one event at its effective time `now`; False when it was a repeated `event_id` (no effect).

        The caller has fired every deadline of this row strictly below `now` first.
        Changes `row.deadline`. Cancels (`CancelSms`) it causes are appended to `row.outgoing`, and what a receipt, or
        one who opts in again, says of a phone; and, where somebody counts, what it adds to the shop's figures.
        """
        plan = self._plans.get(row.shop_id, self._no_rules)
        if now < plan.since:
            plan = self._all.earlier(row.shop_id, now)
        before = None if plan.counting is None else plan.counting.before(row, event)
        if not customer.remember(row, event.event_id):
            return False
        kind = type(event)
        if row.erased_at and event.at <= row.erased_at and kind is not wire.CustomerErased:
            return True
        apply = APPLY.get(kind)
        if apply is not None:
            apply(row, event, plan.says)
        elif isinstance(event, wire.DeliveryReceipt) and plan.shop.receipts.suppress and receipts.speaks(event):
            found = receipts.judge(row.numbers, event, plan.shop.receipts)
            if found is not None:
                row.outgoing.append(found)
        if before is not None and plan.counting is not None:
            row.outgoing += plan.counting.after(row, event, now, before)
        if kind not in plan.by_event and kind not in _HEARD and row.plan == plan.stamp and not plan.pins:
            return True  # as most are: nobody waits for it
        watching = plan.by_event.get(kind, ())
        moved = isinstance(event, wire.CustomerUpdated) and readdress(row, event, plan.says.region)
        ending = bool(row.journeys) and (bool(watching) or kind in EXITS or plan.pins)
        if ending:
            end_journeys(row, plan, event)
        if isinstance(event, wire.TestRequested):
            trial.ask(row, event, plan.by_name, now)
        looks = row.looks
        for code, watch in watching:
            look = watch.heard(row, event, now)
            if look is None:
                continue
            if look >= NEVER:
                moved = looks.pop(code, None) is not None or moved
            elif looks.get(code) != look:
                looks[code] = look
                moved = True
        if row.plan != plan.stamp or (ending and kind in EXITS) or kind is wire.CustomerErased:
            _look_anew(row, plan, now)
        elif not (moved or ending or kind is wire.TestRequested):
            return True
        self._schedule(row, plan, now)
        return True

    def on_deadline(self, row: CustomerRow, due: int) -> list[Proposal]:
        """Look at the row at `due` (== row.deadline): journeys begin, touches fall due.

        Proposals go into `row.outbox` as well, where they stay until `conclude` takes them out; `row.deadline` moves on
        (strictly greater or NEVER)."""
        plan = self._plans.get(row.shop_id, self._no_rules)
        if due < plan.since:
            plan = self._all.earlier(row.shop_id, due)
        watches, prefilter = plan.watches, plan.prefilter
        if plan.lasting and not self._lasts(due):
            watches = tuple((watch, kind) for watch, kind in watches if kind.drains)
        wanting: Sequence[tuple[Watch, Kind]] = watches
        lone = self._lone(row, plan)
        if lone:
            looks = row.looks
            if len(watches) == 1:  # as in most shops
                wanting = watches if looks.get(watches[0][1].code, NEVER) <= due else ()
            else:
                wanting = [one for one in watches if looks.get(one[1].code, NEVER) <= due]
        settle(row, due)
        row.fired = due
        beginning = []
        for watch, kind in wanting:
            for one in watch.due(row, due):
                if prefilter is None or prefilter.admits(row, one.rule):
                    beginning.append((one, kind))
        if beginning:
            if len(beginning) > 1:
                beginning.sort(key=_order)
            seen: Seen | None = None
            for one, _ in beginning:
                if seen is None and (one.rule.audience is not None or one.rule.variants):
                    seen = Seen(row, plan.shop, self._catalogue, due, plan.world.beyond)
                begin(row, one, due, seen)
            if len(row.journeys) > 1:
                give_way(row, plan, due)
            if len(row.history) > MAX_HISTORY:
                row.history = bounded(row.history, {*plan.by_name, *(journey.rule for journey in row.journeys)})
        if lone and watches is plan.watches and not row.has_occasions():
            for watch in plan.marking:
                watch.looked(row, due)
            for watch, kind in wanting:
                if not kind.marks:
                    watch.looked(row, due)
        else:
            for watch, _ in watches:
                watch.looked(row, due)
        proposals = []
        for journey in row.journeys:
            if journey.proposed or not journey.running or journey.planned > due:
                continue
            known = plan.by_name.get(journey.rule)
            if known is not None and known[0].version != journey.version:
                known = plan.of(journey.rule, journey.version)
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
        tests = trial.due(row, due) if row.outbox else []
        row.outbox += proposals
        if lone and not row.journeys:
            _look_again(row, wanting, due)
        else:
            _look_anew(row, plan, due)
        self._schedule(row, plan, due)
        return proposals + tests

    def opens(self, event: object, at: int) -> Sequence[tuple[str, WalkEvent]]:
        """What the customers of a shop are to take, each as of `at`, when marketing says this; nothing where no rule is
        concerned."""
        return tuple(self._walkers.opens(event, at))

    def stamps(self, at: int) -> Mapping[str, int]:
        """Which rules are in force at each shop, as rows keep it."""
        return {shop_id: plan.stamp for shop_id, plan in self._all.all_at(at).items()}

    def change_after(self, at: int) -> int | None:
        """When something else is in force, the first instant strictly after this one; None: never, as is known now."""
        return self._all.change_after(at)

    def ticks(self, at: int) -> Iterable[Source]:
        """The times at which rules that are in force at `at` want the customers of their shop to be asked."""
        return self._walkers.ticks(at)

    def follows(self, walk: Walk) -> Iterable[Source]:
        """The times at which all customers are to be asked again for what a walk has begun, the end of a sale. Asked of
        each walk that opens, and of those of before when work begins: from then on it is known what it told."""
        return tuple(self._walkers.follows(walk))

    def still(self, tick: Tick) -> bool:
        """Whether what time has brought is still so, or was something else said meanwhile."""
        return self._campaigns.still(tick)

    def on_walk(self, row: CustomerRow, walk: Walk) -> bool:
        """Take what concerns many customers, as of its instant; False: the row is as it was.

        The caller has fired every deadline of this row strictly before `walk.at` first, and sees to `row.walked`.
        Changes `row.deadline`. Cancels that it causes are appended to `row.outgoing`."""
        plan = self._all.at(row.shop_id, walk.at)
        if not self._walkers.take(row, plan, walk) and row.plan == plan.stamp:
            return False
        _look_anew(row, plan, walk.at)
        self._schedule(row, plan, walk.at)
        return True

    def on_emit(self, row: CustomerRow, proposal: Proposal, wall: int) -> Judgement:
        """Judge a proposal of `row.outbox` against the row as it is: exits, conditions, all pure gates, the text."""
        plan = self._plans.get(row.shop_id, self._no_rules)
        if wall < plan.since:
            plan = self._all.earlier(row.shop_id, wall)
        if proposal.test:
            return trial.judge(row, plan, proposal, wall)
        return judging.judge(row, plan, proposal, wall)

    def conclude(self, row: CustomerRow, judgement: Judgement, answer: LedgerAnswer | None) -> Emitted:
        """Take the proposal out of the outbox: commands and decision out, journey on (next step, skip, delay, end).

        `answer` is the ledger's where `judgement.ask` is set. (With the ledger away the caller does not conclude: the
        proposal stays in the outbox.)

        `row.deadline` may then lie before the last one: after a step that was put off and then skipped the next counts
        from its original due (SEMANTICS), and on the stream clock is judged as of then."""
        newest = self._plans.get(row.shop_id, self._no_rules)
        wall = judgement.wall
        plan = newest if wall >= newest.since else self._all.earlier(row.shop_id, wall)
        if judgement.proposal.test:
            return trial.conclude(row, plan, judgement)
        emitted = concluding.conclude(row, plan, judgement, answer)
        # by the rules that the row has taken, not by those that are in force at the wall
        taken = max(row.fired, row.looked_at + 1)
        plan = newest if taken >= newest.since else self._all.earlier(row.shop_id, taken)
        _look_anew(row, plan, row.fired)
        self._schedule(row, plan, row.fired)
        return emitted

    def give_up(self, row: CustomerRow, proposal: Proposal, wall: int) -> Emitted:
        """Conclude a proposal that a fault kept from being judged: its step is skipped, `engine-error` its decision."""
        verdicts, touch = emission.failed(row, proposal)
        return self.conclude(row, Judgement(proposal, wall, verdicts, None, touch), None)

    def _lone(self, row: CustomerRow, plan: ShopPlan) -> bool:
        """Whether the row has no journey, which keeps rules from looking: then nothing begins that did not want to see
        the row by now, and no other look moves."""
        return not row.journeys and row.plan == plan.stamp

    def _lasts(self, at: int) -> bool:
        """Whether a calendar still goes on then."""
        return self.last is None or at <= self.last

    def _schedule(self, row: CustomerRow, plan: ShopPlan, now: int) -> None:
        """Set the row's deadline. What should have been looked at before `now` (a late event) is looked at then."""
        deadline = NEVER
        for code, look in row.looks.items():
            if look < deadline and (code not in plan.lasting or self._lasts(look)):
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
        if row.outbox:
            look = trial.next_due(row)
            if look < deadline:
                deadline = look
        if row.erased_at:
            deadline = min(deadline, max(now, marker_ends(row, self._marker_kept)))
        row.deadline = deadline


_HEARD: Final = frozenset({*EXITS, wire.CustomerUpdated, wire.TestRequested})
"""What moves a row whoever watches it."""


def _look_anew(row: CustomerRow, plan: ShopPlan, now: int) -> None:
    """When each kind wants to see the row next, as it stands."""
    looks = {}
    for watch, kind in plan.watches:
        look = watch.next_look(row, now)
        if look < NEVER:
            looks[kind.code] = look
    row.looks, row.plan = looks, plan.stamp


def _look_again(row: CustomerRow, watches: Iterable[tuple[Watch, Kind]], now: int) -> None:
    """The same of these kinds alone."""
    looks = row.looks
    for watch, kind in watches:
        look = watch.next_look(row, now)
        if look < NEVER:
            looks[kind.code] = look
        else:
            looks.pop(kind.code, None)


def _order(beginning: tuple[Begin, Kind]) -> tuple[int, int, str, int, str]:
    """Where not all may begin: by priority, stage and name."""
    begin, kind = beginning
    return -begin.rule.priority, -kind.stage, begin.rule.name, begin.epoch_at, begin.epoch_id
