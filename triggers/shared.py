"""What of a touch is counted together with those of other customers: by its phone, its text, the shop's budgets.

No row can prove it. A ledger that lost its data learns it again from the commands that went out.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from schemas.emitted import SendSms
from schemas.instants import DAY, MINUTE, parse_rfc3339
from triggers.asks import Ask, CapLimit, Scope
from triggers.ids import identifier
from triggers.rules.model import MILLION, Cap, RuleBook, Shop
from triggers.spans import span, today
from triggers.zones import zone_of

_LONGEST: Final = {"day": 2 * DAY, "week": 8 * DAY, "month": 32 * DAY}
"""No span of the calendar lasts longer, wherever clocks are put back."""


class Shared:
    """One shop's. `phone`: its caps by phone; `text`: for how long no text is repeated, microseconds."""

    __slots__ = ("_currency", "_tz", "budgets", "phone", "price", "text")

    def __init__(self, shop: Shop) -> None:
        self.phone = tuple(one for one in shop.caps if one.by == "phone")
        self.text = shop.dedupe_text
        self.budgets = shop.budgets
        self.price = int((shop.sms_price or Decimal(0)) * MILLION)
        self._currency = shop.currency or ""
        self._tz, _ = zone_of(None, shop.time_zone)

    def __bool__(self) -> bool:
        return bool(self.phone or self.text or self.budgets)

    def scopes(
        self, at: int, tz: ZoneInfo | None, phone: str | None, text: str, segments: int, held_out: bool
    ) -> list[Scope]:
        """Of a touch at `at`; `tz`: the customer's zone, None for the shop's; `text`: see `without_id`. One
        that is held out spends no budget."""
        scopes = []
        if phone is not None:
            if self.phone:
                scopes.append(Scope("phone", phone, limits(self.phone, at, tz or self._tz)))
            if self.text:
                scopes.append(Scope("text", f"{phone} {identifier(text)}", (CapLimit(1, self.text),)))
        if self.budgets and not held_out:
            day = today(at, self._tz).isoformat()
            since, until = span(at, self._tz, "day")
            for one in self.budgets:
                of_the_day = (CapLimit(one.limit, 0, since, until),)
                if one.per == "minute":
                    minute = at // MINUTE
                    of_the_minute = (CapLimit(one.limit, 0, minute * MINUTE, (minute + 1) * MINUTE),)
                    scopes.append(Scope("budget", f"{day} minute:{minute}", of_the_minute))
                elif one.unit == "money":
                    scopes.append(Scope("budget", f"{day} money:{self._currency}", of_the_day, self.price * segments))
                else:
                    scopes.append(Scope("budget", day, of_the_day))
        return scopes

    @property
    def longest(self) -> int:
        """For how long a touch counts in any of these, microseconds; 0 where there are none."""
        lasts = [_LONGEST[one.span] if one.span else one.window for one in self.phone]
        spends = [MINUTE if one.per == "minute" else _LONGEST["day"] for one in self.budgets]
        return max([*lasts, self.text or 0, *spends, 0])


class SharedOfShops:
    """Of all shops of a rule book."""

    def __init__(self, book: RuleBook) -> None:
        self._shops = {shop.id: shared for shop in book.shops.values() if (shared := Shared(shop))}

    @property
    def longest(self) -> int:
        """For how long a touch counts, at any shop."""
        return max((shared.longest for shared in self._shops.values()), default=0)

    @property
    def covers(self) -> str:
        """A name of what a ledger must know so that these can be judged by it: which phones, texts and budgets are
        counted at all, and for how long. Empty where nothing is."""
        said = []
        for shop_id, shared in sorted(self._shops.items()):
            budgets = sorted({one.unit if one.per == "day" else one.per for one in shared.budgets})
            said.append(f"{shop_id} {shared.longest} {bool(shared.phone)} {bool(shared.text)} {budgets}")
        return identifier(*said) if said else ""

    def ask_of(self, command: SendSms) -> Ask | None:
        """What was asked for this command, of what is shared; None where nothing was.

        It counts at the `not_before`, which is no earlier than the instant it was asked for.
        """
        shared = self._shops.get(command.shop_id)
        if shared is None or command.customer_id is None or command.test:
            return None
        at = parse_rfc3339(command.not_before)
        text = without_id(command.text, command.command_id)
        scopes = tuple(shared.scopes(at, None, command.phone, text, command.segments, False))
        return Ask(command.shop_id, command.customer_id, command.command_id, at, scopes)


def without_id(text: str, command_id: str) -> str:
    """What the text of a command says besides its own id, which a link in it may carry: two that differ in nothing else
    are the same text."""
    return text.replace(command_id, "")


def limits(caps: tuple[Cap, ...], at: int, tz: ZoneInfo) -> tuple[CapLimit, ...]:
    """Of caps at an instant; `tz`: whose calendar it is."""
    found = []
    for one in caps:
        if one.span:
            since, until = span(at, tz, one.span)
            found.append(CapLimit(one.limit, 0, since, until))
        else:
            found.append(CapLimit(one.limit, one.window))
    return tuple(found)
