"""What the ledger is asked for a touch, and what its answer says: caps, the dedupe of texts, budgets.

Prepared once for each rule and channel, so that a touch costs what its own shop's settings cost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from schemas.instants import DAY, MINUTE
from triggers.asks import Ask, CapLimit, Full, Granted, LedgerAnswer, Scope
from triggers.customer import CustomerRow, Touch
from triggers.gates import budget, cap, dedupe
from triggers.ids import spread
from triggers.rules.model import Cap, Channel, Rule, Shop
from triggers.shared import Shared, limits
from triggers.verdicts import Verdict

NOT_ASKED: Final = (dedupe.NOT_ASKED, cap.NOT_ASKED, budget.NOT_ASKED)
"""The ledger's gates where a pure one has decided."""


LONGEST_PAUSE: Final = 15 * MINUTE
"""Between two tries of a touch that found its minute full: long enough that a whole base does not try each minute."""


class _Together(NamedTuple):
    """What is counted together in the customer's own slot. `limits`: None where one of them is of the calendar."""

    key: str
    caps: tuple[Cap, ...]
    limits: tuple[CapLimit, ...] | None
    counts: Callable[[Touch], bool] | None  # None: every touch


class Limits:
    """Of one rule's touches by one channel."""

    __slots__ = (
        "_budgets", "_caps", "_first", "_groups", "_patience", "_price", "_shared", "_simple", "_sms", "_text",
        "_uncounted",
    )  # fmt: skip

    def __init__(self, shop: Shop, rule: Rule, channel: Channel) -> None:
        self._sms = channel == "sms"
        self._groups = _groups(shop.caps, rule, channel)
        self._shared = shared = Shared(shop if self._sms else Shop())
        by_phone, self._text, self._budgets, self._price = shared.phone, shared.text, shared.budgets, shared.price
        self._caps: tuple[cap.Counted, ...] = (
            *((group.key, one) for group in self._groups for one in group.caps), *(("phone", one) for one in by_phone),
        )
        # what quiet hours held up has waited for up to a day when it comes here first
        self._patience = rule.stale_after + (0 if shop.quiet_hours is None else DAY)
        (first, *others) = self._groups
        self._simple = None if others or shared else first.limits
        self._first = (Scope("customer", "", self._simple or ()),)  # as the simple case asks for a customer's first
        self._uncounted = self._simple is not None and self._sms and not self._caps

    def asked(
        self, row: CustomerRow, at: int, tz: ZoneInfo, phone: str | None, text: str, segments: int, held_out: bool
    ) -> tuple[Scope, ...]:
        """The scopes of a touch at `at`; `tz`: the customer's zone. One that is held out spends no budget."""
        touches = row.touches
        if self._simple is not None:
            if not touches:
                return self._first
            known = tuple([(touch.touch_id, touch.at, 1) for touch in touches])
            return (Scope("customer", "", self._simple, 1, known),)
        scopes = []
        for group in self._groups:
            counts = group.counts
            known = tuple([(touch.touch_id, touch.at, 1) for touch in touches if counts is None or counts(touch)])
            scopes.append(Scope("customer", group.key, _limits(group, at, tz), 1, known))
        if self._shared:
            scopes += self._shared.scopes(at, tz, phone, text, segments, held_out)
        return tuple(scopes)

    def answered(
        self, ask: Ask, answer: LedgerAnswer, segments: int, held_out: bool, due: int
    ) -> tuple[Verdict, ...]:
        """The verdicts of the ledger's gates. `due`: when the touch was, before anything put it off."""
        if self._uncounted:
            return _NOTHING_LIMITS
        if isinstance(answer, Granted):
            return self._granted(answer.counts, segments, held_out)
        return self._full(ask, answer, segments, due)

    def _granted(self, counts: tuple[int, ...], segments: int, held_out: bool) -> tuple[Verdict, ...]:
        caps = self._caps
        if self._simple is not None and self._sms:
            return dedupe.ONCE, cap.free(caps, counts), budget.OFF
        asked = len(caps)
        once, free = dedupe.ONCE, cap.free(caps, counts[:asked]) if caps else cap.OFF
        if self._text:
            once = dedupe.once(self._text, counts[asked])
            asked += 1
        return once, free, self._budget(counts[asked:], segments, held_out)

    def _budget(self, counts: tuple[int, ...], segments: int, held_out: bool) -> Verdict:
        if not self._sms:
            return budget.NO_SMS
        if not self._budgets:
            return budget.OFF
        return budget.HELD_OUT if held_out else budget.free(self._budgets, counts, self._price * segments)

    def _full(self, ask: Ask, answer: Full, segments: int, due: int) -> tuple[Verdict, ...]:
        caps, counts = self._caps, answer.counts
        index = sum(len(scope.limits) for scope in ask.scopes[: answer.scope]) + answer.cap
        asked = len(caps)
        if index < asked:
            limit = ask.scopes[answer.scope].limits[answer.cap]
            until = 0
            if caps[index][1].on_full == "delay":
                until = answer.free_at or limit.until
            return dedupe.ONCE, cap.full(caps, counts, until if until > ask.at else 0), budget.NOT_ASKED
        once, free = dedupe.ONCE, cap.free(caps, counts[:asked]) if caps else cap.OFF
        if self._text:
            if index == asked:
                return dedupe.same_text(self._text, counts[asked]), free, budget.NOT_ASKED
            once = dedupe.once(self._text, counts[asked])
            asked += 1
        counts, price = counts[asked:], self._price * segments
        if self._budgets[index - asked].per == "minute":
            return once, free, budget.paced(self._budgets, counts, price, self._next_try(ask, due))
        return once, free, budget.spent(self._budgets, counts, price)

    def _next_try(self, ask: Ask, due: int) -> int:
        """When a touch that found its minute full is to try again; 0 for never: it would be too late by then.

        Within the next minute, and the longer it has been waiting the later, so that of many each tries a few times
        and not every minute."""
        following = (ask.at // MINUTE + 1) * MINUTE
        pause = min(max(ask.at - due, MINUTE), LONGEST_PAUSE)
        until = following + spread(f"{ask.touch_id} {following}", pause)
        return until if until <= due + self._patience else 0


_NOTHING_LIMITS: Final = (dedupe.ONCE, cap.OFF, budget.OFF)


def _groups(caps: tuple[Cap, ...], rule: Rule, channel: Channel) -> tuple[_Together, ...]:
    """All of the customer's touches first: they are always counted, so that a cap set tomorrow knows of today's."""
    name, of = rule.name, [one for one in caps if one.by == "rule"]
    groups = [_together("", tuple(one for one in caps if one.by == "customer"))]
    groups.append(_together(f"rule:{name}", tuple(of), lambda touch: touch.rule == name))
    for tag in rule.tags:
        groups.append(_together(f"tag:{tag}", _of("tag", tag, caps), _tagged(tag)))
    groups.append(
        _together(f"channel:{channel}", _of("channel", channel, caps), lambda touch: touch.channel == channel)
    )
    return tuple(group for number, group in enumerate(groups) if group.caps or not number)


def _tagged(tag: str) -> Callable[[Touch], bool]:
    return lambda touch: tag in touch.tags


def _of(by: str, only: str, caps: tuple[Cap, ...]) -> tuple[Cap, ...]:
    return tuple(one for one in caps if one.by == by and one.only in ("", only))


def _together(key: str, caps: tuple[Cap, ...], counts: Callable[[Touch], bool] | None = None) -> _Together:
    calendar = any(one.span for one in caps)
    limits = None if calendar else tuple(CapLimit(one.limit, one.window) for one in caps)
    return _Together(key, caps, limits, counts)


def _limits(group: _Together, at: int, tz: ZoneInfo) -> tuple[CapLimit, ...]:
    return limits(group.caps, at, tz) if group.limits is None else group.limits
