"""What a template may be, and what comes of it for a customer."""

from __future__ import annotations

import pytest

from tests.unit.triggers.shoppers import Feed, context, line, product
from triggers.context import Context
from triggers.messages.template import Message, MessageRefused, TemplateInvalid, compile_template

GOODS = Feed(product("a"), product("b"), product("c", price=None), product("out", available=False))


def rendered(source: str, given: Context | None = None) -> str:
    return compile_template(source).render(given or context()).text


def refused(source: str, given: Context | None = None) -> tuple[str, str]:
    with pytest.raises(MessageRefused) as error:
        compile_template(source).render(given or context())
    return error.value.reason, error.value.detail


def cart_of(*ids: str) -> Context:
    return context(
        *(line(name, at=-place, price="100") for place, name in enumerate(ids)), feed=GOODS, first_name="Anna"
    )


def test_a_message_is_filled_and_measured_and_names_the_products_it_showed() -> None:
    template = compile_template(
        "{{ customer.first_name }}, {{ cart.lines[0].name }} is still yours: {{ cart.lines[0].url }}"
    )
    assert template.render(cart_of("a", "b")) == Message(
        "Anna, Kettle a is still yours: https://shop.example/a", "gsm-7", 53, 1, ("a",)
    )


def test_only_products_whose_names_were_read_count_as_shown_in_the_order_of_reading() -> None:
    template = compile_template("{{ cart.lines[1].name }} and {{ cart.lines[0].name }} of {{ cart.lines | length }}")
    assert template.render(cart_of("a", "b", "c")).products == ("b", "a")
    assert compile_template("{{ cart.count }} goods").render(cart_of("a", "b")).products == ()


@pytest.mark.parametrize(
    ("source", "line_", "column", "message", "hint"),
    [
        ("{{ cart.totl }}", 1, 4, "unknown name `cart.totl`", "did you mean `cart.total`?"),
        ("Hi\n  {{ customer.frst_name }}", 2, 6, "unknown name `customer.frst_name`", "`customer.first_name`"),
        ("{%- if true -%}\n\n {{ nme }}{% endif %}", 3, 5, "unknown name `nme`", ""),
        ("{% for x in cart.lines[:2] %}{{ x.nam }}{% endfor %}", 1, 33, "unknown name `x.nam`", "`x.name`"),
        ("{{ cart.lines[0].name | shortn(9) }}", 1, 25, "unknown filter `shortn`", "`shorten`"),
        ("{{ cart.lines }}", 1, 4, "can't be written into a text", "{% for line in cart.lines[:2] %}"),
        ("{{ cart }}", 1, 4, "can't be written into a text", "one of its names"),
        ("{{ now }}", 1, 4, "can't be written into a text", "`date`"),
        ("{{ cart.total > 5 }}", 1, 4, "can't be written into a text", "{% if %}"),
        ("{{ customer.first_name | money }}", 1, 4, "`money` needs a number", ""),
        ("{{ cart.total | date }}", 1, 4, "`date` needs a date", ""),
        ("{{ cart.total | shorten(9) }}", 1, 4, "`shorten` needs text", ""),
        ("{{ customer.first_name | shorten(1) }}", 1, 34, "a whole number from 5 to 500", ""),
        ("{{ cart.count | plural('a') }}", 1, 17, "the wrong number of arguments", "plural("),
        ("{{ cart.total | money('XXQ') }}", 1, 23, "unknown currency `XXQ`", ""),
        ("{{ incentive.valid_until | date('%d') }}", 1, 33, "is no pattern for a date", "dd.MM.yyyy"),
        ("{{ incentive.valid_until | date('HH:mm') }}", 1, 33, "a date without a time", ""),
        ("{% include 'x' %}", 1, 4, "`include` can't be used in a message", "if, for, set"),
        ("{% extends 'x' %}", 1, 4, "`extends` can't be used in a message", ""),
        ("{% import 'x' as y %}", 1, 4, "`import` can't be used in a message", ""),
        ("{% from 'x' import y %}", 1, 4, "`from` can't be used in a message", ""),
        ("{% macro x() %}{% endmacro %}", 1, 4, "`macro` can't be used in a message", ""),
        ("{% block x %}{% endblock %}", 1, 4, "`block` can't be used in a message", ""),
        ("{% filter upper %}x{% endfilter %}", 1, 4, "`filter` can't be used in a message", ""),
        ("{% for x in cart.lines recursive %}x{% endfor %}", 1, 4, "can't be recursive", ""),
        ("{% for x in 'abc' %}x{% endfor %}", 1, 13, "a loop runs over a list", ""),
        ("{% for x in range(9) %}x{% endfor %}", 1, 13, "unknown function `range`", ""),
        ("{% for a, b in cart.lines %}x{% endfor %}", 1, 8, "a loop has one name", ""),
        ("{% set cart = 3 %}", 1, 8, "the name `cart` is taken", ""),
        ("{% if cart.total > 5 %}{% set z = 1 %}{% endif %}{{ z }}", 1, 53, "unknown name `z`", ""),
        ("{% set a = 'x' %}{% for x in cart.lines %}{% set a = a ~ a %}{% endfor %}", 1, 50, "a loop can't change", ""),
        ("{{ customer.__class__.__mro__ }}", 1, 4, "unknown name `customer.__class__`", ""),
        ("{{ ''.__class__ }}", 1, 4, "has no `__class__`", ""),
        ("{{ customer | attr('x') }}", 1, 15, "unknown filter `attr`", ""),
        ("{{ 'a' * 99999999 }}", 1, 4, "`*` does not go with text", ""),
        ("{{ 2 ** 99 }}", 1, 4, "`**` can't be used here", ""),
        ("{{ cart.total", 1, 1, "`{{` is never closed", ""),
        ("{% if cart.total > 1 %}x", 1, 4, "`{% if %}` is never closed", ""),
        ("{{ cart.lines[0:9:2] }}", 1, 4, "a slice with a step", ""),
        ("a\x00b", 1, 2, "the control character U+0000", ""),
        ("a\x7fb", 1, 2, "the control character U+007F", ""),
        ("a\u2028b", 1, 2, "the control character U+2028", ""),
    ],
)
def test_a_wrong_template_is_refused_with_its_place_and_a_suggestion(
    source: str, line_: int, column: int, message: str, hint: str
) -> None:
    with pytest.raises(TemplateInvalid) as error:
        compile_template(source)
    assert message in error.value.message
    assert hint in error.value.hint
    assert (error.value.line, error.value.column) == (line_, column)


@pytest.mark.parametrize(
    "source",
    [
        "{% if true %}" * 30 + "{% endif %}" * 30,
        "{% if true %}" * 600,
        "{% for a in cart.lines %}{% for b in cart.lines %}{% for c in cart.lines %}x" + "{% endfor %}" * 3,
        "{{ " + "(" * 30 + "1" + ")" * 30 + " }}",
        "{{ 1" + " + 1" * 200 + " }}",
        "x" * 8_001,
    ],
)
def test_a_template_beyond_its_bounds_is_refused(source: str) -> None:
    with pytest.raises(TemplateInvalid, match=r"nested too deeply|longer than"):
        compile_template(source)


def test_a_missing_value_refuses_the_message_by_its_name() -> None:
    assert refused("Hi {{ customer.first_name }}") == ("missing-value", "customer.first_name")
    assert refused("Hi {{ customer.first_name | upper }}") == ("missing-value", "customer.first_name")
    assert refused("{{ cart.lines[0].price | money }}", cart_of("c")) == ("missing-value", "cart.lines[0].price")


def test_a_blank_value_is_a_missing_one() -> None:
    assert refused("Hi {{ customer.first_name }}", context(first_name=" \n")) == (
        "missing-value",
        "customer.first_name",
    )


def test_default_stands_in_for_a_missing_value() -> None:
    assert rendered('{{ customer.first_name | default("Dear friend") }}, hello') == "Dear friend, hello"
    assert rendered('{{ customer.first_name | default("x") }}', context(first_name="Anna")) == "Anna"


def test_a_message_about_goods_without_any_to_show_is_refused() -> None:
    assert refused("{{ cart.lines[0].name }}") == ("no-product-to-show", "cart.lines[0]")
    assert refused("{{ cart.lines[1].name }}", cart_of("a", "out")) == ("no-product-to-show", "cart.lines[1]")
    assert refused("Yours: {% for x in cart.lines[:2] %}{{ x.name }}{% endfor %}") == (
        "no-product-to-show",
        "cart.lines[:2]",
    )


def test_a_loop_with_an_else_says_what_to_write_when_there_is_nothing_to_show() -> None:
    assert rendered("{% for x in cart.lines %}{{ x.name }}{% else %}Come back{% endfor %}") == "Come back"


def test_the_next_presentable_product_takes_the_place_of_one_that_is_not() -> None:
    assert rendered("{{ cart.lines[0].name }}", cart_of("out", "gone", "b")) == "Kettle b"


def test_a_rule_that_refuses_missing_products_refuses_by_the_products_id() -> None:
    given = context(line("out", at=2), line("a", at=1), feed=GOODS, missing_product="refuse")
    assert refused("{{ cart.lines[0].name }}", given) == ("product-out-of-stock", "out")
    assert rendered("{{ cart.count }} goods", given) == "2 goods"


def test_loops_know_their_place() -> None:
    source = (
        "{% for x in cart.lines[:2] %}{{ loop.index }}/{{ loop.length }} {{ x.name }}"
        "{% if not loop.last %}; {% endif %}{% endfor %}"
    )
    assert rendered(source, cart_of("a", "b", "c")) == "1/2 Kettle a; 2/2 Kettle b"


def test_loops_can_choose_and_nest() -> None:
    source = (
        "{% for x in cart.lines if x.price > 5 %}{{ loop.index }}"
        "{% for y in cart.lines[:2] %}.{% endfor %}{{ loop.index }} {% endfor %}"
    )
    assert rendered(source, cart_of("a", "b", "c")) == "1..1 2..2"


def test_unknown_counts_as_false_in_an_if() -> None:
    source = "{% if customer.age > 18 %}a{% elif not (customer.age > 18) %}b{% else %}c{% endif %}"
    assert rendered(source) == "c"


def test_a_name_alone_in_an_if_asks_whether_it_is_there() -> None:
    source = "{% if not customer.first_name %}Hello{% else %}Hello, {{ customer.first_name }}{% endif %}"
    assert rendered(source) == "Hello"
    assert rendered(source, context(first_name="Anna")) == "Hello, Anna"
    assert rendered("{% if cart.lines %}a{% else %}b{% endif %}") == "b"


def test_a_name_set_in_every_branch_can_be_used_after_it() -> None:
    source = "{% if cart.total > 5 %}{% set z = 'much' %}{% else %}{% set z = 'little' %}{% endif %}{{ z }}"
    assert rendered(source) == "little"
    assert rendered(source, cart_of("a")) == "much"


def test_lines_are_trimmed_blanks_run_together_and_empty_lines_go() -> None:
    assert rendered("\n\n  Hello, \t dear\u00a0 friend \r\n \n\n bye  \n") == "Hello, dear friend\nbye"


def test_whole_numbers_have_no_fraction_and_others_two_digits() -> None:
    assert rendered("{{ 100.00 }} {{ 10 / 4 }} {{ 2 / 3 }} {{ 1 ~ '-' ~ 2.50 }}") == "100 2.50 0.67 1-2.50"


def test_nothing_but_blanks_is_refused() -> None:
    assert refused("{% if false %}x{% endif %} \n ")[0] == "empty-text"


def test_a_text_cannot_grow_beyond_its_bound() -> None:
    assert refused("x" * 1601)[0] == "too-long"
    assert refused("{% set a = 'x' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}")[0] == "too-long"
    assert refused("{% for x in cart.lines %}" + "y" * 900 + "{% endfor %}", cart_of("a", "b"))[0] == "too-long"


def test_a_products_name_brings_in_no_line_breaks_control_characters_or_template() -> None:
    feed = Feed(product("a", name="{{ cart.total }}\r\n\x07evil\u202e\u2028{% if %} ket\ufefftle"))
    assert rendered("Buy {{ cart.lines[0].name }}!", context(line("a"), feed=feed)) == (
        "Buy {{ cart.total }} evil {% if %} kettle!"
    )


def test_templates_are_equal_when_their_sources_are() -> None:
    assert compile_template("a{{ cart.count }}") == compile_template("a{{ cart.count }}")
    assert compile_template("a") != compile_template("b")
