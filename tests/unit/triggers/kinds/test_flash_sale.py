"""`flash_sale`: something that the customer likes is on sale."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from schemas import events, wire
from schemas.emitted import CancelSms, SendSms
from schemas.instants import parse_rfc3339, rfc3339
from streams.deadlines import DeadlineIndex
from streams.ledger import RowLedger
from streams.replay import MemoryRows
from streams.timeline import Effects, Timeline
from tests.property.shelf import Feed
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, added, book, ordered, shopper, step, viewed
from tests.unit.triggers.kinds.page import documented, mistakes, of
from triggers.calendars.hours import QuietHours
from triggers.customer import NEVER
from triggers.engine import Engine
from triggers.expressions import Names
from triggers.journeys import About, Shown
from triggers.kinds.flash_sale import KIND, FlashSale
from triggers.messages.template import compile_template
from triggers.rules.model import Rule, Shop
from triggers.rules.read import read_rules

MARKETING, CUSTOMERS = 4, 5
KIND_NAMES = Names(kind="flash_sale", content=KIND.content)
SALE = MONDAY + DAY
END = SALE + 30 * HOUR


def announced(at: int = SALE, id: str = "bf", ends: int = END, **more: Any) -> Any:
    if not more.keys() & {"items", "categories", "brands"}:
        more["items"] = [events.SaleItem("sku-1", Decimal(500))]
    return events.FlashSaleAnnounced(
        event_id=f"m-{at}-{id}", occurred_at=rfc3339(at), at=at, sale_id=id, ends_at=rfc3339(ends), **more
    )


def ended(at: int, id: str = "bf") -> Any:
    return events.FlashSaleEnded(event_id=f"m-{at}-{id}-over", occurred_at=rfc3339(at), at=at, sale_id=id)


def by(customer: str, *some: Any) -> list[Any]:
    for one in some:
        one.customer_id = customer
    return list(some)


def likes(customer: str, product: str = "sku-1", at: int = MONDAY) -> list[Any]:
    """Somebody who may be written to, and has looked at a product."""
    return by(customer, *shopper(at), viewed(at + MINUTE, product, price=Decimal(700)))


def named(trigger: FlashSale | None = None, name: str = "sale", **more: Any) -> Rule:
    return replace(of(trigger or FlashSale(), **more), name=name)


class Line:
    """Some customers, on the stream clock."""

    def __init__(self, *rules: Rule, shop: Shop | None = None) -> None:
        self.engine = Engine(book(*rules, shop=shop), Feed())
        self.rows = MemoryRows()
        self.timeline = Timeline(self.engine, self.rows, DeadlineIndex(), RowLedger(), judge_at_once=True)
        self.effects = Effects()

    async def advance(self, some: Iterable[Any], reached: int = NEVER) -> Line:
        items = [
            (one.at, CUSTOMERS if isinstance(one, wire.CustomerEvent) else MARKETING, 0, number, "", one)
            for number, one in enumerate(some)
        ]
        if items:
            self.engine.last = max(item[0] for item in items) + 40 * DAY
        await self.timeline.advance(sorted(items, key=lambda item: item[:2]), reached, self.effects)
        await self.timeline.finish_walks(self.effects)
        return self

    @property
    def messages(self) -> list[SendSms]:
        found = [out.record for out in self.effects.commands if isinstance(out.record, SendSms)]
        return sorted(found, key=lambda sms: (sms.due_at, sms.customer_id or ""))

    @property
    def cancels(self) -> list[CancelSms]:
        return [out.record for out in self.effects.commands if isinstance(out.record, CancelSms)]

    @property
    def sent(self) -> list[tuple[str, str, int]]:
        """(customer, step, when) of the messages."""
        return [(str(one.customer_id), one.step, parse_rfc3339(one.due_at)) for one in self.messages]

    @property
    def end(self) -> tuple[int, str]:
        """Of the first customer's journey."""
        (journey,) = self.rows.rows["main:1"].journeys
        return journey.end

    def verdicts(self, gate: str) -> list[tuple[str, str]]:
        return [
            (one.verdict, one.reason)
            for out in self.effects.decisions for one in out.record.verdicts if one.gate == gate
        ]  # fmt: skip


async def test_the_rule_on_the_page_writes_of_their_own_items_at_the_sale_price_and_once_more_before_the_end() -> None:
    rule, other = documented("flash_sale")
    assert other.trigger == FlashSale(sales=("black-friday",))
    rule = replace(rule, trigger=replace(rule.trigger, pace=None))
    came = by("1", viewed(SALE + 2 * HOUR, "sku-2"))
    line = await Line(rule).advance([
        *likes("1"), *likes("2"), *likes("3", "sku-2"), *came,
        announced(name="Black Friday", url="https://shop.example/sale"),
    ])  # fmt: skip
    assert line.sent == [("1", "1", SALE), ("2", "1", SALE), ("1", "2", END - 3 * HOUR)]
    first, _, last = line.messages
    assert first.text == "Black Friday until 25.11 06:00: Product 0 for RUB 500. https://shop.example/p"
    assert last.text.startswith("Three hours left of Black Friday: Product 0 for RUB 500.")
    assert {one.not_after for one in line.messages} == {rfc3339(SALE + DAY), rfc3339(END)}


async def test_who_has_ordered_is_not_reminded() -> None:
    rule = named(steps=(step(), step(id="2", before_end=3 * HOUR)))
    line = await Line(rule).advance([*likes("1"), *likes("2"), announced(), *by("1", ordered(SALE + HOUR))])
    assert line.sent == [("1", "1", SALE), ("2", "1", SALE), ("2", "2", END - 3 * HOUR)]


@pytest.mark.parametrize(
    ("about", "liked"),
    [
        ({"items": [events.SaleItem("sku-1"), events.SaleItem("sku-7")]}, {"cart", "none of the feed"}),
        ({"categories": ["teapots"]}, {"viewed", "wished"}),
        ({"brands": ["tea house"]}, {"cart", "viewed", "wished", "bought"}),
        ({"items": [], "categories": [], "brands": []}, {"cart", "viewed", "wished", "bought", "none of the feed"}),
    ],
)
async def test_who_is_meant_are_those_who_like_something_of_what_is_on_sale(
    about: dict[str, Any], liked: set[str]
) -> None:
    def customers() -> list[Any]:
        return [
            *by("cart", *shopper(MONDAY), added(MONDAY, "sku-1")),
            *by("viewed", *shopper(MONDAY), viewed(MONDAY, "sku-2")),
            *by("wished", *shopper(MONDAY), wire.WishlistChanged(
                event_id="w", customer_id="", occurred_at="", at=MONDAY, added=["sku-2"]
            )),
            *by("bought", *shopper(MONDAY), ordered(MONDAY, items=[wire.Item("sku-3")])),
            *by("none of the feed", *shopper(MONDAY), viewed(MONDAY, "sku-7"), viewed(MONDAY, "gone")),
            *by("nobody", *shopper(MONDAY)),
        ]  # fmt: skip

    everybody = await Line(named()).advance([*customers(), announced(**about)])
    liked = {"cart" if one == "cart" else one for one in liked}
    expected = liked if "brands" not in about or about["brands"] == [] else liked | {"none of the feed"}
    assert {customer for customer, _, _ in everybody.sent} == expected
    bought = await Line(named(FlashSale(interests=("bought",)))).advance([*customers(), announced(**about)])
    assert {customer for customer, _, _ in bought.sent} == expected & {"bought"}


async def test_what_was_said_long_ago_does_not_count_where_the_rule_says_how_lately() -> None:
    line = await Line(named(FlashSale(within=12 * HOUR))).advance([
        *likes("1"), *likes("2", at=SALE - HOUR), announced()
    ])  # fmt: skip
    assert line.sent == [("2", "1", SALE)]


async def test_a_rule_may_be_for_some_sales_alone() -> None:
    line = await Line(named(FlashSale(sales=("bf",)))).advance([*likes("1"), announced(id="other"), announced()])
    assert len(line.sent) == 1 and line.timeline.walking.walks.last == 2  # its beginning, and its end


async def test_a_journey_keeps_the_nearest_products_first_with_both_prices() -> None:
    line = Line(named(steps=(step(HOUR),)))
    cart = by("1", added(MONDAY + HOUR, "sku-2", price=Decimal(650)))
    items = [events.SaleItem("sku-1", Decimal(500)), events.SaleItem("sku-2")]
    await line.advance([*likes("1"), *cart, announced(items=items)], SALE + 1)
    (journey,) = line.rows.rows["main:1"].journeys
    products = (Shown("sku-2", None, Decimal(650)), Shown("sku-1", Decimal(500), Decimal(700)))
    assert journey.about == About(products, "bf", "", END)


async def test_who_looked_at_the_category_alone_is_written_to_about_it() -> None:
    looked = wire.CategoryViewed(event_id="c", customer_id="1", occurred_at="", at=MONDAY, category_id="teapots")
    line = Line(named(steps=(step(HOUR),)))
    await line.advance([*by("1", *shopper(MONDAY)), looked, announced(categories=["teapots"])], SALE + 1)
    (journey,) = line.rows.rows["main:1"].journeys
    assert journey.about == About((), "bf", "teapots", END)


async def test_a_sale_that_begins_later_is_written_of_when_it_begins() -> None:
    late = likes("2", at=SALE + 2 * HOUR)  # it was announced before
    line = await Line(named()).advance([*likes("1"), announced(starts_at=rfc3339(SALE + 5 * HOUR)), *late])
    assert line.sent == [("1", "1", SALE + 5 * HOUR)]


async def test_a_sale_that_is_over_before_it_is_heard_of_means_nothing() -> None:
    line = await Line(named()).advance([*likes("1"), announced(ends=SALE)])
    assert line.sent == [] and line.timeline.walking.walks.last == 0


async def test_nothing_leaves_at_the_end_or_after_it() -> None:
    steps = (step(), step(END - SALE, "2"), step(HOUR, "3"))
    line = await Line(named(steps=steps)).advance([*likes("1"), announced()])
    assert line.sent == [("1", "1", SALE)]
    assert line.end == (END, "sale_ended")


async def test_an_early_end_is_the_end() -> None:
    steps = (step(), step(2 * HOUR, "2"), step(2 * HOUR, "3"))
    line = await Line(named(steps=steps)).advance([*likes("1"), announced(), ended(SALE + 2 * HOUR)])
    assert line.sent == [("1", "1", SALE)]
    assert line.end == (SALE + 2 * HOUR, "sale_ended")
    assert line.timeline.walking.walks.last == 2  # its announced end is none any more


async def test_what_has_not_begun_when_it_ends_does_not_begin() -> None:
    names = [str(number) for number in range(40)]
    line = Line(named(FlashSale(pace=100)))
    await line.advance([*(one for name in names for one in likes(name)), announced(), ended(SALE + HOUR // 2)])
    assert 5 < len(line.sent) < 35
    assert all(at < SALE + HOUR // 2 for _, _, at in line.sent)
    assert all(not row.occasions and not row.journeys for row in line.rows.rows.values())


async def test_what_was_handed_over_and_has_not_left_is_called_back_at_an_early_end() -> None:
    quiet = Shop(quiet_hours=QuietHours(21 * 60, 10 * 60))
    night = SALE + 23 * HOUR
    line = Line(named(), shop=quiet)
    await line.advance([*likes("1"), announced(night, ends=night + DAY)], night + DAY)
    (sms,) = line.messages
    leaves = parse_rfc3339(sms.not_before)
    assert sms.not_before > sms.due_at  # it waits for its minute of the morning
    again = Line(named(), shop=quiet)
    await again.advance([*likes("1"), announced(night, ends=night + DAY), ended(leaves - 1)])
    assert [(one.cancels, one.reason) for one in again.cancels] == [(sms.command_id, "sale_ended")]
    late = Line(named(), shop=quiet)
    await late.advance([*likes("1"), announced(night, ends=night + DAY), ended(leaves)])
    assert late.cancels == []  # it is gone


async def test_quiet_hours_that_last_beyond_the_end_leave_nothing() -> None:
    night = SALE + 23 * HOUR
    line = await Line(named(), shop=Shop(quiet_hours=QuietHours(21 * 60, 10 * 60))).advance([
        *likes("1"), announced(night, ends=night + 2 * HOUR)
    ])  # fmt: skip
    assert line.sent == []


async def test_a_sale_that_is_announced_twice_is_one() -> None:
    again = [announced(SALE + HOUR), announced(SALE + 3 * HOUR)]
    line = await Line(named()).advance([*likes("1"), announced(), *again])
    assert line.sent == [("1", "1", SALE)]


async def test_a_sale_that_is_announced_again_after_another_is_still_the_same() -> None:
    other = announced(SALE + HOUR, "other", END)
    line = await Line(named()).advance([*likes("1"), announced(), other, announced(SALE + 2 * HOUR)])
    assert [(customer, at) for customer, _, at in line.sent] == [("1", SALE), ("1", SALE + HOUR)]


async def test_who_came_to_like_it_meanwhile_is_written_to_when_it_is_announced_again() -> None:
    new = likes("2", at=SALE + HOUR)
    line = await Line(named()).advance([*likes("1"), announced(), *new, announced(SALE + 2 * HOUR)])
    assert line.sent == [("1", "1", SALE), ("2", "1", SALE + 2 * HOUR)]


async def test_what_is_announced_last_holds_for_journeys_that_run() -> None:
    rule = named(steps=(step(), step(id="2", before_end=3 * HOUR)))
    longer = announced(SALE + HOUR, ends=END + DAY, items=[events.SaleItem("sku-1", Decimal(400))])
    line = Line(rule)
    await line.advance([*likes("1"), announced(), longer], SALE + HOUR + 1)
    (journey,) = line.rows.rows["main:1"].journeys
    assert journey.about == About((Shown("sku-1", Decimal(400), Decimal(700)),), "bf", "", END + DAY)
    await line.advance([])
    assert line.sent == [("1", "1", SALE), ("1", "2", END + DAY - 3 * HOUR)]
    shorter = await Line(rule).advance([*likes("1"), announced(), announced(SALE + HOUR, ends=SALE + 20 * HOUR)])
    assert shorter.sent == [("1", "1", SALE), ("1", "2", SALE + 17 * HOUR)]


async def test_an_announcement_that_it_has_ended_ends_it() -> None:
    rule = named(steps=(step(), step(3 * HOUR, "2")))
    line = await Line(rule).advance([*likes("1"), announced(), announced(SALE + HOUR, ends=SALE)])
    assert line.sent == [("1", "1", SALE)]
    assert line.end == (SALE + HOUR, "sale_ended")


async def test_a_last_step_for_which_there_is_no_time_is_skipped() -> None:
    rule = named(steps=(step(), step(id="2", before_end=3 * HOUR), step(id="3", before_end=HOUR)))
    line = await Line(rule).advance([*likes("1"), announced(ends=SALE + 2 * HOUR)])
    assert line.sent == [("1", "1", SALE), ("1", "3", SALE + HOUR)]
    assert line.verdicts("ended") == [("pass", "on"), ("refuse", "too-near-the-end"), ("pass", "on")]


async def test_who_orders_before_a_slow_pace_comes_to_them_gets_nothing() -> None:
    rule = named(FlashSale(pace=1))
    before = await Line(rule).advance([*likes("1"), announced()])
    ((_, _, turn),) = before.sent
    assert turn > SALE
    after = await Line(rule).advance([*likes("1"), announced(), *by("1", ordered(turn - 1))])
    assert after.sent == [] and after.effects.decisions == []


async def test_texts_name_the_sale_as_it_is() -> None:
    text = compile_template("{{ event.id }} {{ event.name }} {{ event.ends_at | date('HH:mm') }}", KIND_NAMES)
    rule = named(steps=(step(sms=text), step(2 * HOUR, "2", sms=text)))
    longer = announced(SALE + HOUR, ends=END + 2 * HOUR, name="Longer")
    line = await Line(rule).advance([*likes("1"), announced(name="Sale"), longer])
    assert [one.text for one in line.messages] == ["bf Sale 06:00", "bf Longer 08:00"]


def test_what_is_no_flash_sale_is_told_in_a_marketers_words() -> None:
    assert mistakes("flash_sale: {interests: [bougt]}") == ["entry 1 of `interests` cannot be `bougt`"]
    assert mistakes("flash_sale: {interests: []}") == ["`interests` needs at least one entry"]
    assert mistakes("flash_sale: {sales: all}") == ["`sales` should be a list, not `all`"]


def test_a_step_counts_from_the_end_where_there_is_one_and_in_its_order() -> None:
    def wrong(trigger: str, *steps: str) -> list[str]:
        text = f"rule: r\ntrigger: {{{trigger}}}\nsteps: [{', '.join(steps)}]\n"
        return [error.message for error in read_rules(text, "rule.yaml", Shop()).errors]

    assert wrong("flash_sale: {}", "{sms: a}", "{before_end: 3h, sms: a}", "{before_end: 1h, sms: a}") == []
    assert wrong("flash_sale: {}", "{before_end: 3h, sms: a}") == []
    assert wrong("cart_abandoned: {idle: 1h}", "{before_end: 3h, sms: a}") == [
        "what `cart_abandoned` is about has no end"
    ]
    assert wrong("flash_sale: {}", "{sms: a}", "{before_end: 3h, after: 2h, sms: a}") == ["`before_end` beside `after`"]
    assert wrong("flash_sale: {}", "{before_end: 3h, sms: a}", "{before_end: 4h, sms: a}") == [
        "step 2 would come before one above it"
    ]


def test_a_step_behind_one_that_counts_from_the_end_is_warned_of() -> None:
    rule = named(steps=(step(before_end=HOUR), step(HOUR, "2")))
    assert [path for path, _, _ in KIND.check(rule, Shop())] == [("steps", 1, "after")]
