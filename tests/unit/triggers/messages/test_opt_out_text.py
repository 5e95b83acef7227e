"""How to opt out, at the end of the texts that ask for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.triggers.driving import MONDAY, Fixed, added, drive, rule, shopper, step
from tests.unit.triggers.shoppers import context
from triggers.messages.opt_out import in_language
from triggers.messages.refused import MessageRefused
from triggers.messages.template import Message, compile_template
from triggers.rules.model import Shop
from triggers.rules.read import read_rules, read_shop
from triggers.rules.versions import with_version

BOTH = (("en", "STOP to opt out"), ("ru", "СТОП - отписка"))


@pytest.mark.parametrize(
    ("language", "shops", "said"),
    [
        ("ru", "en", "СТОП - отписка"),
        ("ru-RU", "en", "СТОП - отписка"),
        ("RU", "en", "СТОП - отписка"),
        ("de", "ru", "СТОП - отписка"),
        (None, "en-GB", "STOP to opt out"),
        ("de", "fr", "STOP to opt out"),
    ],
)
def test_it_is_said_in_the_customers_language_else_in_the_shops_else_in_the_first(
    language: str | None, shops: str, said: str
) -> None:
    assert in_language(BOTH, language, shops) == said


def test_one_text_is_for_every_language() -> None:
    assert in_language((("", "STOP"),), "ru", "en") == "STOP"


def test_the_message_is_measured_with_it() -> None:
    text = compile_template("a" * 150)
    english = text.render(context(), ending="STOP to opt out")
    assert english == Message("a" * 150 + " STOP to opt out", "gsm-7", 166, 2)
    russian = text.render(context(), ending="СТОП - отписка")
    assert (russian.encoding, russian.units, russian.segments) == ("ucs-2", 165, 3)


def test_a_text_that_it_makes_too_long_is_refused() -> None:
    with pytest.raises(MessageRefused, match="too-long"):
        compile_template("a" * 1590).render(context(), ending="STOP to opt out")


def test_a_command_carries_it_where_the_step_asks_for_it() -> None:
    shop = Shop(opt_out_text=BOTH)
    russian, english = "hi СТОП - отписка", "hi STOP to opt out"
    for asks, language, text in [(True, "ru", russian), (True, None, english), (False, "ru", "hi")]:
        made = rule(steps=(step(sms=Fixed("hi"), opt_out=asks),))
        events = [*shopper(MONDAY, language=language), added(MONDAY)]
        (sms,) = drive(made, events=events, shop=shop).drain().sent
        assert sms.text == text
        assert sms.units == len(text)


RULE = "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\n"


def opt_outs(text: str) -> list[bool]:
    read = read_rules(RULE + text, "r.yaml", Shop(opt_out_text=BOTH))
    assert not read.errors
    return [step.opt_out for step in read.rules[0].rule.steps]


def test_a_step_asks_for_it_as_its_rule_does_unless_it_says_otherwise() -> None:
    steps = "steps: [{sms: hello}, {after: 1h, sms: hello, opt_out: false}, {after: 1h, sms: hello, opt_out: true}]\n"
    assert opt_outs(steps) == [False, False, True]
    assert opt_outs(steps + "opt_out: true\n") == [True, False, True]


def test_a_rule_that_asks_for_what_the_shop_does_not_have_is_a_mistake() -> None:
    text = RULE + "steps: [{sms: hello, opt_out: true}]\nopt_out: true\n"
    hint = 'write for example `opt_out_text: "STOP to opt out"` there'
    assert [str(error) for error in read_rules(text, "r.yaml", Shop()).errors] == [
        f"r.yaml:{place}: `opt_out: true`, and shop.yaml has no `opt_out_text`, {hint}" for place in ("3:31", "4:10")
    ]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("opt_out_text: STOP  to opt out", (("", "STOP to opt out"),)),
        ("opt_out_text: {ru: СТОП - отписка, en: STOP to opt out}", BOTH),
        ("", ()),
    ],
)
def test_the_shop_says_it_in_one_text_or_by_language(text: str, meant: tuple[tuple[str, str], ...]) -> None:
    read = read_shop(text, "shop.yaml", "main")
    assert not read.errors and read.shop.opt_out_text == meant


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("opt_out_text: {russian: СТОП}", "shop.yaml:1:25: `russian` is no language, write it like `ru` or `en-GB`"),
        ('opt_out_text: " "', "how to opt out is said in one line, write it like `STOP to opt out`"),
        ('opt_out_text: "STOP\\nto opt out"', "how to opt out is said in one line, write it like `STOP to opt out`"),
    ],
)
def test_what_can_be_no_end_of_a_text_is_a_mistake(text: str, mistake: str) -> None:
    (error,) = read_shop(text, "shop.yaml", "main").errors
    assert mistake in str(error)


def test_it_belongs_to_the_version_of_the_rules_that_ask_for_it_alone() -> None:
    silent, asking = rule(), rule(steps=(step(opt_out=True),))
    former, later = Shop(opt_out_text=BOTH), Shop(opt_out_text=BOTH[:1])
    assert with_version(silent, former).version == with_version(silent, later).version
    assert with_version(asking, former).version != with_version(asking, later).version
    assert with_version(replace(silent), Shop()).version == with_version(silent, former).version
