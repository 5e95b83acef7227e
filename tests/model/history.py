"""What happened, as plain lists: who was told what, which phones are suppressed, what passed and what left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from schemas import wire
from schemas.instants import rfc3339
from tests.model.calendar import PHONES, QuietTimes, length, local, span_of
from tests.model.customers import Customer
from tests.model.settings import DAY, HOUR, MINUTE, Said, Setting
from triggers.asks import Ask


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


class History:
    """Of one shop."""

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
        self.stopped: dict[str, int] = {}
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
        opted_out, stopped_at = one.opted_out(), one.stopped_at()
        one.heard.append((at, seq, event))
        if (
            isinstance(event, wire.ConsentChanged)
            and event.source != "inbound-sms"
            and opted_out
            and not one.opted_out()
        ):
            phone = PHONES[one.profile("phone")][0]
            if phone is not None and self.stopped.get(phone) == stopped_at:
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
            if touch.leaves <= now:
                continue
            stop = isinstance(event, wire.ConsentChanged) and event.source == "inbound-sms" and not event.granted
            if stop or (event.at >= touch.at and self._moved(event, touch)):
                found.append(touch.command_id)
                continue
            if event.at < touch.epoch_at:
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

    def _moved(self, event: Any, touch: Passed) -> bool:
        """Whether the customer has another phone, as this event says, than what the message goes to."""
        if not isinstance(event, wire.CustomerUpdated) or event.phone is msgspec.UNSET:
            return False
        return PHONES[event.phone][0] != touch.phone

    def cancel(self, command_id: str, event: Any) -> None:
        for touch in self.passed:
            if touch.command_id == command_id:
                if touch.leaves <= event.at:
                    raise Wrong(f"{command_id} called back after it had left")
                if isinstance(event, wire.CustomerUpdated) and not self._moved(event, touch):
                    raise Wrong(f"{command_id} called back though its phone is the customer's")
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

    def sent_to(self, who: str, phone: str, command_id: str, at: int) -> None:
        if (who, phone) not in self.runs:
            for key in [key for key, run in self.runs.items() if key[0] == who and run.last_sent < at - 7 * DAY]:
                del self.runs[key]
        run = self.runs.setdefault((who, phone), Run())
        run.last_sent = max(run.last_sent, at)
        run.commands = [*run.commands, command_id][-16:]

    # What was sent, looked at from the end

    def audit(self) -> None:
        """No cap, budget or pace was ever exceeded, however the touches are counted."""
        for name in self.customers:
            his = [touch for touch in self.passed if touch.customer == name and not touch.erased]
            for cap in map(cap_of, self.shop.get("caps", ())):
                for group in _groups(cap, his):
                    self._within(cap, group)
        for cap in map(cap_of, self.shop.get("caps", ())):
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
        if "pace" in self.shop:
            minutes = Counter(touch.leaves // MINUTE for touch in self.passed if touch.phone and not touch.held_out)
            for minute, count in minutes.items():
                if count > pace_of(self.shop):
                    raise Wrong(f"{count} messages leave in the minute of {rfc3339(minute * MINUTE)}")

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


def pace_of(shop: Said) -> int:
    """Messages in a minute."""
    return int(shop["pace"].split()[0])


def cap_of(said: Any) -> CapSaid:
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
