"""What conditions and texts see of a customer's row: each name, and what objects of the context can be asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from schemas.instants import DAY, HOUR, rfc3339
from schemas.price_history import PriceSince
from tests.unit.triggers.shoppers import Feed, product
from triggers.answers import answer
from triggers.beyond import Beyond, asks_figures
from triggers.bought import Bought
from triggers.customer import PROFILE_FIELDS, Consent, CustomerRow, Field, Order, Orders, Touch, new_row
from triggers.expressions import ExpressionInvalid, Names, compile_expression, compile_value
from triggers.interests import viewed as see
from triggers.journeys import About, Journey, Shown
from triggers.messages.refused import MessageRefused
from triggers.messages.template import TemplateInvalid, compile_template
from triggers.rules.model import Shop
from triggers.rules.read import read_shop
from triggers.rules.segments import Segment
from triggers.segments import Segments
from triggers.shopfacts import Interval
from triggers.tastes import Seen
from triggers.view import context
from triggers.zones import zone_of

NOW = 1_780_000_000_000_000
TZ, _ = zone_of(None, "Europe/Moscow")
FEED = Feed(
    product("red", category_id="kettles", category_path=("Kitchen", "Kettles"), price=Decimal(900)),
    product("blue", category_id="toasters", category_path=("Kitchen", "Toasters")),
    product("gone", available=False),
)
ANY = Names(content=frozenset({"product"}))


def row(**profile: str) -> CustomerRow:
    made = new_row("main", "42")
    made.profile = {PROFILE_FIELDS.index(name): Field(value, 1) for name, value in profile.items()}
    return made


def seen(source: str, of: CustomerRow, shop: Shop | None = None, **others: Any) -> Any:
    return compile_value(source, ANY).of(context(of, shop or Shop(), FEED, TZ, NOW, **others))


def test_when_the_customer_registered_is_an_instant_and_nothing_where_it_cannot_be_read() -> None:
    registered = row(registered_at=rfc3339(NOW - 3 * DAY))
    assert seen("now - customer.registered == days(3)", registered) is True
    assert seen("customer.registered is defined", row(registered_at="yesterday")) is False


def test_consents_are_false_where_nothing_was_said() -> None:
    agreed = row()
    assert seen("customer.consents.sms_marketing", agreed) is False
    agreed.consents = {"sms/marketing": Consent(True, 5), "call/marketing": Consent(True, 5, opted_out_at=6)}
    assert seen("customer.consents.sms_marketing", agreed) is True
    assert seen("customer.consents.call_marketing", agreed) is False


def test_days_of_the_profile_have_the_shops_own_names() -> None:
    married = row()
    married.dates = {"wedding": Field("2020-06-01", 1), "broken": Field("soon", 1), "forgotten": Field(None, 1)}
    assert seen("customer.dates.wedding < now", married) is True
    for name in ("broken", "forgotten", "never"):
        assert seen(f"customer.dates.{name} is defined", married) is False
    assert compile_expression("customer.dates.never < now").judge(context(married, Shop(), FEED, TZ, NOW)).missing == (
        "customer.dates.never",
    )


def test_answers_to_surveys_are_texts() -> None:
    asked = row()
    surveys = asked.surveys
    answer(surveys, "after-sale", 1, {"score": 9, "why": " ", "yes": True})
    asked.surveys = surveys
    assert seen('customer.answer("after-sale", "score")', asked) == "9"
    assert seen('customer.answer("after-sale", "why") is defined', asked) is False
    assert seen('customer.answer("other", "score") is defined', asked) is False


def test_what_was_bought_is_asked_by_product_and_by_category() -> None:
    buyer = row()
    buyer.settled_bought = {"red": Bought(NOW - DAY, 2), "blue": Bought(NOW - 2 * DAY, 1), "unknown": Bought(1, 7)}
    assert seen('orders.bought("red") and not orders.bought("green")', buyer) is True
    assert seen('orders.of("kettles").count', buyer) == 2  # by the id
    assert seen('orders.of("Kitchen").count', buyer) == 3  # by a name above
    assert seen('orders.of("kitchen").last == now - days(1)', buyer) is True
    assert seen('orders.of("books").count', buyer) == 0
    assert seen('orders.of("books").last is defined', buyer) is False
    assert seen("orders.of(customer.city).count is defined", buyer) is False  # nothing is asked of nothing


def test_the_purchase_interval_needs_three_gaps() -> None:
    buyer = row()
    assert seen("orders.interval is defined", buyer) is False
    days = (0, 10, 20, 50)
    buyer.orders = Orders(4, {}, 1, 2, {str(day): Order(NOW + day * DAY, True, False) for day in days})
    assert seen("orders.interval == days(10)", buyer) is True


def test_what_was_looked_at_shows_the_price_seen_and_how_much_it_fell() -> None:
    viewer = row()
    assert (seen("viewed.count", viewer), seen("viewed.products[0].name is defined", viewer)) == (0, False)
    part: Any = viewer.part_interests
    for name, at, price in (("red", 3, "1000"), ("gone", 2, "5"), ("blue", 1, None), ("red", 4, None)):
        part, _ = see(part, name, NOW - DAY + at, None if price is None else Decimal(price))
    viewer.part_interests = part
    assert seen("viewed.count", viewer) == 3
    assert seen("now - viewed.last < days(1)", viewer) is True
    assert seen("viewed.products | length", viewer) == 2  # one can't be shown
    assert seen("viewed.products[0].seen_price", viewer) == 1000
    assert seen("viewed.products[0].drop", viewer) == 100
    assert seen("viewed.products[0].drop_percent", viewer) == 10
    assert seen("viewed.products[0].times", viewer) == 2
    assert seen("viewed.products[1].name", viewer) == "Kettle blue"
    assert seen("viewed.products[1].drop is defined", viewer) is False
    text = compile_template("{% for good in viewed.products %}{{ good.name }} {% endfor %}")
    assert text.render(context(viewer, Shop(), FEED, TZ, NOW)).products == ("red", "blue")
    with pytest.raises(MessageRefused, match="product-out-of-stock"):
        text.render(context(viewer, Shop(), FEED, TZ, NOW, missing_product="refuse"))


def test_looks_at_a_category_count_those_at_its_products_once() -> None:
    viewer = row()
    part: Any = viewer.part_interests
    for at in (1, 2, 3):
        part, _ = see(part, "red", NOW - DAY + at, None)
    viewer.part_interests = part
    assert seen('viewed.of("kettles").count', viewer) == 3
    viewer.categories = {"kettles": Seen(NOW - HOUR, 5)}
    assert seen('viewed.of("kettles").count', viewer) == 5
    assert seen('viewed.of("kettles").last == now - hours(1)', viewer) is True
    assert seen('viewed.of("Kitchen").count', viewer) == 3


def journey(**others: Any) -> Journey:
    return Journey("rule", "v", NOW - 5 * DAY, "e", began=NOW - 3 * DAY, step="1", due=NOW, **others)


def test_a_journey_knows_what_happened_since_it_began() -> None:
    of, began = row(), journey(variant="b")
    given: dict[str, Any] = {"began": began.began, "journey": began}
    for name in ("bought", "visited", "clicked"):
        assert seen(f"journey.{name}", of, **given) is False
    of.orders = Orders(1, {}, 1, began.began + 1)
    of.visited_at, of.clicked_at = began.began, began.began + 1  # an event at a deadline's own instant comes first
    assert [seen(f"journey.{name}", of, **given) for name in ("bought", "visited", "clicked")] == [True, False, True]
    of.touches = [
        Touch("a", began.began, "rule"), Touch("b", began.began - 1, "rule"), Touch("c", NOW, "other"),
        Touch("d", NOW, "rule", held_out=True),
    ]  # fmt: skip
    assert seen("journey.touches", of, **given) == 1
    assert seen("journey.variant", of, **given) == "b"
    assert seen("journey.variant is defined", of) is False
    assert seen("now - journey.started == days(3)", of, **given) is True


def test_a_journey_knows_the_segment_by_which_it_began_where_its_kind_goes_by_segments() -> None:
    about = journey(about=About(of="once"))
    assert seen("journey.segment", row(), journey=about, kind="dormant") == "once"
    assert seen("journey.segment is defined", row(), journey=about, kind="purchased") is False
    assert seen("journey.segment is defined", row(), kind="dormant") is False


def test_the_products_of_a_journey_have_the_sales_price_and_that_of_the_feed_as_the_old_one() -> None:
    products = Shown("red", Decimal(720)), Shown("gone", Decimal(1)), Shown("blue", seen=Decimal(1990))
    sale = journey(about=About(products))
    given: dict[str, Any] = {"journey": sale}
    assert seen("product.price", row(), **given) == 720
    assert seen("product.old_price", row(), **given) == 900
    assert seen("products | length", row(), **given) == 2
    assert seen("products[1].drop is defined", row(), **given) is False
    text = compile_template("{{ product.name }}: {{ product.price | money }}", ANY)
    message = text.render(context(row(), Shop(), FEED, TZ, NOW, **given))
    assert (message.text, message.products) == ("Kettle red: RUB 720", ("red",))
    with pytest.raises(MessageRefused) as refused:
        text.render(context(row(), Shop(), FEED, TZ, NOW, journey=journey()))
    assert refused.value.reason == "no-product-to-show"


def test_the_lowest_price_is_that_of_the_30_days_before_the_product_was_reduced() -> None:
    days = {100: 1500, 20: 800, 15: 950, 1: 900}
    history = tuple(PriceSince(rfc3339(NOW - day * DAY), Decimal(price), "RUB") for day, price in days.items())
    feed = Feed(product("red", price=Decimal(900), price_history=history), product("blue"))
    given: dict[str, Any] = {"journey": journey(about=About((Shown("red"),)))}

    def of(source: str, at: int = NOW, **other: Any) -> Any:
        return compile_value(source, ANY).of(context(row(), Shop(), feed, TZ, at, **{**given, **other}))

    assert of("product.lowest_price") == 800
    assert of("product.lowest_price", NOW + 60 * DAY) == 800
    on_sale = journey(about=About((Shown("red", Decimal(700)),)))
    assert of("product.lowest_price", NOW + 60 * DAY, journey=on_sale) == 900
    unknown = journey(about=About((Shown("blue"),)))
    assert of("product.lowest_price is defined", journey=unknown) is False


def test_a_rule_that_is_about_no_products_cannot_name_one() -> None:
    for name in ("product.name", "products[0].name"):
        with pytest.raises(ExpressionInvalid, match="means nothing in a rule of `cart_abandoned`"):
            compile_expression(f"{name} == 'x'", Names(kind="cart_abandoned"))


SEGMENTS = tuple(
    Segment(name, compile_expression(where))
    for name, where in (
        ("vip", 'customer.card == "VIP"'), ("few", "orders.count >= 1 and orders.count <= 3"),
        ("all", "orders.count < 9"),
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("card", "orders", "segment"),
    [("VIP", 0, "vip"), ("VIP", 2, "vip"), (None, 2, "few"), ("gold", 0, "all"), (None, 5, "all"), (None, 9, None)],
)
def test_the_first_segment_that_holds_is_the_customers_and_unknown_counts_as_no(
    card: str | None, orders: int, segment: str | None
) -> None:
    shop, of = Shop(segments=SEGMENTS), row() if card is None else row(card=card)
    of.orders = Orders(orders)
    assert Segments(shop, FEED).of(of) == segment
    assert seen("customer.segment", of, shop) == segment
    assert seen(f'customer.segment == "{segment}"', of, shop) is (True if segment else None)


def test_a_shop_without_segments_has_nobody_in_one() -> None:
    assert Segments(Shop(), FEED).of(row()) is None


@pytest.mark.parametrize(
    ("source", "column", "message", "hint"),
    [
        ("orders.of(5).count > 1", 11, "`orders.of` needs text here, `5` is a number", 'like `orders.of("...")`'),
        ("1 > 2 or orders.of().count > 1", 10, "`orders.of` needs text in its brackets", 'like `orders.of("...")`'),
        ('customer.answer("a") == "b"', 1, "`customer.answer` needs text and text", 'answer("...", "...")`'),
        ("orders.of.count > 1", 1, "`orders.of` needs its brackets", 'write it like `orders.of("...")`'),
        ('orders.off("a").count > 1', 1, "unknown name `orders.off`", "did you mean `orders.of`?"),
        ('orders.of("a") > 1', 1, "compares a group of names with a number", ""),
        ('orders.of("a").cuont > 1', 1, 'unknown name `orders.of("a").cuont`', 'did you mean `orders.of("a").count`?'),
        ('orders.count("a") > 1', 1, "`orders.count` can't be called", ""),
        ('orders.of(category="a").count > 1', 1, "arguments are given in order", ""),
        ("customer.dates.wedding > 5", 1, "compares a date with a number", "now - orders.last"),
        ("customer.consents.sms > 5", 1, "unknown name `customer.consents.sms`", "call_marketing"),
        ("customer.dates > 5", 1, "compares a group of names with a number", ""),
    ],
)
def test_a_wrong_question_is_refused_with_its_place_and_a_suggestion(
    source: str, column: int, message: str, hint: str
) -> None:
    with pytest.raises(ExpressionInvalid) as refused:
        compile_expression(source)
    assert message in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.column == column


def test_a_question_is_a_part_of_what_is_explained() -> None:
    condition = compile_expression('orders.bought("red") or orders.of("kettles").count >= 1')
    truth = condition.judge(context(row(), Shop(), FEED, TZ, NOW))
    assert [(part.source, part.value, part.shown) for part in truth.parts] == [
        ('orders.bought("red")', False, ""), ('orders.of("kettles").count >= 1', False, "0"),
    ]  # fmt: skip
    assert condition.reads.names == {"orders.bought", "orders.of.count"}


class Counted:
    """Figures of a shop, as of what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def newest(self, shop_id: str, at: int) -> date | None:
        return date(2026, 5, 26)

    def average_cheque(self, shop: Shop, segment: str | None, at: int) -> tuple[Decimal, str] | None:
        return Decimal("512.50"), "2026-05-26"

    def interval(self, shop_id: str, segment: str | None, at: int) -> Interval | None:
        return Interval(28 * DAY, "", "2026-05-26")

    def customers(self, shop_id: str, at: int) -> int | None:
        return 900

    def buyers(self, shop_id: str, product: str, days: int, at: int) -> int:
        self.asked.append((product, days))
        return 41

    def best_sellers(
        self, shop_id: str, at: int, most: int = 10, among: Callable[[str], bool] | None = None
    ) -> list[str]:
        return list(filter(among, ["gone", "blue", "red"]))[:most]


class Sales:
    def get(self, shop_id: str, of: str, at: int) -> Sale | None:
        return Sale("Black Friday", "https://shop.example/sale", NOW - DAY, NOW + DAY) if of == "bf" else None


class Sale(NamedTuple):
    name: str | None
    url: str | None
    starts_at: int
    ends_at: int


def test_figures_of_the_shop_are_there_where_somebody_counts() -> None:
    beyond = Beyond(Counted())
    assert seen("shop.average_cheque", row(), beyond=beyond) == Decimal("512.50")
    assert seen("shop.interval == days(28)", row(), beyond=beyond) is True
    assert seen("shop.best_sellers[0].name", row(), beyond=beyond) == "Kettle blue"  # the first that can be shown
    assert seen("shop.best_sellers[0].buyers(days(30))", row(), beyond=beyond) == 41
    for name in ("shop.average_cheque", "shop.interval", "shop.best_sellers[0].name"):
        assert seen(f"{name} is defined", row()) is False


def test_the_first_average_cheque_is_that_of_the_settings() -> None:
    settings = read_shop("economics: {average_cheque: 900, margin: 40%, share: 50%}", "shop.yaml", "main")
    assert settings.errors == ()
    assert seen("shop.average_cheque", row(), settings.shop) == 900


def test_how_many_bought_a_product_is_asked_for_whole_days() -> None:
    figures = Counted()
    about = journey(about=About((Shown("red"),)))
    text = compile_template('{{ product.buyers(days(30)) }} {{ product.buyers(hours(36)) }}', ANY)
    message = text.render(context(row(), Shop(), FEED, TZ, NOW, journey=about, beyond=Beyond(figures)))
    assert (message.text, message.products) == ("41 41", ("red",))
    assert figures.asked == [("red", 30), ("red", 1)]
    assert asks_figures(text.reads)
    assert not asks_figures(compile_template("{{ shop.name }} {{ orders.count }}").reads)


def test_a_journey_knows_the_sale_that_it_is_about() -> None:
    names = Names(content=frozenset({"event"}))
    text = compile_template('{{ event.name }} until {{ event.ends_at | date("dd.MM") }}: {{ event.url }}', names)
    sale = journey(about=About(of="bf", ends_at=NOW))
    beyond = Beyond(campaigns=Sales())
    assert text.render(context(row(), Shop(), FEED, TZ, NOW, journey=sale, beyond=beyond)).text == (
        "Black Friday until 28.05: https://shop.example/sale"
    )
    with pytest.raises(MessageRefused, match=r"event\.name"):
        text.render(context(row(), Shop(), FEED, TZ, NOW, journey=journey(about=About(of="other")), beyond=beyond))
    with pytest.raises(TemplateInvalid, match="`event` means nothing in a rule of `cart_abandoned`"):
        compile_template("{{ event.name }}", Names(kind="cart_abandoned"))
