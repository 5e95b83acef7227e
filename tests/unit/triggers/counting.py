"""A shop whose customers are counted, in as many parts as one likes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from zlib import crc32

from schemas.instants import DAY
from schemas.wire import CustomerEvent
from triggers.customer import CustomerRow, new_row, remember, settle_cart
from triggers.facts import APPLY, ShopSays
from triggers.rules.model import Shop
from triggers.shopfacts import ShopFacts, facts_of
from triggers.spans import today
from triggers.tallies import Counting, Sums
from triggers.zones import zone_of


class Counter:
    """Takes events in order of time; what has been counted of a day is told when its part comes to another day."""

    def __init__(
        self, shop: Shop | None = None, parts: int = 1, segment_of: Callable[[CustomerRow], str | None] | None = None
    ) -> None:
        self.shop = shop or Shop(currency="RUB")
        self.facts = ShopFacts()
        self.sums = [Sums() for _ in range(parts)]
        self.rows: dict[str, CustomerRow] = {}
        self.tz, _ = zone_of(None, self.shop.time_zone)
        self._counting = Counting(self.shop, segment_of or (lambda row: None))
        self._day: date | None = None

    def feed(self, events: Iterable[CustomerEvent], *, settle: bool = False) -> Counter:
        """`settle`: as a deadline after each of them."""
        now = 0
        for event in events:
            now = max(now, event.at)
            self.reach(now)
            customer = event.customer_id
            row = self.rows.setdefault(customer, new_row(self.shop.id, customer))
            before = self._counting.before(row, event)
            if not remember(row, event.event_id) or event.at <= row.erased_at:
                continue
            apply = APPLY.get(type(event))
            if apply is not None:
                apply(row, event, ShopSays())
            if before is not None:
                part = crc32(customer.encode()) % len(self.sums)
                self.sums[part].count(self._counting.after(row, event, now, before))
            if settle:
                settle_cart(row)
        return self

    def reach(self, now: int) -> Counter:
        """All parts have come so far."""
        day = today(now, self.tz)
        while self._day is not None and self._day < day:
            for number, sums in enumerate(self.sums):
                for fact in facts_of(sums, self.shop.id, number, self._day, self.tz):
                    self.facts.take(fact)
            self.sums = [Sums() for _ in self.sums]
            self._day = date.fromordinal(self._day.toordinal() + 1)
        self._day = day
        return self

    def total(self, fact: str) -> dict[str, int]:
        """Of the days that are over and the one that is not."""
        found: dict[str, int] = {}
        for part in self.sums:
            for name, amount in part.of(fact).items():
                found[name] = found.get(name, 0) + int(amount)
        for name, amount in self.facts.total(self.shop.id, fact, 1 << 60).items():
            found[name] = found.get(name, 0) + int(amount)
        return {name: amount for name, amount in found.items() if amount}


LATER = 400 * DAY
"""Long enough for all that was counted to be in force."""
