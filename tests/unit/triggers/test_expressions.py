"""Conditions: what is refused when a rule is read, and what is judged of a customer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.unit.triggers.shoppers import Feed, context, line, product
from triggers.context import Context, OrdersView
from triggers.expressions import ExpressionInvalid, Part, compile_expression


def judged(source: str, given: Context | None = None) -> bool | None:
    return compile_expression(source).judge(given or context()).value


@pytest.mark.parametrize(
    ("source", "column", "message", "hint"),
    [
        ("cart.totl > 5", 1, "unknown name `cart.totl`", "did you mean `cart.total`?"),
        ("cart.count > 1 and cart.totl > 5", 20, "unknown name `cart.totl`", "did you mean `cart.total`?"),
        ("true\nand card == 1", 10, "unknown name `card`", "did you mean `customer.card`?"),
        ("first_name == 'a'", 1, "unknown name `first_name`", "did you mean `customer.first_name`?"),
        ("customer.zzz == 1", 1, "unknown name `customer.zzz`", "`customer` has: age, birthday"),
        ("orders.last > 5", 1, "`orders.last > 5` compares a date and time with a number", "days(30)"),
        ("now - orders.last > 30", 1, "compares a duration with a number", "days(30)"),
        ("customer.card == 5", 1, "compares text with a number", "without quotes"),
        ("customer.card > 'a'", 1, "`>` needs numbers, dates or durations", ""),
        ("customer.card == none", 1, "compares with none", "is defined"),
        ("day(3) > days(1)", 1, "unknown function `day`", "did you mean `days`?"),
        ("days('3') > days(1)", 1, "`days` needs one number", "days(30)"),
        ("days(1, 2) > days(1)", 1, "`days` needs one number", "days(30)"),
        ("days(n=3) > days(1)", 1, "arguments are given in order", ""),
        ("cart.total", 1, "`cart.total` is a number, not a condition", "is defined"),
        ("not customer.card", 5, "`customer.card` is text, not a condition", "is defined"),
        ("cart.total + 'a' > 1", 1, "`+` does not go with a number (`cart.total`) and text", "`~`"),
        ("now + orders.last > now", 1, "`+` does not go with a date and time", ""),
        ("cart.lines.name == 'a'", 1, "`cart.lines` is a list and has no `name`", "`cart.lines[0].name`"),
        ("cart.lines[customer.age].price > 1", 12, "lists are read by their place", "cart.lines[0]"),
        ("cart['total'] > 1", 1, "only lists have `[...]`", ""),
        ("customer.city in 5", 18, "`in` needs a list", ""),
        ("customer.city in [1, 2]", 1, "looks for text in a list of a number", ""),
        ("customer.city in ['a', 2]", 24, "a list of text can't hold `2`", ""),
        ("customer.age | default('x') > 1", 24, "the default of `customer.age` must be a number", ""),
        ("customer.age | defualt(1) > 1", 16, "unknown filter `defualt`", "did you mean `default`?"),
        ("customer.age is odd", 14, "unknown test `is odd`", "is defined"),
        ("2 ** 9 > 1", 1, "`**` can't be used here", ""),
        ("{'a': 1} == 1", 1, "a dict can't be used here", ""),
        ("cart.total >", 12, "unexpected end of the condition", ""),
        ("cart.total > 5 6", 16, "unexpected `6` after the condition", ""),
        ("a ? b", 3, "unexpected character `?`", ""),
        ("", 1, "the condition is empty", ""),
        ("1e9 > 1", 1, "`1e9` is not a plain number", ""),
        ("now.__class__ == 1", 1, "has no `__class__`", ""),
        ("customer.__class__ == 1", 1, "unknown name `customer.__class__`", ""),
        ("now.strftime('%Y') == '1'", 1, "`now.strftime` can't be called", ""),
    ],
)
def test_a_wrong_condition_is_refused_with_its_place_and_a_suggestion(
    source: str, column: int, message: str, hint: str
) -> None:
    with pytest.raises(ExpressionInvalid) as refused:
        compile_expression(source)
    assert message in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.column == column


@pytest.mark.parametrize(
    "source",
    ["(" * 30 + "1" + ")" * 30, "1" + "+1" * 500 + " > 2", "not " * 1500 + "true", "9" * 30 + " > 1", "true " * 2000],
)
def test_a_condition_beyond_its_bounds_is_refused(source: str) -> None:
    with pytest.raises(ExpressionInvalid, match=r"nested too deeply|a number of more than|longer than"):
        compile_expression(source)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("customer.age > 18", None),
        ("not (customer.age > 18)", None),
        ("false and customer.age > 18", False),
        ("customer.age > 18 and false", False),
        ("true and customer.age > 18", None),
        ("true or customer.age > 18", True),
        ("customer.age > 18 or true", True),
        ("false or customer.age > 18", None),
        ("customer.age > 18 or not (customer.age > 18)", None),
        ("customer.age + 1 > 18", None),
        ("customer.city in ['Kazan']", None),
        ("customer.city not in ['Kazan']", None),
        ("'Kazan' in ['Kazan', customer.city]", True),
        ("'Omsk' in ['Kazan', customer.city]", None),
        ("customer.age is defined", False),
        ("customer.age is not defined", True),
        ("customer.age | default(20) > 18", True),
        ("customer.card | default('') != 'staff'", True),
        ("1 < customer.age < 5", None),
        ("5 < 1 < customer.age", False),
        ("(1 if customer.age > 18 else 2) == 2", True),
    ],
)
def test_missing_values_follow_three_valued_logic(source: str, value: bool | None) -> None:
    assert judged(source) is value


def test_a_judgement_names_what_was_missing_and_what_each_comparison_came_to() -> None:
    truth = compile_expression("orders.count >= 4 or customer.age > 18 and cart.total < 5").judge(context())
    assert truth.value is None
    assert not truth.holds
    assert truth.missing == ("customer.age",)
    assert truth.parts == (
        Part("orders.count >= 4", False, "3"),
        Part("customer.age > 18", None, "missing"),
        Part("cart.total < 5", True, "0"),
    )


def test_a_part_shows_durations_dates_and_both_operands_that_are_not_written_out() -> None:
    orders = OrdersView(
        count=3, total=Decimal("10"), average=Decimal("3.333"), last=datetime(2026, 11, 1, 9, tzinfo=UTC)
    )
    truth = compile_expression("now - orders.last > days(30) or orders.average < orders.total").judge(
        context(orders=orders)
    )
    assert [part.shown for part in truth.parts] == ["20d", "3.33, 10"]


def test_a_blank_text_counts_as_missing() -> None:
    assert judged("customer.city == 'Kazan'", context(city="  ")) is None


def test_numbers_are_decimals() -> None:
    assert judged("0.1 + 0.2 == 0.3") is True
    assert judged("orders.total / 3 * 3 == 4500") is True


def test_nothing_comes_of_a_division_by_zero() -> None:
    truth = compile_expression("orders.total / cart.count > 1").judge(context())
    assert (truth.value, truth.missing) == (None, ("orders.total / cart.count",))


def test_durations_beyond_any_calendar_are_missing_not_an_error() -> None:
    assert judged("days(99999999999999999) > days(1)") is None
    assert judged("now + days(9999999) > now") is None


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("now - orders.last > days(50)", True),
        ("now - orders.last > days(52)", False),
        ("orders.last + days(60) > now", True),
        ("(now - orders.last) / days(1) == 51", True),
        ("days(1) == hours(24) and hours(1) == minutes(60)", True),
        ("days(2) * 2 == days(4) and 2 * days(2) == days(4) and days(4) / 2 == days(2)", True),
        ("days(1) - hours(1) == hours(23) and -days(1) < days(0)", True),
        ("incentive.valid_until > now", True),
        ("customer.birthday + days(1) == incentive.valid_until", True),
        ("1 < orders.count <= 3", True),
        ("orders.count in [1, 3]", True),
        ("'VIP' in customer.card", True),
        ("customer.card not in ['staff', 'test']", True),
        ("cart.lines | length == 1 and cart.lines[0].price > 1000", True),
        ("cart.lines[1].price > 1000", None),
        ("orders.total | round > 4499.6", True),
    ],
)
def test_dates_durations_lists_and_goods_compare(source: str, value: bool | None) -> None:
    given = context(
        line("a", price="5"),
        feed=Feed(product("a")),
        orders=OrdersView(count=3, total=Decimal("4499.5"), last=datetime(2026, 10, 1, 9, tzinfo=UTC)),
        card="VIP gold",
        birthday=date(2026, 12, 11),
    )
    assert judged(source, given) is value


def test_a_day_is_24_hours_also_across_a_change_of_the_clocks() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before, after = datetime(2026, 10, 24, 12, tzinfo=berlin), datetime(2026, 10, 25, 12, tzinfo=berlin)
    assert after - before == timedelta(days=1)  # Python subtracts the civil times of one zone
    given = context(orders=OrdersView(last=before), now=after)
    assert judged("now - orders.last == hours(25)", given) is True
    assert judged("orders.last + hours(25) == now", given) is True


def test_two_instants_of_the_repeated_hour_are_not_equal() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1))
    assert judged("orders.last < now", context(orders=OrdersView(last=first), now=second)) is True


def test_a_condition_over_several_lines_is_one_condition() -> None:
    assert judged("orders.count > 2\r\n  and orders.total > 100") is True


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("orders.count = 0", "=="), ("orders.count > 1 && cart.count > 1", "`and`"), ("!customer.card", "`not`"),
        ("orders.count > 1 AND cart.count > 1", "lower case"), ("orders.count > 1 OR cart.count > 1", "lower case"),
    ],
)  # fmt: skip
def test_habits_of_other_languages_get_a_hint(source: str, hint: str) -> None:
    with pytest.raises(ExpressionInvalid) as invalid:
        compile_expression(source)
    assert hint in (invalid.value.hint or "")


def test_a_condition_that_breaks_off_speaks_of_conditions() -> None:
    with pytest.raises(ExpressionInvalid) as invalid:
        compile_expression("cart.total > 5 or")
    assert "end of the condition" in invalid.value.message
