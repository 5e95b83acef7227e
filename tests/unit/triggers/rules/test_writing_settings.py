"""How texts are written, as a shop, a rule and a step say it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.triggers.driving import MONDAY, added, drive, shopper
from tests.unit.triggers.rules.settled import CART, mistakes, rule, shop
from triggers.messages.transliteration import SCHEMES
from triggers.messages.writing import AS_IT_IS, Writing
from triggers.rules.model import Shop
from triggers.rules.read import read_rules, read_shop

TWO = "steps: [{sms: Привет}, {after: 1h, sms: Пока, writing: {transliterate: none, max_segments: 2}}]\n"


def test_what_a_shop_says_holds_for_its_rules() -> None:
    given = shop(
        "writing: {transliterate: mosmetro, smart_encoding: true, max_segments: 1, sacrifice: [shorten_names]}"
    )
    meant = Writing("mosmetro", True, 1, ("shorten_names",))
    assert given.writing == meant
    assert rule("steps: [{sms: Привет}]", given).steps[0].writing == meant


def test_a_rule_and_then_a_step_say_otherwise_and_leave_the_rest_as_it_is() -> None:
    given = shop("writing: {transliterate: mosmetro, smart_encoding: true}")
    made = rule(TWO + "writing: {transliterate: wikipedia, sacrifice: []}", given)
    assert made.steps[0].writing == Writing("wikipedia", True, None, ())
    assert made.steps[1].writing == Writing(None, True, 2, ())


def test_what_nobody_says_is_as_it_is() -> None:
    assert shop("").writing is shop("writing: {transliterate: none}").writing is AS_IT_IS
    assert rule("steps: [{sms: Привет}]").steps[0].writing is AS_IT_IS
    assert AS_IT_IS.sacrifice == ("drop_optional", "shorten_names")


def test_a_step_without_a_text_has_nothing_to_write() -> None:
    given = shop("writing: {smart_encoding: true}")
    assert rule("steps: [{call: {note: hello}}]", given).steps[0].writing is AS_IT_IS


def test_an_unknown_scheme_is_told_all_that_there_are() -> None:
    (wrong,) = mistakes("steps: [{sms: hello}]\nwriting: {transliterate: mosmetr}")
    assert wrong.startswith("r.yaml:4:26: `mosmetr` is no transliteration, did you mean `mosmetro`? Or choose one of ")
    assert all(f"`{name}`" in wrong for name in [*SCHEMES, "none"])
    (wrong,) = mistakes("steps: [{sms: hello, writing: {transliterate: latin}}]")
    assert "`latin` is no transliteration, choose one of `ala_lc`, " in wrong


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("{smart_encoding: yes}", "r.yaml:4:27: `smart_encoding` should be `true` or `false`, not `yes`"),
        ("{smart: true}", "r.yaml:4:11: unknown field `smart`"),
        ("{max_segments: 0}", "r.yaml:4:25: `max_segments` must be at least 1"),
        ("{max_segments: one}", "r.yaml:4:25: `max_segments` should be a whole number, not `one`"),
        ("{sacrifice: [drop]}", "r.yaml:4:23: entry 1 of `sacrifice` cannot be `drop`, choose one of `drop_"),
        ("{sacrifice: [shorten_names, shorten_names]}", "r.yaml:4:22: `shorten_names` stands twice, once is enough"),
        ("true", "r.yaml:4:10: `writing` should be fields of its own, not `true`, known here: `transliterate`, "),
    ],
)
def test_a_mistake_is_shown_where_it_stands(written: str, wrong: str) -> None:
    (found,) = mistakes(f"steps: [{{sms: hello}}]\nwriting: {written}")
    assert found.startswith(wrong)


def test_a_scheme_that_saves_nothing_is_warned_of_where_it_stands() -> None:
    read = read_shop("writing: {transliterate: gost_779, smart_encoding: true}", "shop.yaml", "main")
    (warning,) = read.warnings
    assert str(warning).startswith("shop.yaml:1:26: `gost_779` writes ё, ж, ч, ш, щ, э, ю, я in characters that ")
    assert "choose another, like `mosmetro`" in str(warning)
    text = "steps: [{sms: Привет, writing: {transliterate: gost_779_alt}}, {after: 1h, sms: Пока}]\n"
    warnings = read_rules(CART + text, "r.yaml", read.shop).warnings
    assert warnings == ()  # the shop has smart encoding
    (warning,) = read_rules(CART + text, "r.yaml", Shop()).warnings
    assert str(warning).startswith("r.yaml:3:48: `gost_779_alt` writes ")
    assert "add `smart_encoding: true`" in str(warning)
    assert read_rules(CART + text.replace("gost_779_alt", "mosmetro"), "r.yaml", Shop()).warnings == ()


def test_it_is_part_of_a_rules_version_where_it_changes_its_texts() -> None:
    plain, latin = Shop(), shop("writing: {transliterate: mosmetro}")
    text = "steps: [{sms: Привет}]\n"
    assert rule(text, plain).version != rule(text, latin).version
    assert rule(text, latin).version == rule(text + "writing: {transliterate: mosmetro}\n", plain).version
    own = text + "writing: {transliterate: none, smart_encoding: false, max_segments: 3, sacrifice: []}\n"
    assert rule(own, plain).version == rule(own, latin).version
    call = "steps: [{call: {note: Привет}}]\n"
    assert rule(call, plain).version == rule(call, latin).version


def test_a_text_goes_out_as_it_is_to_be_written() -> None:
    text = 'steps: [{sms: "«Ваш чайник» - 5 ₽: {{ shop.url }}", opt_out: true}]\n'
    given = shop(
        "writing: {transliterate: mosmetro, smart_encoding: true}\nurl: https://tea.example/чай\n"
        "opt_out_text: СТОП - отписка"
    )
    (sms,) = drive(rule(text, given), events=[*shopper(MONDAY), added(MONDAY)], shop=given).drain().sent
    assert sms.text == "«Vash chaynik» - 5 ₽: https://tea.example/чай STOP - otpiska"
    given = replace(given, url="https://tea.example", opt_out_text=(("", "СТОП"),))
    (sms,) = drive(rule(text, given), events=[*shopper(MONDAY), added(MONDAY)], shop=given).drain().sent
    assert (sms.text, sms.encoding) == ('"Vash chaynik" - 5 RUB: https://tea.example STOP', "gsm-7")


def test_a_decision_says_what_cheaper_letters_saved() -> None:
    given = shop("writing: {transliterate: mosmetro}")
    events = [*shopper(MONDAY), added(MONDAY)]
    saved = drive(rule(f"steps: [{{sms: {'о' * 71}}}]\n", given), events=events, shop=given).drain()
    assert saved.decisions[0].inputs["written.saved"] == "1"
    nothing = drive(rule(f"steps: [{{sms: {'о' * 70}}}]\n", given), events=events, shop=given).drain()
    assert "written.saved" not in nothing.decisions[0].inputs
