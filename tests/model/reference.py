"""The gates a second time: slow, obvious, written from SEMANTICS.md and the docs and not from the code.

It keeps plain lists of all that happened, and for a touch that was judged says of each gate what it must have said.
What the ledger counts is known from two sides: `surely` counts what it must know, `perhaps` also what it may (what a
worker had reserved when it was killed, who was held out before Redis lost its data). Nothing may be sent with a limit
surely full, nor refused unless one is perhaps full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from schemas import wire
from schemas.emitted import Decision, GrantBonus, SendSms
from schemas.instants import parse_rfc3339, rfc3339
from tests.model.calendar import PHONES, QuietTimes, day_over, length, local, midnight, span_of
from tests.model.customers import Customer
from tests.model.settings import DAY, HOUR, MINUTE, Said, Setting
from triggers.asks import Ask

LAPSE = 600_000_000
REMEMBERED = 30


class Wrong(AssertionError):
    """The engine did what the reference finds something against, or the other way round."""


@dataclass
class Passed:
    """A touch that passed, or was held out. `lost`: Redis lost its data since."""

    customer: str
    rule: str
    step: str
    at: int
    planned: int
    tags: tuple[str, ...]
    channel: str
    phone: str | None
    text: str
    products: tuple[str, ...]
    held_out: bool
    marketing: bool
    leaves: int
    zone: str
    command_id: str = ""
    epoch_at: int = 0
    lost: bool = False
    erased: bool = False
    cancelled: bool = False


class Ghost(NamedTuple):
    """What a ledger may count although nothing came of it."""

    ask: Ask
    reserved_at: int


class Counted(NamedTuple):
    """Somewhere from `first` to `last`."""

    first: int
    last: int


@dataclass
class Run:
    """Of one customer's messages to one phone: the failures in a row, as {command: when}."""

    last_sent: int = 0
    commands: list[str] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)
    times: int = 0
    good_at: int = 0
    dead: str = ""
    dead_at: int = 0


class Waiting(NamedTuple):
    """A touch in sight: of a journey that runs, and for when it is planned."""

    customer: str
    rule: str
    epoch: str
    step: str
    planned: int


class Reference:
    def __init__(self, setting: Setting, goods: Sequence[str]) -> None:
        self.shop = setting.shop
        self.rules = {rule["rule"]: rule for rule in setting.rules}
        self.goods = goods
        self.zone = self.shop["time_zone"]
        self.quiet = QuietTimes(self.shop.get("quiet_hours"))
        self.customers: dict[str, Customer] = {}
        self.began: dict[tuple[str, str, str], int] = {}
        self.passed: list[Passed] = []
        self.ghosts: list[Ghost] = []
        self.suppressed: dict[str, dict[str, int | None]] = {}
        self.runs: dict[tuple[str, str], Run] = {}
        self.control: dict[tuple[str, str], bool] = {}
        self.counts: Counter[str] = Counter()
        self.seen: Counter[tuple[str, str, str]] = Counter()

    # What happens

    def customer(self, name: str) -> Customer:
        return self.customers.setdefault(name, Customer(self.shop))

    def hear(self, at: int, seq: int, event: Any) -> None:
        who = event.customer_id
        one = self.customer(who)
        opted_out = one.opted_out()
        one.heard.append((at, seq, event))
        if (
            isinstance(event, wire.ConsentChanged)
            and event.source != "inbound-sms"
            and opted_out
            and not one.opted_out()
        ):
            phone = PHONES[one.profile("phone")][0]
            if phone is not None:
                self.lift(phone, "opted_out")
        if isinstance(event, wire.DeliveryReceipt):
            self._receipt(who, event)
        if isinstance(event, wire.CustomerErased):
            for touch in self.passed:
                touch.erased = touch.erased or touch.customer == who
            for whose in [key for key in self.runs if key[0] == who]:
                del self.runs[whose]

    def callable_back(self, event: Any, now: int) -> list[str]:
        """The commands that this event must call back: handed over, and not to leave before something later."""
        found = []
        for touch in self.passed:
            if touch.customer != event.customer_id or touch.held_out or touch.cancelled or not touch.command_id:
                continue
            if event.at < touch.epoch_at or touch.leaves <= now:
                continue
            exit_on = self.rules[touch.rule].get("exit_on", ["order_placed", "cart_emptied"])
            if (
                isinstance(event, wire.CustomerErased)
                or (isinstance(event, wire.OrderPlaced) and "order_placed" in exit_on)
                or (
                    isinstance(event, wire.ConsentChanged) and not event.granted and touch.marketing
                    and (event.channel, event.purpose) == ("sms", "marketing")
                )
            ):  # fmt: skip
                found.append(touch.command_id)
        return found

    def cancel(self, command_id: str, at: int) -> None:
        for touch in self.passed:
            if touch.command_id == command_id:
                if touch.leaves <= at:
                    raise Wrong(f"{command_id} called back after it had left")
                touch.cancelled = True
                return
        raise Wrong(f"{command_id} called back, which nobody sent")

    def have(self, phone: str) -> list[str]:
        """Whose phone it is."""
        return sorted(name for name, one in self.customers.items() if PHONES[one.profile("phone")][0] == phone)

    def suppress(self, phone: str, reason: str, until: int | None = None) -> None:
        self.suppressed.setdefault(phone, {})[reason] = until

    def lift(self, phone: str, reason: str) -> None:
        self.suppressed.get(phone, {}).pop(reason, None)

    def ledger_lost(self) -> None:
        for touch in self.passed:
            touch.lost = True

    def _receipt(self, who: str, event: wire.DeliveryReceipt) -> None:
        said = self.shop.get("receipts", {})
        found = [
            (phone, run)
            for (whose, phone), run in self.runs.items()
            if whose == who and event.command_id in run.commands
        ]
        if not found or event.status in ("accepted", "sent", "expired"):
            return
        ((phone, run),) = found
        if event.status in ("delivered", "read"):
            run.good_at = event.at
            run.failed = {}
            if run.dead:
                self.lift(phone, run.dead)
            run.dead, run.times = "", 0
            return
        code = event.error_code
        if event.status in ("unknown_subscriber", "blocked"):
            permanent = code not in said.get("temporary_codes", ())
        else:
            permanent = code in [str(one) for one in said.get("permanent_codes", ())]
        if permanent:
            run.failed, run.dead, run.dead_at = {}, event.status, event.at
            self.suppress(phone, event.status, None if event.status == "blocked" else event.at + 365 * DAY)
            return
        run.failed.setdefault(event.command_id, event.at)
        if len(run.failed) >= 3 and event.at - min(run.failed.values()) >= 48 * HOUR:
            days = min(30 * 2**run.times, 365)
            run.failed, run.dead, run.dead_at, run.times = {}, "unreachable", event.at, run.times + 1
            self.suppress(phone, "unreachable", event.at + days * DAY)

    def _sent_to(self, who: str, phone: str, command_id: str, at: int) -> None:
        if (who, phone) not in self.runs:
            for key in [key for key, run in self.runs.items() if key[0] == who and run.last_sent < at - 7 * DAY]:
                del self.runs[key]
        run = self.runs.setdefault((who, phone), Run())
        run.last_sent = max(run.last_sent, at)
        run.commands = [*run.commands, command_id][-16:]

    # What a touch must have been told

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
        judged = _Judged(self, decision, planned, in_sight)
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

    def _ledger(self, judged: _Judged, said: dict[str, tuple[str, str]], untils: dict[str, str], now: int) -> list[str]:
        """The gates that were asked last; those of them against the touch."""
        held = self._held(judged, said["holdout"])
        surely = dict(judged.limits(now, surely=True, held=bool(held)))
        perhaps = dict(judged.limits(now, surely=False, held=bool(held)))
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
        wanted = {"dedupe": "same-text", "cap": "cap-full", "budget": "budget-spent"}[gate]
        if said[gate][1] != wanted or gate not in {key[0] for key in perhaps}:
            raise Wrong(f"{gate} {said[gate]}, and the reference counts less: {_shown(judged.decision)}")
        if gate == "cap":
            self._full(judged, said["cap"][0], untils.get("cap"), now, bool(held), [*perhaps])
        return against

    def _silent(self, judged: _Judged) -> set[str]:
        return set() if self.shop.get("caps") else {"cap"}

    def _full(
        self, judged: _Judged, answer: str, until: str | None, now: int, held: bool, full: list[tuple[str, int]]
    ) -> None:
        """A full cap refuses, or delays to when it has room and no earlier."""
        caps = judged.caps()
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
            elif judged.count(cap, at - 1, now, surely=False) >= cap.limit and (
                judged.count(cap, at, now, surely=True) < cap.limit
                or judged.count(cap, at, now, surely=True, until=judged.at) < cap.limit
            ):
                return
        raise Wrong(f"put off to {until}, when no full cap has just got room: {_shown(judged.decision)}")

    def _held(self, judged: _Judged, said: tuple[str, str]) -> bool | None:
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

    def _record(self, judged: _Judged, sent: dict[type, Any], held_out: bool) -> None:
        sms, bonus, at = sent.get(SendSms), sent.get(GrantBonus), judged.at
        incentive = judged.step.get("incentive", {})
        if not held_out and (bonus is not None) != ("bonus" in incentive):
            raise Wrong(f"a bonus too many, or too few: {_shown(judged.decision)}")
        if bonus is not None and (bonus.points, parse_rfc3339(bonus.expires_at)) != (100, judged.incentive_ends()):
            raise Wrong(f"another bonus than was said: {_shown(judged.decision)}")
        if not held_out and (sms is not None) != judged.sms:
            raise Wrong(f"a message too many, or too few: {_shown(judged.decision)}")
        leaves = at
        if sms is not None:
            leaves = parse_rfc3339(sms.not_before)
            self._leaves(judged, sms, leaves, parse_rfc3339(sms.not_after))
            self._sent_to(judged.who, sms.phone, sms.command_id, at)
        self.passed.append(Passed(
            judged.who, judged.rule["rule"], judged.decision.step, at, judged.planned, judged.tags,
            "sms" if judged.sms else "bonus", judged.phone if judged.sms else None, judged.text if judged.sms else "",
            judged.products if "product" in self.shop.get("dedupe", {}) else (), held_out, judged.marketing, leaves,
            judged.zone, "" if sms is None else sms.command_id, judged.epoch_at,
        ))  # fmt: skip

    def _leaves(self, judged: _Judged, sms: SendSms, begin: int, end: int) -> None:
        at = judged.at
        if (sms.phone, sms.text) != (judged.phone, judged.text):
            raise Wrong(f"another phone or text than the customer's: {_shown(judged.decision)}")
        if not at <= begin <= max(at, judged.planned + 15 * MINUTE) or end < begin:
            raise Wrong(f"to leave from {sms.not_before} to {sms.not_after}: {_shown(judged.decision)}")
        if not self.quiet.open_until(at, end, judged.zones):
            raise Wrong(f"to leave in a quiet hour, up to {sms.not_after}: {_shown(judged.decision)}")
        ends = judged.incentive_ends()
        if end > judged.planned + judged.stale_after or (ends and end > ends):
            raise Wrong(f"to leave too late, up to {sms.not_after}: {_shown(judged.decision)}")

    # What was sent, looked at from the end

    def audit(self) -> None:
        """No cap and no budget was ever exceeded, however the touches are counted."""
        for name in self.customers:
            his = [touch for touch in self.passed if touch.customer == name and not touch.erased]
            for cap in map(_cap, self.shop.get("caps", ())):
                for group in _groups(cap, his):
                    self._within(cap, group)
        for cap in map(_cap, self.shop.get("caps", ())):
            if cap.by == "phone":
                for phone in {touch.phone for touch in self.passed if touch.phone}:
                    self._within(cap, [touch for touch in self.passed if touch.phone == phone and not touch.held_out])
        for budget in self.shop.get("budgets", ()):
            days = Counter(
                local(touch.at, self.zone).date() for touch in self.passed if touch.phone and not touch.held_out
            )
            price = Decimal(self.shop.get("sms_price", "0"))
            for day, count in days.items():
                if count > budget.get("messages", count) or (
                    "money" in budget and count * price > Decimal(budget["money"])
                ):
                    raise Wrong(f"{count} messages on {day}, over the budget {budget}")

    def _within(self, cap: CapSaid, touches: list[Passed]) -> None:
        if cap.span:
            zones = {touch.zone for touch in touches}
            if len(zones) == 1:  # else each had a calendar of its own, and was judged by that
                spans = Counter(span_of(touch.at, touch.zone, cap.span) for touch in touches)
                if max(spans.values()) > cap.limit:
                    raise Wrong(f"more than {cap}: {spans}")
            return
        times = sorted(touch.at for touch in touches)
        for first in times:
            if sum(first <= at < first + cap.window for at in times) > cap.limit:
                raise Wrong(f"more than {cap} from {rfc3339(first)} on")


class CapSaid(NamedTuple):
    limit: int
    window: int
    span: str
    by: str
    only: str
    delay: bool


def _cap(said: Any) -> CapSaid:
    if isinstance(said, str):
        limit, _, per = said.split()
        said = {"limit": int(limit), "per": per}
    per = said["per"]
    span = per if per in ("day", "week") else ""
    only = said.get("tag") or said.get("channel") or ""
    return CapSaid(
        said["limit"],
        0 if span else length(per),
        span,
        said.get("by", "customer"),
        only,
        said.get("on_full") == "delay",
    )


def _groups(cap: CapSaid, touches: list[Passed]) -> Iterator[list[Passed]]:
    if cap.by == "customer":
        yield touches
    elif cap.by == "rule":
        for rule in {touch.rule for touch in touches}:
            yield [touch for touch in touches if touch.rule == rule]
    elif cap.by == "tag":
        for tag in {tag for touch in touches for tag in touch.tags if cap.only in ("", tag)}:
            yield [touch for touch in touches if tag in touch.tags]
    elif cap.by == "channel":
        for channel in {touch.channel for touch in touches if cap.only in ("", touch.channel)}:
            yield [touch for touch in touches if touch.channel == channel]


_ZONES = frozenset({
    "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham",
    "America/St_Johns", "Africa/Cairo", "UTC",
})  # fmt: skip

Wanted = tuple[str, set[tuple[str, str]]]


class CapOf(NamedTuple):
    """A cap as it concerns one touch: `key` is what is counted together."""

    limit: int
    window: int
    span: str
    delay: bool
    key: tuple[str, str]


class _Judged:
    """One touch as the reference sees it."""

    def __init__(
        self, reference: Reference, decision: Decision, planned: int, in_sight: Sequence[Waiting] | None
    ) -> None:
        self.reference, self.decision, self.planned, self.in_sight = reference, decision, planned, in_sight
        self.shop = reference.shop
        self.who = decision.customer_id or ""
        self.customer = reference.customer(self.who)
        self.rule = reference.rules[decision.rule]
        self.step = self.rule["steps"][int(decision.step) - 1]
        self.at = parse_rfc3339(decision.judged_at)
        self.epoch_at = int(decision.epoch.partition("-")[0])
        self.marketing = self.rule.get("purpose") != "transactional"
        self.tags = tuple(sorted(self.rule.get("tags", ())))
        self.sms = "sms" in self.step
        self.stale_after = length(self.rule.get("stale_after", "24h"))
        self.phone, self.phone_reason, places = PHONES[self.customer.profile("phone")]
        zone = self.customer.profile("time_zone")
        self.zone = zone if zone in _ZONES else reference.zone
        self.zones = (self.zone,) if zone in _ZONES or not places else places
        self.cart = self.customer.cart()
        self.text, self.products, self.text_reason = self._text()
        mine = [touch for touch in reference.passed if touch.customer == self.who and not touch.erased]
        self.touches = mine[-REMEMBERED:]

    def _text(self) -> tuple[str, tuple[str, ...], str]:
        template = self.step.get("sms")
        if template is None:
            return "", (), "none"
        if "first_name" in template:
            name = self.customer.profile("first_name")
            return (f"{name}, your cart is waiting", (), "rendered") if name else ("", (), "missing-value")
        if "cart.lines" in template:
            if not self.cart.lines:
                return "", (), "no-product-to-show"
            product = self.cart.newest()
            return f"Goods {product} is still yours", (product,), "rendered"
        return template, (), "rendered"

    def incentive_ends(self) -> int:
        said = self.step.get("incentive", {})
        ends = [day_over(self.at + length(said["valid"]), self.zone)] if "valid" in said else []
        if "until" in said:
            ends.append(midnight(date.fromisoformat(said["until"]) + timedelta(days=1), self.zone))
        return min(ends, default=0)

    def condition(self, source: str) -> bool | None:
        if "card" in source:
            return self.customer.profile("card") != "staff"
        if "city" in source:
            city = self.customer.profile("city")
            return None if city is None else city == "Kazan"
        if "orders" in source:
            return not self.customer.orders()
        return self.cart.count >= 2

    # The pure gates

    def pure(self, untils: dict[str, str]) -> Iterator[Wanted]:
        exits = set(
            self.customer.exits(
                self.rule, self.epoch_at, self.reference.began[self.who, self.rule["rule"], self.decision.epoch]
            )
        )
        yield "exit", {("refuse", why) for why in exits} or {("pass", "running")}
        if not exits:
            yield "trigger", self._trigger(untils)
        if "audience" in self.rule:
            yield "audience", self._condition(self.rule["audience"], "not-in-audience")
        if "when" in self.step:
            yield "when", self._condition(self.step["when"], "condition-false")
        if self.sms:
            yield "consent", {self._consent()}
            yield "phone", {("pass" if self.phone else "refuse", self.phone_reason)}
            yield "suppression", self._suppression()
            yield "sunset", {self._sunset()}
        else:
            for gate in ("consent", "phone", "suppression", "sunset", "quiet_hours"):
                yield gate, {("not_asked", "no-sms")}
        yield "stale", {("refuse", "stale") if self.at - self.planned > self.stale_after else ("pass", "fresh")}
        if self.sms:
            yield "quiet_hours", {self._quiet(untils)}
        yield "message", {("pass" if self.text_reason in ("rendered", "none") else "refuse", self.text_reason)}
        ends = self.incentive_ends()
        if "incentive" not in self.step:
            yield "incentive", {("pass", "none")}
        else:
            yield "incentive", {("refuse", "expired") if ends and ends <= self.at else ("pass", "lasting")}
        yield "products", {self._products()}
        yield "competition", self._competition()

    def ready_at(self, rule: Said, at: int) -> int:
        if not self.cart.lines:
            return at
        return max(at, self.cart.changed_at + length(rule["trigger"]["cart_abandoned"]["idle"]))

    def _trigger(self, untils: dict[str, str]) -> set[tuple[str, str]]:
        ready = self.ready_at(self.rule, self.at)
        if ready == self.at:
            return {("pass", "ready")}
        return {("delay", "not-quiet")} if untils.get("trigger") == rfc3339(ready) else set()

    def _condition(self, source: str, false: str) -> set[tuple[str, str]]:
        value = self.condition(source)
        return {("refuse", "unknown") if value is None else ("pass", "holds") if value else ("refuse", false)}

    def _consent(self) -> tuple[str, str]:
        if not self.marketing:
            return "pass", "transactional"
        found = self.customer.consent()
        return "pass" if found == "granted" else "refuse", found

    def _suppression(self) -> set[tuple[str, str]]:
        if self.phone is None:
            return {("pass", "no-phone")}
        reasons = self.reference.suppressed.get(self.phone, {})
        now = {why: until for why, until in reasons.items() if until is None or until > self.at}
        return {("refuse", why) for why in now} or {("pass", "not-suppressed")}

    def _sunset(self) -> tuple[str, str]:
        said = self.shop.get("sunset")
        if said is None:
            return "pass", "off"
        if not self.marketing:
            return "pass", "transactional"
        answered = self.customer.answered_at()
        unanswered = [
            touch for touch in self.touches
            if touch.at > answered and touch.channel == "sms" and not touch.held_out and touch.marketing
        ]  # fmt: skip
        if len(unanswered) < int(said["after"].split()[0]):
            return "pass", "interested"
        if "stop_after" in said and len(unanswered) >= int(said["stop_after"].split()[0]):
            return "refuse", "sunset"
        limit, _, per = said["then"].split()
        recent = [touch for touch in unanswered if touch.at > self.at - length(per)]
        return ("refuse", "sunset-slow") if len(recent) >= int(limit) else ("pass", "slow")

    def _quiet(self, untils: dict[str, str]) -> tuple[str, str]:
        said = self.shop.get("quiet_hours")
        if said is None:
            return "pass", "off"
        quiet = self.reference.quiet
        if not quiet.quiet(self.at, self.zones):
            return "pass", "open"
        opens = quiet.opens(self.at, self.zones)
        if opens is None:
            return "refuse", "no-lawful-hour"
        outside = said.get("outside", "delay")
        if outside == "drop":
            return "refuse", "quiet"
        if outside != "delay" and opens - self.planned > length(outside.split()[-1]):
            return "refuse", "expired"
        if untils.get("quiet_hours") != rfc3339(opens):
            return "delay", f"quiet until {rfc3339(opens)}"
        return "delay", "quiet"

    def _products(self) -> tuple[str, str]:
        within = self.shop.get("dedupe", {}).get("product")
        if within is None:
            return "pass", "off"
        if not self.products:
            return "pass", "none"
        for touch in self.touches:
            if touch.at > self.at - length(within) and set(touch.products) & set(self.products):
                return "refuse", "offered-before"
        return "pass", "new"

    def _competition(self) -> set[tuple[str, str]]:
        if "compete" not in self.shop:
            return {("pass", "off")}
        if not self.marketing:
            return {("pass", "transactional")}
        within = length(self.shop["compete"])
        if any(touch.marketing and abs(touch.planned - self.planned) < within for touch in self.touches):
            return {("refuse", "taken")}
        verdict = next(one for one in self.decision.verdicts if one.gate == "competition")
        if verdict.reason == "lost":
            return (
                {("refuse", "lost")} if self._lost_to(verdict.numbers, within) else {("pass", "alone"), ("pass", "won")}
            )
        return {("refuse", "lost")} if self._better_in_sight(within) else {("pass", "alone"), ("pass", "won")}

    def _lost_to(self, numbers: dict[str, str], within: int) -> bool:
        """Whether the winner that the decision names is one that could win."""
        rule = self.reference.rules.get(numbers["winner"])
        if rule is None or rule.get("purpose") == "transactional" or not self.cart.lines:
            return False
        due = parse_rfc3339(numbers["due_at"])
        if abs(due - self.planned) >= within or not self._conditions_hold(rule, numbers["step"]):
            return False
        if rule["priority"] != self.rule["priority"]:
            return bool(rule["priority"] > self.rule["priority"])
        return due <= self.planned

    def _better_in_sight(self, within: int) -> bool:
        for other in self.in_sight or ():
            rule = self.reference.rules[other.rule]
            if other.customer != self.who or rule is self.rule or rule.get("purpose") == "transactional":
                continue
            if [*self.customer.exits(rule, int(other.epoch.partition("-")[0]), self.reference.began[other[:3]])]:
                continue
            due = self.ready_at(rule, other.planned)
            if abs(due - self.planned) >= within or not self._conditions_hold(rule, other.step):
                continue
            if rule["priority"] > self.rule["priority"]:
                return True
            if rule["priority"] == self.rule["priority"] and due < self.planned:
                return True
        return False

    def _conditions_hold(self, rule: Said, step: str) -> bool:
        sources = [rule.get("audience"), rule["steps"][int(step) - 1].get("when")]
        return all(self.condition(source) is True for source in sources if source)

    # The ledger's

    def caps(self) -> list[CapOf]:
        found = []
        for cap in map(_cap, self.shop.get("caps", ())):
            keys: list[tuple[str, str]] = []
            if cap.by == "customer":
                keys = [("customer", "")]
            elif cap.by == "rule":
                keys = [("customer", f"rule:{self.rule['rule']}")]
            elif cap.by == "tag":
                keys = [("customer", f"tag:{tag}") for tag in self.tags if cap.only in ("", tag)]
            elif cap.by == "channel":
                channel = "sms" if self.sms else "bonus"
                keys = [("customer", f"channel:{channel}")] if cap.only in ("", channel) else []
            elif self.sms and self.phone:
                keys = [("phone", self.phone)]
            found += [CapOf(cap.limit, cap.window, cap.span, cap.delay, key) for key in keys]
        return found

    def limits(self, now: int, *, surely: bool, held: bool) -> Iterator[tuple[tuple[str, int], str]]:
        """What is full: by gate and number of the cap, in words."""
        for number, cap in enumerate(self.caps()):
            count = self.count(cap, self.at, now, surely=surely)
            if count >= cap.limit:
                yield ("cap", number), f"{count} of {cap}"
        within = self.shop.get("dedupe", {}).get("text")
        if within is not None and self.sms and self.phone:
            window = length(within)
            same = [
                one for touch, one in self._counted(surely)
                if touch.phone == self.phone and touch.text == self.text and _near(one, self.at, window, surely)
            ]  # fmt: skip
            beginning = f"{self.phone} "
            ghosts = [
                ghost
                for ghost in self.reference.ghosts
                for scope in ghost.ask.scopes
                if scope.name == "text" and scope.key.startswith(beginning) and abs(ghost.ask.at - self.at) < window
            ]
            if same or (ghosts and not surely):
                yield ("dedupe", 0), f"the same text before: {same}"
        if self.sms and not held:
            yield from self._budgets(surely)

    def _budgets(self, surely: bool) -> Iterator[tuple[tuple[str, int], str]]:
        zone = self.reference.zone
        day = local(self.at, zone).date()
        count = 0
        for touch, (first, last) in self._counted(surely):
            if touch.phone and not touch.held_out:
                days = {local(first, zone).date(), local(last, zone).date()}
                count += days == {day} if surely else day in days
        if not surely:
            count += sum(
                any(scope.name == "budget" and scope.key.startswith(day.isoformat()) for scope in ghost.ask.scopes)
                for ghost in self.reference.ghosts
            )
        price = Decimal(self.shop.get("sms_price", "0"))
        for budget in self.shop.get("budgets", ()):
            if "messages" in budget and count + 1 > budget["messages"]:
                yield ("budget", 0), f"{count} of {budget}"
            if "money" in budget and (count + 1) * price > Decimal(budget["money"]):
                yield ("budget", 0), f"{count} times {price} of {budget}"

    def _counted(self, surely: bool) -> Iterator[tuple[Passed, Counted]]:
        """What went to phones. A Redis that was filled again counts a message when it left, and no held-out one."""
        for touch in self.reference.passed:
            if touch.lost and touch.held_out and surely:
                continue
            yield touch, Counted(touch.at, touch.leaves if touch.lost else touch.at)

    def count(self, cap: CapOf, at: int, now: int, *, surely: bool, until: int | None = None) -> int:
        """What a cap holds at an instant, this touch not among it; `until`: without what was judged after that, as a
        touch that became due by a former one's being skipped is judged at a time that is over."""
        name, key = cap.key
        found = 0
        if name == "phone":
            for touch, one in self._counted(surely):
                if until is None or touch.at <= until:
                    found += touch.phone == key and self._within(cap, one, at, surely)
        else:
            mine = [touch for touch in self.reference.passed if touch.customer == self.who]
            for touch in self.touches if surely else mine:
                if until is not None and touch.at > until:
                    continue
                found += _of(key, touch) and self._within(cap, Counted(touch.at, touch.at), at, surely)
        if not surely:
            for ask, reserved_at in self.reference.ghosts:
                if name == "customer" and (ask.customer_id != self.who or now - reserved_at >= LAPSE):
                    continue
                if any((scope.name, scope.key) == cap.key for scope in ask.scopes):
                    found += self._within(cap, Counted(ask.at, ask.at), at, surely)
        return found

    def _within(self, cap: CapOf, one: Counted, at: int, surely: bool) -> bool:
        if cap.window:
            return _near(one, at, cap.window, surely)
        span = span_of(at, self.zone, cap.span)
        first, last = (span_of(when, self.zone, cap.span) == span for when in one)
        return (first and last) if surely else (first or last)


def _near(one: Counted, at: int, window: int, surely: bool) -> bool:
    first, last = (at - window < when < at + window for when in one)
    return (first and last) if surely else (first or last)


def _of(key: str, touch: Passed) -> bool:
    kind, _, name = key.partition(":")
    return {"": True, "rule": touch.rule == name, "tag": name in touch.tags, "channel": touch.channel == name}[kind]


def _shown(decision: Decision) -> str:
    verdicts = " ".join(
        f"{one.gate}={one.verdict}:{one.reason}{f' until {one.until}' if one.until else ''}{one.numbers or ''}"
        for one in decision.verdicts
    )
    return (
        f"customer {decision.customer_id}, {decision.rule} step {decision.step} epoch {decision.epoch}, "
        f"due {decision.due_at}, judged {decision.judged_at}, {decision.outcome}; {verdicts}"
    )
