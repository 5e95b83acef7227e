"""One touch that was judged, as the reference sees it, and what each pure gate must have said of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from schemas.emitted import Decision
from schemas.instants import parse_rfc3339, rfc3339
from tests.model.calendar import PHONES, day_over, length, midnight, to_call
from tests.model.history import History, Waiting
from tests.model.settings import ZONES, Said

REMEMBERED: Final = 30
"""Touches that are known of a customer."""

Wanted = tuple[str, set[tuple[str, str]]]


class Judged:
    """One touch as the reference sees it."""

    def __init__(self, history: History, decision: Decision, planned: int, in_sight: Sequence[Waiting] | None) -> None:
        self.history, self.decision, self.planned, self.in_sight = history, decision, planned, in_sight
        self.shop = history.shop
        self.who = decision.customer_id or ""
        self.customer = history.customer(self.who)
        self.rule = history.rules[decision.rule]
        self.step = self.rule["steps"][int(decision.step) - 1]
        self.at = parse_rfc3339(decision.judged_at)
        self.epoch_at = int(decision.epoch.partition("-")[0])
        self.marketing = self.rule.get("purpose") != "transactional"
        self.tags = tuple(sorted(self.rule.get("tags", ())))
        self.sms, self.call = "sms" in self.step, "call" in self.step
        self.channel = "sms" if self.sms else "call" if self.call else "bonus"
        self.stale_after = length(self.rule.get("stale_after", "24h"))
        phone = self.customer.profile("phone")
        self.phone, self.phone_reason, places = PHONES[phone]
        if not self.sms:
            self.phone, self.phone_reason = to_call(phone)
        zone = self.customer.profile("time_zone")
        self.zone = zone if zone in ZONES else history.zone
        self.zones = (self.zone,) if zone in ZONES or not places else places
        self.cart = self.customer.cart()
        self.text, self.products, self.text_reason = self._made(self.step.get("sms"))
        self.note = ""
        if self.call and self.text_reason in ("rendered", "none"):
            self.note, noted, self.text_reason = self._made(self.step["call"]["note"])
            self.products += noted
        mine = [touch for touch in history.passed if touch.customer == self.who and not touch.erased]
        newest = {id(touch) for touch in sorted(mine, key=lambda touch: touch.at)[-REMEMBERED:]}
        self.touches = [touch for touch in mine if id(touch) in newest]

    def _made(self, template: str | None) -> tuple[str, tuple[str, ...], str]:
        """A text or a note: what it says, what goods it shows, and what the gate says of it."""
        if template is None:
            return "", (), "none"
        if "first_name" in template:
            name = self.customer.profile("first_name")
            if not name:
                return "", (), "missing-value"
            return template.replace("{{ customer.first_name }}", name), (), "rendered"
        if "cart.lines" in template:
            if not self.cart.lines:
                return "", (), "no-product-to-show"
            product = self.cart.newest()
            return template.replace("{{ cart.lines[0].name }}", f"Goods {product}"), (product,), "rendered"
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
                self.rule, self.epoch_at, self.history.began[self.who, self.rule["rule"], self.decision.epoch]
            )
        )
        yield "exit", {("refuse", why) for why in exits} or {("pass", "running")}
        if not exits:
            yield "trigger", self._trigger(untils)
        if "audience" in self.rule:
            yield "audience", self._condition(self.rule["audience"], "not-in-audience")
        if "when" in self.step:
            yield "when", self._condition(self.step["when"], "condition-false")
        if self.sms or self.call:
            yield "consent", {self._consent()}
            yield "phone", {("pass" if self.phone else "refuse", self.phone_reason)}
            yield "suppression", self._suppression()
        else:
            for gate in ("consent", "phone", "suppression"):
                yield gate, {("not_asked", "no-sms")}
        if self.sms:
            yield "sunset", {self._sunset()}
        else:
            for gate in ("sunset", "quiet_hours"):
                yield gate, {("not_asked", "no-sms")}
        yield "stale", {("refuse", "stale") if self.at - self.planned > self.stale_after else ("pass", "fresh")}
        yield "ended", {("pass", "no-end")}
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
        needed = [self.customer.consent()] if self.sms else []
        if self.call:
            needed.append(self.customer.consent_to_calls())
        for found in needed:
            if found != "granted":
                return "refuse", found
        return "pass", "granted"

    def _suppression(self) -> set[tuple[str, str]]:
        if self.phone is None:
            return {("pass", "no-phone")}
        reasons = self.history.suppressed.get(self.phone, {})
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
        quiet = self.history.quiet
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
        rule = self.history.rules.get(numbers["winner"])
        if rule is None or rule.get("purpose") == "transactional":
            return False
        if not self.cart.lines and not self._runs(rule):
            return False
        due = parse_rfc3339(numbers["due_at"])
        if abs(due - self.planned) >= within or not self._conditions_hold(rule, numbers["step"]):
            return False
        if rule["priority"] != self.rule["priority"]:
            return bool(rule["priority"] > self.rule["priority"])
        return due <= self.planned

    def _runs(self, rule: Said) -> bool:
        """Whether a journey of this rule has begun and nothing ended it."""
        return any(
            not [*self.customer.exits(rule, int(epoch.partition("-")[0]), began)]
            for (who, name, epoch), began in self.history.began.items()
            if (who, name) == (self.who, rule["rule"])
        )

    def _better_in_sight(self, within: int) -> bool:
        for other in self.in_sight or ():
            rule = self.history.rules[other.rule]
            if other.customer != self.who or rule is self.rule or rule.get("purpose") == "transactional":
                continue
            if [*self.customer.exits(rule, int(other.epoch.partition("-")[0]), self.history.began[other[:3]])]:
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
