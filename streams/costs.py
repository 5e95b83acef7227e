"""What the texts of a shop's rules cost: each made for every product of a feed, for sample customers in turn."""

from __future__ import annotations

import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from feeds.sorting import SortedProducts
from feeds.store import ProductStore, Store
from feeds.tally import Tally
from schemas.catalogue import Product
from streams.feeds.sync import read_into
from triggers.costing import Cost, Prices
from triggers.messages.message import Message
from triggers.messages.presentable import unpresentable
from triggers.rules.errors import RuleError, RuleWarning
from triggers.rules.model import Rule, Shop
from triggers.rules.read import ReadRule
from triggers.samples import Samples, Text, texts

_BATCH: Final = 1000

SHOWN: Final = 3
"""So many products are in a sample's cart: one of the feed and those after it."""

TOLD: Final = 500
"""After so many products it is told how far it is."""


@dataclass(frozen=True, slots=True)
class Costed:
    """A text and what it costs. `price`: of a segment; None where nobody said one."""

    text: Text
    cost: Cost
    price: Decimal | None

    @property
    def per_thousand(self) -> Decimal | None:
        return None if self.price is None else self.cost.per_thousand(self.price)


@contextmanager
def feed_store(feed: BinaryIO, shop_id: str, at: int) -> Iterator[tuple[Store, Tally]]:
    """The products of a feed, of any format, for as long as it lasts; FeedError when the feed is refused. `at`: the
    instant for which prices are wanted."""
    with tempfile.TemporaryDirectory() as folder, ProductStore(Path(folder) / "feed.sqlite3") as store:
        with SortedProducts(Path(folder) / "sorted") as found:
            tally = read_into(found, feed, shop_id, at=at)
            products = found.products(shop_id)
            while batch := [*islice(products, _BATCH)]:  # in order a store takes them five times as fast
                store.apply((shop_id, product.product_id, product) for product in batch)
        yield store, tally


def price_of(shop: Shop, prices: Prices | None) -> tuple[Decimal | None, str | None]:
    """Of a segment to a number of the shop's own country, and its currency: as the file of prices says, else as the
    shop's `sms_price` does."""
    if prices is not None:
        return prices.to(shop.default_region), prices.currency
    return shop.sms_price, shop.currency


def costs(
    shop: Shop,
    rules: Sequence[Rule],
    store: Store,
    at: int,
    *,
    prices: Prices | None = None,
    every: int = 1,
    told: Callable[[int], None] = lambda done: None,
) -> tuple[list[Costed], Counter[str]]:
    """Each text of the rules, made for every product (each `every`th one) of the shop as of `at`; and how many of these
    products can't be shown, by reason. `told` hears how many products are done."""
    price, _ = price_of(shop, prices)
    found = [Costed(text, Cost(), price) for text in texts(shop, rules)]
    samples = Samples(shop, store, at)
    unpresented: Counter[str] = Counter()
    for number, shown in enumerate(windows(store.products(shop.id))):
        if number % every:
            continue
        row = samples.shopper(number // every, shown)
        for one in found:
            made = samples.judged(one.text, row, shown)
            if made.message is not None:
                one.cost.add(_product(made.message, shown), made.message)
            else:
                left = made.unfit
                product_id = shown[0].product_id if left is None else _product(left, shown)
                reason, detail = made.why
                one.cost.refuse(product_id, reason, left, detail)
        unpresented[unpresentable(shown[0]) or ""] += 1
        if number % TOLD == 0:
            told(number)
    del unpresented[""]
    return found, unpresented


def _product(message: Message, shown: Sequence[Product]) -> str:
    """Whose text it is: where the feed's product can't be shown, the text shows another."""
    return message.products[0] if message.products else shown[0].product_id


def over_budget(read: Sequence[ReadRule], costed: Sequence[Costed], currency: str | None) -> list[RuleError]:
    """Of each text that costs more than its rule's `budget`: what, and by which product."""
    places = {one.rule.name: one for one in read}
    found = []
    for one in costed:
        rule, worst = one.text.rule, one.cost.worst
        if rule.budget is None or worst is None:
            continue
        of, at = places[rule.name], places[rule.name].budget_place
        name = f"step `{one.text.step}`" + (f", variant `{one.text.variant}`," if one.text.variant else "")
        most, money = rule.budget.segments, rule.budget.per_thousand
        if most is not None and worst.segments > most:
            found.append(RuleError(
                of.file, at.line, at.column, f"{name} needs {worst.segments} segments where the budget is {most}",
                f"for product {worst.product_id}: {worst.text}",
            ))  # fmt: skip
        if money is not None and one.per_thousand is not None and one.per_thousand > money:
            cost = f"{one.per_thousand:,} {currency}" if currency else f"{one.per_thousand:,}"
            found.append(RuleError(
                of.file, at.line, at.column, f"{name} costs {cost} per thousand where the budget is {money:,}",
                "make it shorter, or see `writing`",
            ))  # fmt: skip
    return found


def unmade(read: Sequence[ReadRule], costed: Sequence[Costed]) -> list[RuleWarning]:
    """Of each text that a product's message could not be made of, and so costs nothing: how often, and why. What some
    products lack by themselves (a name, a link) is said of a text that no product's message could be made of."""
    places = {one.rule.name: one for one in read}
    found = []
    for one in costed:
        cost, of = one.cost, places[one.text.rule.name]
        refused = {why: times for why, times in cost.refused.items() if not cost.made or why in _TOO_LARGE}
        if refused:
            name = f"step `{one.text.step}`" + (f", variant `{one.text.variant}`," if one.text.variant else "")
            why = " and ".join(f"{times:,} {cost.why(reason)}" for reason, times in sorted(refused.items()))
            total = cost.made + cost.refused.total()
            message = f"{name} can't be sent for {sum(refused.values()):,} of {total:,} products"
            found.append(RuleWarning(of.file, of.budget_place.line, of.budget_place.column, message, why))
    return found


_TOO_LARGE: Final = frozenset({"too-many-segments", "too-long"})


def windows(products: Iterator[Product]) -> Iterator[Sequence[Product]]:
    """Each product with those that come after it, SHOWN at most."""
    window: deque[Product] = deque()
    for product in products:
        window.append(product)
        if len(window) == SHOWN:
            yield tuple(window)
            window.popleft()
    while window:
        yield tuple(window)
        window.popleft()
