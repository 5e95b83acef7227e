"""Stories of one customer, for rules of every kind that there is, and a player that tells them to the engine.

The rules are those that the pages of the kinds show, so that a new kind is in all of this by itself. Nothing here asks
the engine what it means: `Told` says what is known of the customer from the events alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from typing import Any, Final

from hypothesis import strategies as st

from schemas import events, wire
from schemas.catalogue import Product
from schemas.emitted import Decision
from schemas.instants import rfc3339
from tests.unit.triggers.driving import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    Drive,
    added,
    consented,
    event,
    ordered,
    profile,
    removed,
    replaced,
    viewed,
)
from tests.unit.triggers.kinds.page import documented
from triggers.customer import decode_row, encode_row
from triggers.engine import Engine, Proposal
from triggers.expressions import compile_expression
from triggers.kinds import KINDS
from triggers.messages.template import compile_template
from triggers.rules.model import Rule, RuleBook, Shop
from triggers.shopfacts import ShopFacts
from triggers.ticks import Ticks
from triggers.walks import Walk, WalkEvent

TEXT: Final = compile_template("We are here")
SHOP: Final = Shop(time_zone="Europe/Moscow")

Audience = tuple[str, Callable[["Told"], bool]]
AUDIENCES: Final[list[Audience]] = [
    ("orders.count == 0", lambda told: told.orders == 0),
    ("orders.count >= 2", lambda told: told.orders >= 2),
    ('customer.city == "Kazan"', lambda told: told.city == "Kazan"),
    ('customer.city == "Kazan" or orders.count >= 1', lambda told: told.city == "Kazan" or told.orders >= 1),
]
"""Conditions, and what they come to for who reads the events alone."""


def _plain(rule: Rule, number: int, audience: Audience | None) -> Rule:
    """With texts that anybody can be sent, and a name of its own."""
    steps = tuple(
        replace(step, sms=TEXT if step.sms is not None else None, variants=(), when=None) for step in rule.steps
    )  # fmt: skip
    where = None if audience is None else compile_expression(audience[0])
    return replace(rule, name=f"{rule.trigger.kind}-{number}", steps=steps, audience=where, shop_id="main")


DOCUMENTED: Final = {kind.name: documented(kind.name) for kind in KINDS.values()}


@st.composite
def rule_sets(draw: st.DrawFn) -> list[tuple[Rule, Audience | None]]:
    chosen = draw(st.lists(st.sampled_from(sorted(DOCUMENTED)), min_size=1, max_size=3))
    made = []
    for number, kind in enumerate(chosen):
        audience = draw(st.none() | st.sampled_from(AUDIENCES))
        made.append((_plain(draw(st.sampled_from(DOCUMENTED[kind])), number, audience), audience))
    return made


def all_rules() -> list[tuple[Rule, Audience | None]]:
    numbers = count()
    return [(_plain(rule, next(numbers), None), None) for rules in DOCUMENTED.values() for rule in rules]


Thing = Callable[[int, int], Any]
"""An event, of an instant and a number."""

PRODUCTS: Final = ("sku-1", "sku-2", "sku-3", "sku-7")
CATEGORIES: Final = ("kettles", "teapots", "cups")


class Feed:
    """A catalogue of them."""

    def get(self, shop_id: str, product_id: str) -> Product | None:
        if product_id not in PRODUCTS:
            return None
        number = PRODUCTS.index(product_id)
        category = CATEGORIES[number % 3]
        return Product(
            product_id=product_id, name=f"Product {number}", category_id=category, category_path=(category,),
            price=Decimal(700), currency="RUB", url="https://shop.example/p", vendor="Tea House",
            labels=("consumable", "new"), stock=10,
        )


def _marketing(kind: type[Any], at: int, number: int, **fields: Any) -> Any:
    return kind(event_id=f"m{number}", occurred_at=rfc3339(at), at=at, **fields)


THINGS: Final[list[Thing]] = [
    *(lambda at, n, p=p: viewed(at, p, price=Decimal(100 + n), category_id=CATEGORIES[n % 3]) for p in PRODUCTS),
    *(lambda at, n, c=c: event(wire.CategoryViewed, at, category_id=c) for c in CATEGORIES),
    *(lambda at, n, p=p: added(at, p, price=Decimal(700)) for p in PRODUCTS),
    lambda at, n: removed(at, PRODUCTS[n % 4]),
    lambda at, n: replaced(at, *PRODUCTS[: n % 3]),
    lambda at, n: event(wire.CheckoutStarted, at),
    lambda at, n: ordered(at, f"o{n}", total=Decimal(900), currency="RUB"),
    lambda at, n: ordered(at, f"o{n}", items=[wire.Item(PRODUCTS[n % 4], price=Decimal(700))]),
    lambda at, n: event(wire.OrderCancelled, at, order_id=f"o{n - 1}"),
    lambda at, n: event(wire.WishlistChanged, at, added=[PRODUCTS[n % 4]]),
    lambda at, n: event(wire.BonusBalanceChanged, at, balance=Decimal(50 * n), expires_at=rfc3339(at + 9 * DAY)),
    lambda at, n: event(wire.SurveyAnswered, at, survey_id="after-sale", answers={"score": n % 5}),
    lambda at, n: event(wire.LinkClicked, at),
    lambda at, n: profile(at, city=("Kazan", "Omsk", None)[n % 3]),
    lambda at, n: profile(at, birthday=("1990-12-01", "1988-02-29")[n % 2], registered_at=rfc3339(at - HOUR)),
    lambda at, n: profile(at, time_zone=("Asia/Vladivostok", "Europe/Moscow")[n % 2], card="VIP"),
    lambda at, n: profile(at, dates={"anniversary": f"2015-{n % 12 + 1:02d}-15"}),
    lambda at, n: consented(at, granted=n % 3 > 0),
    lambda at, n: event(wire.CustomerErased, at),
    lambda at, n: _marketing(
        events.FlashSaleAnnounced, at, n, sale_id=f"sale-{n}", ends_at=rfc3339(at + 30 * HOUR), name="Sale",
        items=[events.SaleItem(PRODUCTS[n % 4], Decimal(500))], categories=[CATEGORIES[n % 3]],
        url="https://shop.example/sale",
    ),
    lambda at, n: _marketing(events.FlashSaleEnded, at, n, sale_id=f"sale-{n - 1}"),
    lambda at, n: _marketing(
        events.CollectionReleased, at, n, collection_id=f"c{n}", name="New", categories=[CATEGORIES[n % 3]]
    ),
]  # fmt: skip

GAPS: Final = (1, MINUTE, 40 * MINUTE, 5 * HOUR, 30 * HOUR, 9 * DAY, 40 * DAY)

Story = list[tuple[int, Any]]
"""What happened, and when, in order."""


def story_of(moves: Iterable[tuple[int, int]]) -> Story:
    """From gaps and things, both by number: each an instant later than the one before it."""
    at = MONDAY
    story: Story = [(at, profile(at, event_id="p")), (at + 1, consented(at + 1, event_id="c"))]
    at += 1
    for number, (gap, thing) in enumerate(moves):
        at += GAPS[gap]
        one = THINGS[thing](at, number)
        one.event_id = f"e{number}"
        story.append((at, one))
    return story


STORIES: Final = st.lists(
    st.tuples(st.integers(0, len(GAPS) - 1), st.integers(0, len(THINGS) - 1)), min_size=3, max_size=30
).map(story_of)


@dataclass
class Told:
    """What the events say, one after another. Erasures forget."""

    placed: dict[str, bool] = field(default_factory=dict)
    ordered_at: list[int] = field(default_factory=list)
    city: str | None = None
    consent: bool = False
    erased_at: int = 0

    @property
    def orders(self) -> int:
        return sum(self.placed.values())

    def hear(self, at: int, one: Any) -> None:
        if isinstance(one, wire.CustomerErased):
            ordered_at = self.ordered_at
            self.__init__()  # type: ignore[misc]  # everything is forgotten
            self.ordered_at, self.erased_at = ordered_at, at
        elif isinstance(one, wire.OrderPlaced):
            self.placed[one.order_id] = self.placed.get(one.order_id, True)
            self.ordered_at.append(at)
        elif isinstance(one, wire.OrderCancelled):
            self.placed[one.order_id] = False
        elif isinstance(one, wire.ConsentChanged):
            self.consent = one.granted
        elif isinstance(one, wire.CustomerUpdated) and isinstance(one.city, str | None):
            self.city = one.city


class Player(Drive):
    """Tells a story as the shell would: deadlines first, then what concerns many, each as of its instant. `seen` is
    asked at each judgement. `stored`: the row is stored and read again after each thing."""

    def __init__(
        self, rules: Sequence[Rule], seen: Callable[[Decision], None] | None = None, stored: bool = False,
        shop: Shop = SHOP, facts: ShopFacts | None = None,
    ) -> None:  # fmt: skip
        book = RuleBook(shops={"main": shop}, rules={"main": tuple(rules)})
        super().__init__(Engine(book, Feed(), facts=facts))
        self._seen = seen
        self._stored = stored
        self._ordinal = 0

    def play(self, story: Story, end: int, told: Told | None = None) -> Player:
        self.engine.last = end
        ticks = Ticks(self.engine.ticks(end), story[0][0] - 1)
        for at, one in (*story, (end, None)):
            for tick in ticks.take(at):
                self._walk(tick.at, tick.what, ticks)
            self.fire(at)
            if isinstance(one, wire.CustomerEvent):
                self.engine.on_event(self.row, one, at)
                self._take()
                if told is not None:
                    told.hear(at, one)
            elif one is not None:
                for _, what in self.engine.opens(one, at):
                    self._walk(at, what, ticks)
            if self._stored:
                self.row = decode_row(encode_row(self.row))
        return self

    def _walk(self, at: int, what: WalkEvent, ticks: Ticks) -> None:
        self.fire(at)
        self._ordinal += 1
        walk = Walk(self._ordinal, at, "main", what)
        ticks.extend(self.engine.follows(walk))
        self.engine.on_walk(self.row, walk)
        self.row.walked = walk.ordinal
        self._take()

    def judge(self, proposal: Proposal, wall: int) -> Decision:
        decision = super().judge(proposal, wall)
        if self._seen is not None:
            self._seen(decision)
        return decision
