"""Texts of rules as a customer would get them though nothing has happened: to look at, and to count what they cost.

A text is made by the code that makes it for every touch (`triggers.emission`): of a customer's row, and of a journey
that has just come to its step. The row is a real one, or a sample's: somebody who has a profile, bought before, put
products of the feed into the cart and looked at them. What only a whole shop or its campaigns would know is a sample's
too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from schemas import wire
from schemas.catalogue import Catalogue, Product
from schemas.events import FlashSaleAnnounced
from schemas.instants import DAY, HOUR, rfc3339
from triggers import emission
from triggers.campaigns import Campaigns
from triggers.customer import CustomerRow, decode_row, encode_row, new_row
from triggers.facts import APPLY, ShopSays
from triggers.gates.suppression import NoSuppressions
from triggers.journeys import MAX_SHOWN, About, Journey, Proposal, Shown
from triggers.kinds import KINDS, Kind, KindWorld
from triggers.messages.message import Message
from triggers.rules.model import Rule, Shop
from triggers.verdicts import Verdict
from triggers.walks import SaleAnnounced, Walk

SALE: Final = "sample-sale"
_CENT: Final = Decimal("0.01")


class Somebody(NamedTuple):
    """A sample customer, the way a profile says it."""

    first_name: str
    last_name: str
    gender: str
    city: str


PEOPLE: Final[dict[str, tuple[Somebody, ...]]] = {
    "ru": (
        Somebody("Анна", "Иванова", "f", "Казань"),
        Somebody("Александра", "Константинопольская", "f", "Санкт-Петербург"),
        Somebody("Пётр", "Ким", "m", "Уфа"),
        Somebody("Константин", "Щербаков", "m", "Екатеринбург"),
    ),
    "en": (
        Somebody("Anna", "Smith", "f", "Leeds"),
        Somebody("Christopher", "Featherstonehaugh", "m", "Southampton"),
        Somebody("Zoë", "Lee", "f", "Bath"),
        Somebody("Elizabeth", "Montgomery", "f", "Birmingham"),
    ),
}
"""Short and long names. Of a language that is not here, those of `en`."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a rule: of a step, or of one of its variants (`variant`; "" for none)."""

    rule: Rule
    step: str
    variant: str
    kind: Kind
    plan: emission.Plan


class Judged(NamedTuple):
    """The text; None where there is none, and then `unfit` is what was left of one that does not fit, with all given up
    that may be."""

    message: Message | None
    unfit: Message | None
    verdicts: tuple[Verdict, ...]

    @property
    def why(self) -> tuple[str, str]:
        """What the gate of messages says: the reason, and what it is about."""
        said = next(verdict for verdict in self.verdicts if verdict.gate == "message")
        return said.reason, dict(said.numbers).get("detail", "")


def texts(shop: Shop, rules: Iterable[Rule]) -> list[Text]:
    """Every text that they have, in the order of the rules and their steps."""
    found = []
    for rule in rules:
        kind = KINDS[type(rule.trigger)]
        for name, plan in emission.plans(shop, rule, kind).items():
            step = plan.step
            if step.sms is None:
                continue
            for variant in step.variants:
                alone = replace(step, sms=variant.sms, variants=(), writing=step.writing.of_variant(variant.name))
                found.append(Text(rule, name, variant.name, kind, replace(plan, step=alone)))
            if not step.variants:
                found.append(Text(rule, name, "", kind, plan))
    return found


class Samples:
    """Makes texts of one shop as of `at` (microseconds). `catalogue`: its feed."""

    def __init__(self, shop: Shop, catalogue: Catalogue, at: int) -> None:
        self._shop = shop
        self._at = at
        self._products: tuple[str, ...] = ()
        campaigns = Campaigns()
        campaigns.hear(Walk(1, at - HOUR, shop.id, SaleAnnounced(_sale(shop, at), at - HOUR)))
        figures = _Figures(lambda: self._products)
        self._world = emission.World(shop, catalogue, NoSuppressions(), figures, campaigns)
        self._kinds = KindWorld(shop, catalogue, None, {}, campaigns)
        language = shop.language or "en"
        self._people = [encode_row(self._somebody(one, number, language)) for number, one in
                        enumerate(PEOPLE.get(language[:2], PEOPLE["en"]))]  # fmt: skip

    def shopper(self, number: int, products: Sequence[Product]) -> CustomerRow:
        """The sample customer of that number, who put these products into the cart, the first last, and looked at
        them."""
        row = decode_row(self._people[number % len(self._people)])
        self._products = tuple(one.product_id for one in products)
        for place, product in enumerate(reversed(products)):
            at = self._at - HOUR + place
            what = {"product_id": product.product_id, "currency": product.currency}
            self._tell(row, wire.ProductViewed, at, price=_before(product), **what)
            self._tell(row, wire.CartItemAdded, at, price=product.price, **what)
        return row

    def judged(self, text: Text, row: CustomerRow, products: Sequence[Product] = ()) -> Judged:
        """The text for this customer, or why there is none, with what all the pure gates say. Who is suppressed is not
        known here. `products`: what a journey of its kind is about; left out: what one of this customer might be about.
        The row stays as it is."""
        if products and "product" in text.kind.content:
            about = About(tuple(Shown(one.product_id, one.price, _before(one)) for one in products[:MAX_SHOWN]))
        else:
            about = text.kind.example(row, self._kinds)
        if "event" in text.kind.content and not about.of:
            about = msgspec.structs.replace(about, of=SALE, ends_at=self._at + 2 * DAY)
        at = self._at
        journey = Journey(
            text.rule.name, text.rule.version, at - HOUR, "sample", began=at - HOUR, step=text.step, due=at,
            proposed=True, about=about, variant=text.variant,
        )  # fmt: skip
        proposal = Proposal(
            rule=text.rule.name, rule_version=text.rule.version, epoch=journey.epoch, step=text.step, due=at
        )
        verdicts, touch = emission.judge(row, proposal, at, self._world, text.plan, journey)
        return Judged(touch.message, touch.unfit, verdicts)

    def _somebody(self, one: Somebody, number: int, language: str) -> CustomerRow:
        row = new_row(self._shop.id, f"sample-{number + 1}")
        began = self._at - 400 * DAY
        profile = {
            **one._asdict(), "language": language, "card": "VIP", "region": one.city, "birthday": "1990-05-17",
            "registered_at": rfc3339(began), "time_zone": self._shop.time_zone,
        }  # fmt: skip
        self._tell(row, wire.CustomerUpdated, began, **profile)
        lapses = rfc3339(self._at + 7 * DAY)
        self._tell(row, wire.BonusBalanceChanged, began, balance=Decimal(500), expires_at=lapses)
        for order in range(4):
            what = {"order_id": f"o{order}", "total": Decimal(1990), "currency": self._shop.currency}
            self._tell(row, wire.OrderPlaced, began + (order + 1) * 90 * DAY, **what)
        return row

    def _tell(self, row: CustomerRow, kind: type[Any], at: int, **fields: Any) -> None:
        event = kind(
            event_id=f"s{at}", shop_id=row.shop_id, customer_id=row.customer_id, occurred_at=rfc3339(at), at=at,
            **fields,
        )  # fmt: skip
        APPLY[kind](row, event, ShopSays())


def _before(product: Product) -> Decimal | None:
    """What it cost when the sample looked at it: a quarter more."""
    return None if product.price is None else (product.price * 5 / 4).quantize(_CENT)


def _sale(shop: Shop, at: int) -> FlashSaleAnnounced:
    return FlashSaleAnnounced(
        event_id=SALE, shop_id=shop.id, occurred_at=rfc3339(at - HOUR), at=at - HOUR, sale_id=SALE,
        starts_at=rfc3339(at - HOUR), ends_at=rfc3339(at + 2 * DAY), name="Sale", url=shop.url or None,
    )  # fmt: skip


class _Interval(NamedTuple):
    length: int = 30 * DAY
    segment: str = ""
    day: str = ""


class _Figures:
    """Of a sample shop; see `triggers.beyond.Figures`. Its best sellers are the products that are shown."""

    def __init__(self, products: Callable[[], Sequence[str]]) -> None:
        self._products = products

    def newest(self, shop_id: str, at: int) -> date | None:
        return None

    def average_cheque(self, shop: Shop, segment: str | None, at: int) -> tuple[Decimal, str] | None:
        if shop.economics is not None and shop.economics.average_cheque is not None:
            return shop.economics.average_cheque, ""
        return Decimal(1990), ""

    def interval(self, shop_id: str, segment: str | None, at: int) -> _Interval | None:
        return _Interval()

    def customers(self, shop_id: str, at: int) -> int | None:
        return 10_000

    def buyers(self, shop_id: str, product: str, days: int, at: int) -> int:
        return 120

    def best_sellers(
        self, shop_id: str, at: int, most: int = 10, among: Callable[[str], bool] | None = None
    ) -> Sequence[str]:
        return [one for one in self._products() if among is None or among(one)][:most]
