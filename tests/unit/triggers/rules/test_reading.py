"""What is written becomes what is meant."""

from __future__ import annotations

from decimal import Decimal
from importlib import resources
from textwrap import dedent

import pytest

from schemas.instants import DAY, HOUR, MINUTE, SECOND
from triggers.calendars.hours import Holidays, QuietHours, QuietSpan, QuietWeek
from triggers.calendars.presets import PRESETS
from triggers.kinds.cart_abandoned import CartAbandoned
from triggers.rules.model import Cap, Incentive, Rule, Shop
from triggers.rules.quantities import duration, percent, show_duration, time_of_day
from triggers.rules.read import read_rules, read_shop

SHORTEST = "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\n"


def rule(text: str, shop: Shop | None = None) -> Rule:
    read = read_rules(dedent(text), "r.yaml", shop or Shop())
    assert not read.errors, read.errors
    assert len(read.rules) == 1
    return read.rules[0].rule


def warnings(text: str, shop: Shop | None = None) -> list[str]:
    read = read_rules(dedent(text).lstrip("\n"), "r.yaml", shop or Shop())
    assert not read.errors, read.errors
    return [str(warning) for warning in read.warnings]


def test_the_rule_of_semantics_is_read_as_it_is_meant() -> None:
    read = rule(
        """
        rule: abandoned-cart
        description: Remind of the goods left in the cart
        trigger:
          cart_abandoned: {idle: 60m, reenter: per_cart}
        audience: cart.total >= 500 and customer.card | default("") != "staff"
        once_per: 3d
        priority: 70
        steps:
          - sms: "{{ customer.first_name }}, {{ cart.lines[0].name }} is still yours: {{ cart.lines[0].url }}"
          - after: 23h
            incentive: {discount: 5%, valid: 48h}
            sms: "-5 % on your cart until {{ incentive.valid_until | date }}: {{ shop.cart_url }}"
        exit_on: [order_placed, cart_emptied]
        """,
        Shop(id="tea", cart_url="https://tea.example/cart"),
    )
    assert (read.shop_id, read.name, read.priority, read.once_per) == ("tea", "abandoned-cart", 70, 3 * DAY)
    assert read.trigger == CartAbandoned(idle=HOUR, reenter="per_cart", on_order="cart")
    assert read.audience is not None and read.audience.source.startswith("cart.total >= 500")
    assert [(step.id, step.after) for step in read.steps] == [("1", 0), ("2", 23 * HOUR)]
    assert read.steps[1].incentive == Incentive("discount", amount=Decimal(5), valid=48 * HOUR)
    assert read.exit_on == {"order_placed", "cart_emptied"}


def test_what_is_left_out_has_its_default() -> None:
    read = rule(SHORTEST)
    assert (read.once_per, read.cooldown, read.audience, read.description) == (None, None, None, "")
    assert (read.priority, read.purpose, read.stale_after) == (50, "marketing", 24 * HOUR)
    assert read.exit_on == {"order_placed", "cart_emptied"}
    assert (read.steps[0].when, read.steps[0].incentive, read.steps[0].missing_product) == (None, None, "next")


def test_a_file_may_hold_several_rules() -> None:
    text = SHORTEST + "---\n# a comment alone is no rule\n---\n" + SHORTEST.replace("rule: a", "rule: b")
    read = read_rules(text, "r.yaml", Shop())
    assert [found.rule.name for found in read.rules] == ["a", "b"]
    assert [found.name_place.line for found in read.rules] == [1, 7]


def test_a_file_saved_by_windows_reads_the_same() -> None:
    windows = b"\xef\xbb\xbf" + SHORTEST.replace("\n", "\r\n").encode()
    assert read_rules(windows, "r.yaml", Shop()).rules[0].rule == rule(SHORTEST)


def test_anchors_repeat_what_they_name() -> None:
    read = rule(
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: &text hello
          - {after: 1h, sms: *text}
        """
    )
    assert [step.sms.source for step in read.steps if step.sms] == ["hello", "hello"]


def test_an_anchor_may_be_used_again() -> None:
    read = rule("rule: &x a\ntrigger: {cart_abandoned: {idle: &x 60m}}\nsteps: [{sms: hello, id: *x}]\n")
    assert (read.name, read.steps[0].id) == ("a", "60m")


def test_words_that_older_yaml_took_for_something_else_are_texts() -> None:
    read = rule("rule: no\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{id: on, sms: yes}]\n")
    assert (read.name, read.steps[0].id, read.steps[0].sms and read.steps[0].sms.source) == ("no", "on", "yes")


def test_no_exits_are_an_exit_list_of_its_own() -> None:
    assert rule(SHORTEST + "exit_on: []\n").exit_on == frozenset()
    assert rule(SHORTEST + "exit_on: [order_placed]\n").exit_on == {"order_placed"}


@pytest.mark.parametrize(
    ("written", "meant"),
    {
        "{discount: 7.5%}": Incentive("discount", amount=Decimal("7.5")),
        "{bonus: 100, valid: 7d}": Incentive("bonus", amount=Decimal(100), valid=7 * DAY),
        "{coupon: TEA-2026, valid: 2w}": Incentive("coupon", code="TEA-2026", valid=14 * DAY),
        "{gift: a cup}": Incentive("gift", code="a cup"),
    }.items(),
)
def test_each_kind_of_incentive_is_read(written: str, meant: Incentive) -> None:
    assert rule(SHORTEST.replace("{sms: hello}", f"{{sms: hello, incentive: {written}}}")).steps[0].incentive == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90s", 90 * SECOND),
        ("60m", HOUR),
        ("1h30m", 90 * MINUTE),
        ("3d", 3 * DAY),
        ("2w", 14 * DAY),
        ("1w2d3h4m5s", 9 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND),
        ("0m", 0),
        ("", None),
        ("h", None),
        ("1.5h", None),
        ("-1h", None),
        ("30m1h", None),
        ("1h 30m", None),
        ("1M", None),
        ("١h", None),
    ],
)
def test_durations_are_read_with_their_units_and_nothing_else_is(written: str, meant: int | None) -> None:
    assert duration(written) == meant


def test_shares_and_times_of_day_are_read() -> None:
    assert (percent("5%"), percent("7.5 %"), percent("5"), percent("%")) == (Decimal(5), Decimal("7.5"), None, None)
    assert (time_of_day("21:00"), time_of_day("9:05"), time_of_day("00:00")) == (1260, 545, 0)
    assert (time_of_day("24:00"), time_of_day("21"), time_of_day("21:60")) == (None, None, None)


def test_a_duration_is_shown_as_it_would_be_written() -> None:
    assert [show_duration(n) for n in (0, 90 * SECOND, HOUR, 90 * MINUTE, 14 * DAY)] == [
        "0m",
        "1m30s",
        "1h",
        "1h30m",
        "14d",
    ]


def test_settings_are_read_in_both_forms_of_a_cap() -> None:
    read = read_shop(
        dedent(
            """
            name: Tea House
            sender: TEAHOUSE
            currency: RUR
            time_zone: Europe/Moscow
            language: ru
            default_region: RU
            url: https://tea.example/
            cart_url: https://tea.example/cart
            quiet_hours: {from: 21:00, to: "10:00"}
            caps: [{limit: 3, per: 7d}, 1 per 12h]
            """
        ),
        "shop.yaml",
        "tea",
    )
    assert not read.errors
    assert read.shop == Shop(
        id="tea",
        name="Tea House",
        sender="TEAHOUSE",
        currency="RUB",
        time_zone="Europe/Moscow",
        language="ru",
        default_region="RU",
        url="https://tea.example/",
        cart_url="https://tea.example/cart",
        quiet_hours=QuietHours(1260, 600),
        caps=(Cap(1, 12 * HOUR), Cap(3, 7 * DAY)),
    )


def test_without_settings_every_optional_gate_is_off() -> None:
    read = read_shop("", "shop.yaml", "main")
    assert read.shop == Shop() and not read.errors
    assert read.shop.caps == () and read.shop.quiet_hours is None


def test_a_zone_of_the_pinned_tzdata_is_known_whatever_the_machine_has() -> None:
    zones = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    for zone in ("Asia/Kathmandu", "Pacific/Kiritimati", zones[-1]):
        assert read_shop(f"time_zone: {zone}", "shop.yaml", "main").shop.time_zone == zone


def test_a_rule_shorter_than_its_own_steps_is_warned_of() -> None:
    text = SHORTEST.replace("[{sms: hello}]", "[{sms: hello}, {after: 2d, sms: again}]")
    assert warnings(text + "once_per: 1d\n") == [
        "r.yaml:4:11: `once_per` (1d) is shorter than the rule's own steps (2d), give it at least as long"
    ]
    assert warnings(text + "once_per: 2d\n") == []


def test_a_rule_that_goes_on_after_an_order_is_warned_of() -> None:
    assert warnings(SHORTEST + "exit_on: [cart_emptied]\n") == [
        "r.yaml:4:10: an order does not end this rule, add `order_placed` so that nobody is written to after buying"
    ]


def test_a_text_that_names_what_is_not_there_is_warned_of() -> None:
    text = SHORTEST.replace("hello", '"{{ incentive.discount }}% {{ shop.cart_url }}"')
    assert warnings(text) == [
        "r.yaml:3:15: the text names `shop.cart_url`, which shop.yaml does not give, it would not be sent",
        "r.yaml:3:15: the text of step 1 names an incentive and has none, it would not be sent",
    ]
    given = text.replace("}]", ", incentive: {discount: 5%}}]")
    assert warnings(given, Shop(cart_url="https://tea.example/cart")) == []


def quiet(text: str) -> QuietHours:
    read = read_shop(f"quiet_hours: {text}", "shop.yaml", "main")
    assert not read.errors and read.shop.quiet_hours is not None, read.errors
    return read.shop.quiet_hours


NIGHT = QuietSpan(21 * 60, 10 * 60)
ALL_DAY = QuietSpan(0, 24 * 60)


def test_quiet_hours_of_weekdays_and_holidays_are_a_week_of_the_shops_own() -> None:
    read = quiet(
        "{from: 21:00, to: 10:00, weekdays: {sat: {from: 20:00, to: 11:00}, sun: all-day, wed: none}, "
        "holidays: {country: DE, subdivision: BY}, outside: expire after 6h}"
    )
    week = QuietWeek(
        ((NIGHT,), (NIGHT,), (), (NIGHT,), (NIGHT,), (QuietSpan(20 * 60, 11 * 60),), (ALL_DAY, NIGHT)),
        Holidays("DE", "BY"),
        (ALL_DAY, NIGHT),
    )
    assert read == QuietHours(0, 0, (week,), "expire", 6 * HOUR)


def test_a_preset_is_added_to_the_shops_own_hours_with_what_it_says_today() -> None:
    assert quiet("{preset: us-tcpa}") == QuietHours(0, 0, (PRESETS["us-tcpa"].week,))
    both = quiet("{from: 21:00, to: 10:00, preset: fr-af2m, outside: drop}")
    assert both == QuietHours(21 * 60, 10 * 60, (PRESETS["fr-af2m"].week,), "drop")


def test_hours_that_no_instant_of_a_countrys_zones_has_in_common_are_warned_of() -> None:
    text = "default_region: RU\nquiet_hours: {{from: '{}', to: '10:00'}}\n"
    (warning,) = read_shop(text.format("20:00"), "shop.yaml", "main").warnings
    assert str(warning).startswith("shop.yaml:2:14: these quiet hours leave no hour that is open in all ")
    assert read_shop(text.format("21:00"), "shop.yaml", "main").warnings == ()
    assert read_shop(text.format("20:00").replace("RU", "DE"), "shop.yaml", "main").warnings == ()
    # an American phone tells more than its country
    assert read_shop(text.format("20:00").replace("RU", "US"), "shop.yaml", "main").warnings == ()
