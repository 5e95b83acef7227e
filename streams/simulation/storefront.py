"""The sample shop's events, in order of time.

Time goes by hours: each hour some shoppers begin a session (as many as their own local hour suggests), a session is
played through at once, and its events wait in the bucket of the hour they fall into. So memory holds the shoppers and
an hour or two of events, whatever the length of the run, and a shorter run is the beginning of a longer one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from streams.simulation.goods import CURRENCY, GOODS, money
from streams.simulation.shoppers import MOST, Shopper, shopper

VIEWS: Final = "site-views"
CARTS: Final = "cart-events"
ORDERS: Final = "order-events"
CUSTOMERS: Final = "customer-events"

_SECOND: Final = 1000  # the simulator's own unit is the millisecond
_MINUTE: Final = 60 * _SECOND
_HOUR: Final = 60 * _MINUTE

_SESSIONS_A_DAY: Final = 0.9
"""Of a shopper, on average; a few come often, most seldom."""

_RHYTHM: Final = (
    # how likely somebody shops in each hour of their own day, against the evening's peak
    0.12, 0.07, 0.04, 0.03, 0.03, 0.05, 0.12, 0.25, 0.38, 0.48, 0.55, 0.60,
    0.66, 0.64, 0.60, 0.60, 0.62, 0.68, 0.78, 0.90, 1.00, 0.98, 0.70, 0.35,
)  # fmt: skip
_AWAKE: Final = sum(_RHYTHM)

Event = dict[str, Any]
_Waiting = tuple[int, int, str, Event]


def storefront(
    seed: int, customers: int, start: datetime, days: float | None = None, shop_id: str | None = None
) -> Iterator[tuple[str, Event]]:
    """(topic, event) in order of time, each event as it is on the wire.

    `start` aware; it is rounded down to the hour. Without `days` it goes on for ever. `shop_id` None leaves the field
    out, which means the shop `main`. Raises ValueError for fewer than one customer or more than ten million.
    """
    if not 1 <= customers <= MOST:
        raise ValueError(f"customers must be between 1 and {MOST:,}")
    if start.tzinfo is None:
        raise ValueError("start needs an offset from UTC")
    return _Storefront(seed, customers, start.astimezone(UTC), shop_id).run(days)


class _Storefront:
    def __init__(self, seed: int, customers: int, start: datetime, shop_id: str | None) -> None:
        self._rng = Random(seed)
        self._seed = seed
        self._customers = customers
        self._first_hour = int(start.timestamp()) // 3600
        self._shop = {} if shop_id is None else {"shop_id": shop_id}
        self._shoppers: dict[int, Shopper] = {}
        self._hours: dict[int, list[_Waiting]] = {}
        self._returns: dict[int, list[tuple[int, int]]] = {}
        self._made = 0
        self._orders = 0

    def run(self, days: float | None) -> Iterator[tuple[str, Event]]:
        hour = self._first_hour
        end = None if days is None else hour + max(1, round(days * 24))
        while end is None or hour < end:
            for begin, number in self._returns.pop(hour, ()):
                self._session(number, begin, returning=True)
            for number, begin in self._visits(hour):
                self._session(number, begin, returning=False)
            waiting = self._hours.pop(hour, [])
            # by time, then in the order in which they were made
            waiting.sort(key=_when)
            prefix = datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%dT%H:")
            begin_of_hour = hour * _HOUR
            for at, _, topic, event in waiting:
                seconds, milliseconds = divmod(at - begin_of_hour, 1000)
                event["occurred_at"] = f"{prefix}{seconds // 60:02d}:{seconds % 60:02d}.{milliseconds:03d}Z"
                yield topic, event
            hour += 1

    def _visits(self, hour: int) -> list[tuple[int, int]]:
        """(customer, begin) of the sessions that begin in this hour."""
        rng = self._rng
        # everybody's daily sessions, were it always the peak hour; who sleeps is thinned out below
        tries = self._customers * _SESSIONS_A_DAY / _AWAKE
        count = int(tries) + (rng.random() < tries % 1)
        found = []
        for _ in range(count):
            number = int(self._customers * rng.random() ** 1.8)
            begin = hour * _HOUR + int(rng.random() * _HOUR)
            known = self._shoppers.get(number)
            if known is None:
                known = self._shoppers[number] = shopper(number, rng)
            if rng.random() < _RHYTHM[(hour + known.hours_from_utc) % 24]:
                found.append((number, begin))
        found.sort(key=_begin)
        return found

    def _put(self, at: int, topic: str, who: Shopper, kind: str, **fields: Any) -> None:
        self._made += 1
        event: Event = {
            "type": kind,
            "event_id": f"sim-{self._seed}-{self._made}",
            **self._shop,
            "customer_id": who.customer_id,
            "occurred_at": "",
            **fields,
        }
        self._hours.setdefault(at // _HOUR, []).append((at, self._made, topic, event))

    def _pause(self, least: float, most: float) -> int:
        """Between two clicks, in whole milliseconds and never none: a shopper does one thing at a time."""
        return int((least + (most - least) * self._rng.random()) * _SECOND) + 1

    def _session(self, number: int, at: int, *, returning: bool) -> None:
        who = self._shoppers[number]
        if who.erased or at <= who.busy_until:
            return
        rng = self._rng
        if not who.known:
            at = self._introduce(who, at)
        if returning and who.cart:
            at = self._buy(who, at + self._pause(5, 60))
        else:
            at = self._browse(who, at)
            if who.cart and rng.random() < 0.42:
                at = self._check_out(who, at + self._pause(10, 120))
            if who.cart and rng.random() < 0.25:
                back = at + int((1 + 40 * rng.random() ** 2) * _HOUR)
                self._returns.setdefault(back // _HOUR, []).append((back, number))
        if rng.random() < 0.006 and who.consents:
            who.consents = False
            at += self._pause(5, 300)
            self._put(at, CUSTOMERS, who, "ConsentChanged", **_consent(False, "profile"))
        if rng.random() < 0.001:
            who.erased = True
            at += self._pause(60, 3600)
            self._put(at, CUSTOMERS, who, "CustomerErased")
        who.busy_until = at

    def _introduce(self, who: Shopper, at: int) -> int:
        who.known = True
        self._put(at, CUSTOMERS, who, "CustomerUpdated", **who.profile)
        if who.consents is not None:
            at += self._pause(0.2, 2)
            self._put(at, CUSTOMERS, who, "ConsentChanged", **_consent(who.consents, "registration"))
        return at + self._pause(1, 20)

    def _browse(self, who: Shopper, at: int) -> int:
        rng = self._rng
        if rng.random() < 0.5:
            good = GOODS[self._popular()]
            self._put(at, VIEWS, who, "CategoryViewed", category_id=good.category_id)
            at += self._pause(4, 40)
        for _ in range(1 + int(rng.expovariate(0.45))):
            number = self._popular()
            good = GOODS[number]
            self._put(
                at,
                VIEWS,
                who,
                "ProductViewed",
                product_id=good.product_id,
                category_id=good.category_id,
                price=good.shown_price,
                currency=CURRENCY,
            )
            at += self._pause(6, 90)
            if rng.random() < 0.22:
                self._change_cart(who, at, number, 1 if rng.random() < 0.85 else 2)
                at += self._pause(3, 45)
        if who.cart and rng.random() < 0.12:
            dropped = list(who.cart)[int(rng.random() * len(who.cart))]
            self._change_cart(who, at, dropped, 0)
            at += self._pause(3, 30)
        return at

    def _popular(self) -> int:
        """The number of a product: the first ones are looked at more often than the last."""
        return int(len(GOODS) * self._rng.random() ** 1.4)

    def _change_cart(self, who: Shopper, at: int, number: int, quantity: int) -> None:
        """Adds `quantity` of a product, or with 0 takes it out."""
        good = GOODS[number]
        if quantity:
            who.cart[number] = who.cart.get(number, 0) + quantity
        else:
            del who.cart[number]
        if who.whole_carts:
            self._put(at, CARTS, who, "CartUpdated", items=_items(who.cart), currency=CURRENCY)
        elif quantity:
            self._put(
                at,
                CARTS,
                who,
                "CartItemAdded",
                product_id=good.product_id,
                quantity=quantity,
                price=good.shown_price,
                currency=CURRENCY,
                category_id=good.category_id,
            )
        else:
            self._put(at, CARTS, who, "CartItemRemoved", product_id=good.product_id)

    def _check_out(self, who: Shopper, at: int) -> int:
        self._put(at, CARTS, who, "CheckoutStarted")
        if self._rng.random() < 0.72:
            return self._buy(who, at + self._pause(30, 300))
        return at + self._pause(10, 60)

    def _buy(self, who: Shopper, at: int) -> int:
        """Orders the whole cart; three of a hundred orders are cancelled within a day."""
        self._orders += 1
        order_id = f"{self._seed}-{self._orders}"
        total = sum(GOODS[number].price * quantity for number, quantity in who.cart.items())
        self._put(
            at,
            ORDERS,
            who,
            "OrderPlaced",
            order_id=order_id,
            items=_items(who.cart),
            total=money(total),
            currency=CURRENCY,
        )
        who.cart.clear()
        if self._rng.random() < 0.03:
            later = at + int((0.2 + 20 * self._rng.random()) * _HOUR)
            self._put(later, ORDERS, who, "OrderCancelled", order_id=order_id)
        return at + self._pause(1, 10)


def _when(waiting: _Waiting) -> tuple[int, int]:
    return waiting[0], waiting[1]


def _begin(visit: tuple[int, int]) -> int:
    return visit[1]


def _items(cart: dict[int, int]) -> list[Event]:
    return [
        {"product_id": GOODS[number].product_id, "quantity": quantity, "price": GOODS[number].shown_price}
        for number, quantity in cart.items()
    ]


def _consent(granted: bool, source: str) -> Event:
    return {"channel": "sms", "purpose": "marketing", "granted": granted, "source": source}
