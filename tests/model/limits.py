"""What the ledger must have answered of one touch: which of its caps, budgets and texts are full."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from tests.model.calendar import length, local, span_of
from tests.model.history import Counted, Ghost, Passed, cap_of, pace_of
from tests.model.settings import MINUTE
from tests.model.touch import Judged

LAPSE: Final = 600_000_000
"""For how long a customer's reservation counts that nobody confirms."""


class CapOf(NamedTuple):
    """A cap as it concerns one touch: `key` is what is counted together."""

    limit: int
    window: int
    span: str
    delay: bool
    key: tuple[str, str]


class Limited:
    """A touch and what it is counted together with."""

    def __init__(self, judged: Judged) -> None:
        self.judged = judged
        self.history, self.shop, self.at = judged.history, judged.shop, judged.at

    def caps(self) -> list[CapOf]:
        found = []
        for cap in map(cap_of, self.shop.get("caps", ())):
            keys: list[tuple[str, str]] = []
            if cap.by == "customer":
                keys = [("customer", "")]
            elif cap.by == "rule":
                keys = [("customer", f"rule:{self.judged.rule['rule']}")]
            elif cap.by == "tag":
                keys = [("customer", f"tag:{tag}") for tag in self.judged.tags if cap.only in ("", tag)]
            elif cap.by == "channel":
                channel = self.judged.channel
                keys = [("customer", f"channel:{channel}")] if cap.only in ("", channel) else []
            elif self.judged.sms and self.judged.phone:
                keys = [("phone", self.judged.phone)]
            found += [CapOf(cap.limit, cap.window, cap.span, cap.delay, key) for key in keys]
        return found

    def limits(self, now: int, *, surely: bool, held: bool) -> Iterator[tuple[tuple[str, int], str]]:
        """What is full: by gate (or `pace`) and number of the cap, in words."""
        for number, cap in enumerate(self.caps()):
            count = self.count(cap, self.at, now, surely=surely)
            if count >= cap.limit:
                yield ("cap", number), f"{count} of {cap}"
        within = self.shop.get("dedupe", {}).get("text")
        if within is not None and self.judged.sms and self.judged.phone:
            window = length(within)
            same = [
                one
                for touch, one in self._counted(surely)
                if (touch.phone, touch.text) == (self.judged.phone, self.judged.text)
                and _near(one, self.at, window, surely)
            ]
            beginning = f"{self.judged.phone} "
            ghosts = [
                ghost
                for ghost in self.history.ghosts
                for scope in ghost.ask.scopes
                if scope.name == "text" and scope.key.startswith(beginning)
                if any(abs(at - self.at) < window for at in self._times(ghost))
            ]
            if same or (ghosts and not surely):
                yield ("dedupe", 0), f"the same text before: {same}"
        if self.judged.sms and not held:
            yield from self._budgets(surely)
            yield from self._pace(surely)

    def _times(self, ghost: Ghost) -> list[int]:
        """When a text may count that was reserved: then, or when its touch went out after all, with another text."""
        who = ghost.ask.customer_id
        return [ghost.ask.at, *(touch.at for touch in self.history.passed if touch.customer == who)]

    def _budgets(self, surely: bool) -> Iterator[tuple[tuple[str, int], str]]:
        zone = self.history.zone
        day = local(self.at, zone).date()
        count = 0
        for touch, (first, last) in self._counted(surely):
            if touch.phone and not touch.held_out:
                days = {local(first, zone).date(), local(last, zone).date()}
                count += days == {day} if surely else day in days
        if not surely:
            count += sum(
                any(scope.name == "budget" and scope.key.startswith(day.isoformat()) for scope in ghost.ask.scopes)
                for ghost in self.history.ghosts
            )
        price = Decimal(self.shop.get("sms_price", "0"))
        for budget in self.shop.get("budgets", ()):
            if "messages" in budget and count + 1 > budget["messages"]:
                yield ("budget", 0), f"{count} of {budget}"
            if "money" in budget and (count + 1) * price > Decimal(budget["money"]):
                yield ("budget", 0), f"{count} times {price} of {budget}"

    def _pace(self, surely: bool) -> Iterator[tuple[tuple[str, int], str]]:
        """What has the minute of the clock that the touch would go out in."""
        if "pace" not in self.shop:
            return
        minute, count = self.at // MINUTE, 0
        for touch, (first, last) in self._counted(surely):
            if touch.phone and not touch.held_out:
                minutes = {first // MINUTE, last // MINUTE}
                count += minutes == {minute} if surely else minute in minutes
        if not surely:
            count += sum(
                ghost.ask.at // MINUTE == minute and any(scope.name == "budget" for scope in ghost.ask.scopes)
                for ghost in self.history.ghosts
            )
        if count >= pace_of(self.shop):
            yield ("pace", 0), f"{count} of {self.shop['pace']}"

    def _counted(self, surely: bool) -> Iterator[tuple[Passed, Counted]]:
        """What went to phones. A Redis that was filled again counts a message when it left, and no held-out one."""
        for touch in self.history.passed:
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
            mine = [touch for touch in self.history.passed if touch.customer == self.judged.who]
            for touch in self.judged.touches if surely else mine:
                if until is not None and touch.at > until:
                    continue
                found += _concerns(key, touch) and self._within(cap, Counted(touch.at, touch.at), at, surely)
        if not surely:
            for ask, reserved_at in self.history.ghosts:
                if name == "customer" and (ask.customer_id != self.judged.who or now - reserved_at >= LAPSE):
                    continue
                if any((scope.name, scope.key) == cap.key for scope in ask.scopes):
                    found += self._within(cap, Counted(ask.at, ask.at), at, surely)
        return found

    def _within(self, cap: CapOf, one: Counted, at: int, surely: bool) -> bool:
        if cap.window:
            return _near(one, at, cap.window, surely)
        span = span_of(at, self.judged.zone, cap.span)
        first, last = (span_of(when, self.judged.zone, cap.span) == span for when in one)
        return (first and last) if surely else (first or last)


def _near(one: Counted, at: int, window: int, surely: bool) -> bool:
    first, last = (at - window < when < at + window for when in one)
    return (first and last) if surely else (first or last)


def _concerns(key: str, touch: Passed) -> bool:
    kind, _, name = key.partition(":")
    return {"": True, "rule": touch.rule == name, "tag": name in touch.tags, "channel": touch.channel == name}[kind]
