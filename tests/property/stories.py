"""Stories of one customer, for rules of every kind that there is, and a player that tells them to the engine.

The rules are those that the pages of the kinds show, and what the kinds draw for these tests (`joining`), with
conditions, limits and exits of all sorts. Nothing here asks the engine what it means.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from hypothesis import strategies as st

from schemas import events, wire
from schemas.emitted import Decision
from schemas.instants import rfc3339
from tests.property.joining import Joins, Thing, joined
from tests.property.kinds._members import WRITTEN
from tests.property.shelf import CATEGORIES, PRODUCTS, Feed
from tests.property.told import Story, Told
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
    step,
    viewed,
)
from tests.unit.triggers.kinds.page import documented
from triggers.customer import decode_row, encode_row
from triggers.engine import Engine, Proposal
from triggers.expressions import compile_expression
from triggers.kinds import KINDS
from triggers.messages.template import compile_template
from triggers.rules.audiences import read_audiences
from triggers.rules.model import Rule, RuleBook, Shop
from triggers.rules.read import read_rules, read_shop
from triggers.shopfacts import ShopFacts
from triggers.ticks import Ticks
from triggers.walks import Walk, WalkEvent

TEXT: Final = compile_template("We are here")
SHOP: Final = Shop(time_zone="Europe/Moscow")


@dataclass(frozen=True)
class Condition:
    """What is written, and what it comes to for who reads the events alone."""

    source: str
    holds: Callable[[Told], bool]


CONDITIONS: Final = [
    Condition("orders.count == 0", lambda told: told.orders == 0),
    Condition("orders.count >= 2", lambda told: told.orders >= 2),
    Condition('customer.city == "Kazan"', lambda told: told.city == "Kazan"),
    Condition('customer.city == "Kazan" or orders.count >= 1', lambda told: told.city == "Kazan" or told.orders >= 1),
]


@dataclass(frozen=True)
class Drawn:
    """A rule, its audience, and the conditions of its steps."""

    rule: Rule
    audience: Condition | None = None
    when: tuple[Condition | None, ...] = ()


JOINED: Final[dict[str, Joins]] = joined()
DOCUMENTED: Final = {kind.name: documented(kind.name, SHOP) for kind in KINDS.values()}


@lru_cache
def read(trigger: str) -> Rule:
    """A rule with this trigger, as it is read."""
    audiences = read_shop("", "shop.yaml", "main", read_audiences(WRITTEN, "audiences.yaml")[0]).audiences
    found = read_rules(f"rule: r\ntrigger: {{{trigger}}}\nsteps: [{{sms: a}}]\n", "rule.yaml", SHOP, audiences)
    assert found.errors == (), found.errors
    return found.rules[0].rule


def named(rule: Rule, number: int, **more: Any) -> Rule:
    """With texts that anybody can be sent, and a name of its own."""
    steps = more.pop("steps", None) or tuple(
        replace(step, sms=TEXT if step.sms is not None else None, variants=(), when=None) for step in rule.steps
    )  # fmt: skip
    return replace(rule, name=f"{rule.trigger.kind}-{number}", steps=steps, audience=None, shop_id="main", **more)


_SELDOM: Final = st.one_of(*[st.none()] * 3, st.sampled_from(CONDITIONS))


def _written(condition: Condition | None) -> Any:
    return None if condition is None else compile_expression(condition.source)


@st.composite
def _of(draw: st.DrawFn, kind: str, number: int) -> Drawn:
    if draw(st.booleans()) or kind not in JOINED:
        audience = draw(_SELDOM)
        made = named(draw(st.sampled_from(DOCUMENTED[kind])), number)
        return Drawn(replace(made, audience=_written(audience)), audience, (None,) * len(made.steps))
    made = read(draw(JOINED[kind].triggers))
    assert made.trigger.kind == kind
    audience = draw(_SELDOM)
    when = tuple(draw(st.lists(_SELDOM, min_size=1, max_size=3)))
    waits = [0, *(draw(st.sampled_from([1, 2 * HOUR, 3 * DAY])) for _ in when[1:])]
    steps = tuple(
        step(after, str(place), sms=TEXT, when=_written(one))
        for place, (after, one) in enumerate(zip(waits, when, strict=True))
    )
    words = sorted({"order_placed", *KINDS[type(made.trigger)].exits})
    rule = named(
        made, number, steps=steps,
        exit_on=draw(st.just(made.exit_on) | st.frozensets(st.sampled_from(words))),
        once_per=draw(st.none() | st.sampled_from([5 * HOUR, 20 * DAY])),
        cooldown=draw(st.none() | st.sampled_from([HOUR, 4 * DAY])),
        max_times=draw(st.none() | st.sampled_from([1, 2])),
        exclusive=draw(st.sampled_from(["", "", "group"])),
        priority=draw(st.sampled_from([50, 60])),
    )  # fmt: skip
    return Drawn(replace(rule, audience=_written(audience)), audience, when)


@st.composite
def rule_sets(draw: st.DrawFn) -> list[Drawn]:
    kinds = draw(st.lists(st.sampled_from(sorted(DOCUMENTED)), min_size=1, max_size=3))
    return [draw(_of(kind, number)) for number, kind in enumerate(kinds)]


def _marketing(kind: type[Any], at: int, number: int, **fields: Any) -> Any:
    return kind(event_id=f"m{number}", occurred_at=rfc3339(at), at=at, **fields)


COMMON: Final[list[Thing]] = [
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
    lambda at, n: event(wire.SurveyAnswered, at, survey_id="after-sale", answers={"score": n % 5}),
    lambda at, n: event(wire.LinkClicked, at),
    lambda at, n: profile(at, city=("Kazan", "Omsk", None)[n % 3]),
    lambda at, n: profile(at, registered_at=rfc3339(at - HOUR)),
    lambda at, n: profile(at, time_zone=("Asia/Vladivostok", "Europe/Moscow")[n % 2], card="VIP"),
    lambda at, n: consented(at, granted=n % 4 > 0),
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

THINGS: Final[list[Thing]] = [
    *COMMON, *(thing for joins in JOINED.values() for thing in (*joins.things, *joins.walks))
]  # fmt: skip
"""What may happen: events of the customer, what the shop announces, and what else concerns many."""

GAPS: Final = (1, MINUTE, 40 * MINUTE, 5 * HOUR, 30 * HOUR, 9 * DAY, 40 * DAY)
Moves = list[tuple[int, int]]


def story_of(moves: Iterable[tuple[int, int]], things: Sequence[Thing] = THINGS) -> Story:
    """From gaps and things, both by number: each an instant later than the one before it."""
    at = MONDAY
    story: Story = [(at, profile(at, event_id="p")), (at + 1, consented(at + 1, event_id="c"))]
    at += 1
    for number, (gap, thing) in enumerate(moves):
        at += GAPS[gap]
        one = things[thing](at, number)
        if isinstance(one, wire.CustomerEvent):
            one.event_id = f"e{number}"
        story.append((at, one))
    return story


def _diced(seed: int, things: int) -> Moves:
    """Some of all sorts: what is drawn one by one tends to be much of the same."""
    dice = random.Random(seed)
    return [(dice.randrange(len(GAPS)), dice.randrange(things)) for _ in range(dice.randrange(10, 50))]


def moves(things: Sequence[Thing]) -> st.SearchStrategy[Moves]:
    of = st.integers(0, len(things) - 1)
    drawn = st.lists(st.tuples(st.integers(0, len(GAPS) - 1), of), min_size=3, max_size=40)
    return st.one_of(drawn, *[st.integers(0, 2**32).map(lambda seed: _diced(seed, len(things)))] * 3)


STORIES: Final = moves(THINGS).map(story_of)


@st.composite
def rules_and_story(draw: st.DrawFn) -> tuple[list[Drawn], Story]:
    """With more of what matters to these kinds than of the rest."""
    drawn = draw(rule_sets())
    own = [
        thing for one in drawn if (joins := JOINED.get(one.rule.trigger.kind))
        for thing in (*joins.things, *joins.walks)
    ]  # fmt: skip
    things = [*COMMON, *own, *own, *own]
    return drawn, story_of(draw(moves(things)), things)


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
            while (following := ticks.next()) is not None and following < at:
                for tick in ticks.take(following + 1):
                    if self.engine.still(tick):
                        self._walk(tick.at, tick.what, ticks)
            self.fire(at)
            if one is not None and told is not None:
                told.hear(at, one)
            if isinstance(one, wire.CustomerEvent):
                self.engine.on_event(self.row, one, at)
                self._take()
            elif isinstance(one, WalkEvent):
                self._walk(at, one, ticks)
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
