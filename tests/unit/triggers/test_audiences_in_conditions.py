"""Named audiences and segments in conditions and messages, and what a compiled source says it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.triggers.shoppers import context
from triggers.expressions import (
    Audience,
    ExpressionInvalid,
    Names,
    Part,
    compile_expression,
    compile_value,
    unexplained,
)
from triggers.messages.template import TemplateInvalid, compile_template


def audience(
    name: str, where: str, names: Names | None = None, extra: set[str] | None = None, **fields: str
) -> Audience:
    names = names or Names()
    values = {field: compile_value(source, names) for field, source in fields.items()}
    return Audience(name, compile_expression(where, names), values, frozenset(extra or ()))


def names(*audiences: Audience, **others: Any) -> Names:
    return Names(audiences={one.name: one for one in audiences}, **others)


LOYAL = audience("loyal", "orders.count >= 3")
VIP = audience("vip", 'audiences.loyal and customer.card == "VIP"', names(LOYAL))
KNOWN = names(LOYAL, VIP)


def test_an_audience_is_a_truth_that_others_and_conditions_build_on() -> None:
    condition = compile_expression("audiences.vip and cart.count == 0", KNOWN)
    assert condition.holds(context(card="VIP"))
    assert not condition.holds(context(card="gold"))
    assert condition.judge(context()).value is None
    assert condition.judge(context()).missing == ("customer.card",)


def test_the_parts_of_an_audience_follow_it_and_say_whose_they_are() -> None:
    truth = compile_expression("cart.count == 0 and audiences.vip", KNOWN).judge(context(card="gold"))
    assert truth.parts == (
        Part("cart.count == 0", True, "0"),
        Part("audiences.vip", False, ""),
        Part("vip: audiences.loyal", True, ""),
        Part("loyal: orders.count >= 3", True, "3"),
        Part('vip: customer.card == "VIP"', False, "gold"),
    )


def test_an_audience_that_is_named_twice_is_worked_out_once() -> None:
    truth = compile_expression("audiences.loyal or not audiences.loyal", KNOWN).judge(context())
    assert [part.source for part in truth.parts] == [
        "audiences.loyal", "loyal: orders.count >= 3", "audiences.loyal",
    ]  # fmt: skip


def test_forty_parts_are_kept_and_the_others_counted() -> None:
    many = audience("many", " and ".join(f"orders.count != {number}" for number in range(50, 100)))
    truth = compile_expression("orders.count == 3 and audiences.many and orders.count < 4", names(many)).judge(
        context()
    )
    assert (truth.value, len(truth.parts), truth.more) == (True, 40, 13)
    assert truth.parts[1] == Part("audiences.many", True, "")


def test_extra_recipients_are_in_whatever_the_filter_says() -> None:
    for where in ("customer.age > 30", "orders.count > 99", "orders.count == 3"):
        test = audience("test", where, extra={"42"})
        condition = compile_expression("audiences.test", names(test))
        assert condition.holds(context())
        assert condition.requires == ()
    assert not compile_expression("audiences.test", names(audience("test", "false", extra={"43"}))).holds(context())


def test_two_versions_of_an_audience_do_not_answer_for_each_other_in_a_shared_scope() -> None:
    rich, poor = audience("a", "orders.count > 1"), audience("a", "orders.count > 9")
    scope = unexplained(context())
    sources = ("audiences.a", "audiences.a == true", "not audiences.a == true")
    for source, expected in zip(sources, (True, True, False), strict=True):
        assert compile_expression(source, names(rich)).holds_in(scope) is expected
        assert compile_expression(source, names(poor)).holds_in(scope) is not expected


def test_the_extra_fields_of_the_rules_own_audience_are_at_a_templates_hand() -> None:
    tiers = audience("tiers", "true", level='"gold" if orders.total > 10000 else "silver"', left="10 - orders.count")
    own = names(tiers, own=tiers)
    text = compile_template("{{ audience.level | upper }}, {{ audience.left }} to go", own)
    assert text.render(context()).text == "SILVER, 7 to go"
    assert compile_expression('audience.level == "silver" and audience.left > 6', own).holds(context())
    assert compile_value("audience.left * 2", own).of(context()) == Decimal(14)


MISTAKES: Mapping[str, tuple[str, Names, int, str, str]] = {
    "an unknown audience": ("audiences.vpi", KNOWN, 1, "unknown audience `vpi`", "did you mean `audiences.vip`?"),
    "no audiences": ("1 > 2 or audiences.vip", Names(), 10, "unknown audience `vip`", "the folder `audiences`"),
    "an audience far from all": ("audiences.x", KNOWN, 1, "unknown audience `x`", "audiences are: loyal, vip"),
    "an audience without its group": ("vip", KNOWN, 1, "unknown name `vip`", "written `audiences.vip`"),
    "the group itself": ("audiences", KNOWN, 1, "`audiences` is a group of names", "like `audiences.vip`"),
    "a field of none": ("audience.level == 1", KNOWN, 1, "no named audience with a field `level`", "`audience: vip`"),
    "an unknown field": (
        "audience.levl == 'a'", names(own=audience("a", "true", level="'x'")), 1,
        "the audience `a` has no field `levl`", "did you mean `audience.level`?",
    ),
    "a field of an audience without any": (
        "audience.x == 1", names(own=LOYAL), 1, "the audience `loyal` has no field `x`", "it has no `fields`",
    ),
    "a name that has no place": (
        "orders.count > 1 and now > orders.last", Names(without={"now": "it stands still"}), 22,
        "`now` can't be used here", "",
    ),
    "an audience that asks for one": (
        "audiences.late", names(audience("late", "now > orders.last"), without={"now": "it stands still"}), 1,
        "`audiences.late` asks for `now`, it stands still", "",
    ),
    "no segment of the shop": (
        'customer.segment == "vpi"', Names(segments=("once", "vip")), 21, "the shop has no segment `vpi`",
        "did you mean `vip`?",
    ),
    "among others": (
        'customer.segment in ["once", "x"]', Names(segments=("once", "vip")), 30, "the shop has no segment `x`",
        "there are: once, vip",
    ),
    "a shop without segments": (
        'customer.segment == "vip"', Names(segments=()), 1, "the shop has no segments", "as `segments:`",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "known", "column", "message", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_a_wrong_name_is_refused_with_its_place_and_a_suggestion(
    source: str, known: Names, column: int, message: str, hint: str
) -> None:
    with pytest.raises(ExpressionInvalid) as refused:
        compile_expression(source, known)
    assert message in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.column == column
    with pytest.raises(TemplateInvalid) as written:
        compile_template(f"{{% if {source} %}}x{{% endif %}}", known)
    assert (written.value.line, written.value.column, written.value.message) == (1, column + 6, refused.value.message)


@pytest.mark.parametrize(
    ("source", "requires"),
    [
        ('customer.city == "Kazan"', {("customer.city", "Kazan")}),
        ('"Kazan" == customer.city and orders.count > 1', {("customer.city", "Kazan")}),
        (
            'customer.city == "Kazan" and (orders.count == 2 and customer.card == "VIP")',
            {("customer.city", "Kazan"), ("orders.count", Decimal(2)), ("customer.card", "VIP")},
        ),
        ('customer.city == "Kazan" or orders.count > 1', set()),
        ('not (customer.city == "Kazan")', set()),
        ('customer.city != "Kazan"', set()),
        ('customer.city | default("Kazan") == "Kazan"', set()),
        ('customer.city in ["Kazan"]', set()),
        ("audiences.vip and cart.count == 0", {("customer.card", "VIP"), ("cart.count", Decimal(0))}),
        ("audiences.vip or cart.count == 0", set()),
    ],
)
def test_what_a_condition_cannot_hold_without_is_known(source: str, requires: set[tuple[str, Any]]) -> None:
    assert set(compile_expression(source, KNOWN).requires) == requires


def test_the_names_that_a_source_reads_are_known_through_its_audiences() -> None:
    condition = compile_expression("audiences.vip and cart.lines[0].price > 5 and now > orders.last", KNOWN)
    assert condition.reads.names == {
        "orders.count", "customer.card", "cart.lines.price", "now", "orders.last",
    }  # fmt: skip
    assert condition.reads.roots == {"orders", "customer", "cart", "now"}
    assert set(condition.reads.audiences) == {"vip", "loyal"}
    assert compile_template("{% set x = cart.count %}{{ x }}").reads.names == {"cart.count"}


def test_conditions_are_equal_when_their_audiences_mean_the_same() -> None:
    same, other = audience("loyal", "orders.count >= 3"), audience("loyal", "orders.count >= 4")
    one = compile_expression("audiences.loyal", names(LOYAL))
    assert one == compile_expression("audiences.loyal", names(same))
    assert one != compile_expression("audiences.loyal", names(other))
    assert LOYAL == same != other
    texts = [compile_template("{% if audiences.loyal %}a{% endif %}", names(a)) for a in (LOYAL, same, other)]
    assert texts[0] == texts[1] != texts[2]


def test_a_value_is_a_text_a_number_or_a_date_and_none_where_something_is_missing() -> None:
    assert compile_value("orders.count + 1").of(context()) == 4
    assert compile_value('"a" ~ customer.city').of(context()) is None
    for source in ("cart.lines", "customer"):
        with pytest.raises(ExpressionInvalid, match="not a value"):
            compile_value(source)
