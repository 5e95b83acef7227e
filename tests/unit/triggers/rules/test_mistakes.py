"""Wrong rules are refused with the place, what is wrong, and a suggestion; all mistakes of a file at once."""

from __future__ import annotations

from textwrap import dedent

import pytest

from triggers.rules.model import Shop
from triggers.rules.read import read_rules, read_shop
from triggers.rules.values import listed
from triggers.rules.written import KINDS

SHOP = Shop(cart_url="https://tea.example/cart")


def mistakes(text: str | bytes) -> list[str]:
    data = dedent(text).lstrip("\n") if isinstance(text, str) else text
    return [str(error) for error in read_rules(data, "r.yaml", SHOP).errors]


def settings_mistakes(text: str) -> list[str]:
    return [str(error) for error in read_shop(dedent(text).lstrip("\n"), "shop.yaml", "main").errors]


ONE_MISTAKE = {
    "a misspelt field": (
        """
        rule: a
        trigger:
          cart_abandoned: {idel: 60m}
        steps: [{sms: hello}]
        """,
        "r.yaml:3:20: unknown field `idel`, did you mean `idle`?",
    ),
    "a field of another place": (
        """
        rule: a
        idle: 60m
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:1: unknown field `idle`, it belongs to `trigger.cart_abandoned`",
    ),
    "an unknown trigger": (
        """
        rule: a
        trigger: {cart_abandonned: {idle: 60m}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:11: unknown trigger `cart_abandonned`, did you mean `cart_abandoned`?",
    ),
    "a trigger without its fields": (
        """
        rule: a
        trigger: cart_abandoned
        steps: [{sms: hello}]
        """,
        "r.yaml:2:10: `trigger` should be fields of its own, not `cart_abandoned`, "
        "write for example `trigger: {cart_abandoned: {idle: 60m}}`",
    ),
    "no trigger": (
        """
        rule: a
        trigger: {}
        steps: [{sms: hello}]
        """,
        f"r.yaml:2:10: a rule has one trigger, here is none, choose one of {listed(KINDS)}",
    ),
    "a choice that is none": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m, reenter: per-cart}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:48: `reenter` cannot be `per-cart`, did you mean `per_cart`?",
    ),
    "a duration without a unit": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:34: the duration `60` has no unit, write `60m`, `60h` or `60d`",
    ),
    "a duration that is none": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: an hour}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:34: `an hour` is no duration, write it like `90s`, `60m`, `1h30m`, `3d` or `2w`",
    ),
    "a duration of nothing": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 0m}}
        steps: [{sms: hello}]
        """,
        "r.yaml:2:34: the duration must be longer than nothing",
    ),
    "a name with blanks": (
        """
        rule: my rule
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        """,
        "r.yaml:1:7: `my rule` is no name, use letters of a to z, digits, `-` and `_`, 64 at most",
    ),
    "a name that is a number": (
        """
        rule: 2024
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        """,
        "r.yaml:1:7: `rule` should be a text, not `2024`, put it in quotes",
    ),
    "a value that is left empty": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
        """,
        "r.yaml:3:1: `steps` is empty, give it a value or leave it out",
    ),
    "no steps": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: []
        """,
        "r.yaml:3:8: `steps` needs at least one entry",
    ),
    "a step without a text": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: hello
          - after: 23h
        """,
        "r.yaml:5:5: step 2 needs `sms`",
    ),
    "a later step without its delay": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: hello
          - sms: hello again
        """,
        "r.yaml:5:5: step 2 needs `after`, say how long after the step before it, like `after: 23h`",
    ),
    "two steps of one id": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - {id: "2", sms: hello}
          - {after: 1h, sms: hello again}
        """,
        "r.yaml:5:5: a second step `2`, give it an id of its own",
    ),
    "steps that are no list": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          sms: hello
        """,
        "r.yaml:4:3: `steps` should be a list, not fields, begin each line with `- `",
    ),
    "a text that YAML takes for fields": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: {{ shop.cart_url }}
        """,
        'r.yaml:4:10: a text that begins with `{{` needs quotes, put "…" around the whole text',
    ),
    "a text that begins with a template and goes on": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: {{ customer.first_name }}, come back
        """,
        'r.yaml:4:10: a text that begins with `{{` needs quotes, put "…" around the whole text',
    ),
    "an unknown name in a text": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps:
          - sms: "Dear {{ customer.firstname }}"
        """,
        "r.yaml:4:19: unknown name `customer.firstname`, did you mean `customer.first_name`?",
    ),
    "an unknown name in a condition": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        audience: cart.totl > 5
        steps: [{sms: hello}]
        """,
        "r.yaml:3:11: unknown name `cart.totl`, did you mean `cart.total`?",
    ),
    "a discount without its sign": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello, incentive: {discount: 5}}]
        """,
        "r.yaml:3:44: `5` is no share, write `5%`",
    ),
    "a bonus for ever": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello, incentive: {bonus: 100}}]
        """,
        "r.yaml:3:33: bonus points need `valid`, write for example `valid: 7d`",
    ),
    "two incentives in one": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello, incentive: {bonus: 100, discount: 5%, valid: 7d}}]
        """,
        "r.yaml:3:33: an incentive is one thing, here is `discount` and `bonus`, "
        "choose one of `discount`, `bonus`, `balance`, `coupon`, `gift`, `offer`",
    ),
    "an unknown exit": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        exit_on: [ordered]
        """,
        "r.yaml:4:11: entry 1 of `exit_on` cannot be `ordered`, did you mean `order_placed`?",
    ),
    "an exit that always is one": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        exit_on: [order_placed, consent_withdrawn]
        """,
        "r.yaml:4:25: `consent_withdrawn` ends every journey anyway, leave it out",
    ),
    "a priority beyond its bounds": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        priority: 101
        steps: [{sms: hello}]
        """,
        "r.yaml:3:11: `priority` must be at most 100",
    ),
    "a field that stands twice": (
        """
        rule: a
        trigger: {cart_abandoned: {idle: 60m}}
        steps: [{sms: hello}]
        priority: 10
        priority: 20
        """,
        "r.yaml:5:1: `priority` stands twice, it is already in line 4",
    ),
    "a tab": ("rule: a\nsteps:\n\t- sms: hello\n", "r.yaml:3:1: a tab where YAML wants spaces, indent with spaces"),
    "a second colon in a line": (
        "rule: a\ntrigger: {cart_abandoned: {idle: 1h}}\nsteps:\n  - sms: hello: you\n",
        'r.yaml:4:15: a second `: ` in a line, put "…" around a text that has `: ` in it',
    ),
    "a bracket left open": (
        "rule: a\nexit_on: [order_placed\nsteps: []\n",
        'r.yaml:2:10: the `[` that is opened here is not closed, put "…" around it if it is text',
    ),
    "a quote left open": ('rule: a\ndescription: "b\n', "r.yaml:2:14: a quote that is opened here is never closed"),
    "a percent sign at the beginning": (
        "rule: a\ndescription: %b\ntrigger: {cart_abandoned: {idle: 1h}}\nsteps: [{sms: hello}]\n",
        'r.yaml:2:14: a text cannot begin with `%`, put "…" around the whole text',
    ),
    "an alias to nothing": ("rule: *a\n", "r.yaml:1:7: there is no anchor for the alias `a`"),
    "a tag of another language": (
        "rule: !python/object a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\n",
        "r.yaml:1:7: the tag `!python/object` has no meaning here, leave it out",
    ),
    "another YAML": ("%YAML 1.1\n---\nrule: a\n", "r.yaml:1:1: rules are YAML 1.2, leave the `%YAML` line out"),
    "a list instead of a rule": (
        "- rule: a\n",
        "r.yaml:1:1: a rule is no list, write it without the leading `- `, and `---` between two rules",
    ),
    "a text instead of a rule": (
        "hello\n",
        "r.yaml:1:1: a rule should be fields of its own, not `hello`, known here: ",
    ),
    "an empty file": ("", "r.yaml:1:1: the file holds no rule, write one or delete the file"),
    "a file of comments": ("# later\n---\n", "r.yaml:1:1: the file holds no rule, write one or delete the file"),
    "bytes that are not UTF-8": (
        "rule: a\ndescription: чай".encode("cp1251"),
        "r.yaml:2:14: the file is not UTF-8, save it as UTF-8",
    ),
    "a control character": (
        "rule: a\ndescription: b\x07c\n",
        "r.yaml:2:15: a control character that YAML does not allow, delete it",
    ),
}


@pytest.mark.parametrize(("text", "expected"), ONE_MISTAKE.values(), ids=ONE_MISTAKE)
def test_a_mistake_is_shown_with_its_place_and_a_suggestion(text: str | bytes, expected: str) -> None:
    found = mistakes(text)
    assert len(found) == 1, found
    assert found[0].startswith(expected), found[0]


def test_all_mistakes_of_a_file_are_shown_at_once_in_order_of_place() -> None:
    found = mistakes(
        """
        rule: a b
        trigger: {cart_abandoned: {idle: 60}}
        audience: cart.totl > 5
        steps:
          - sms: "{{ nobody }}"
          - after: soon
            sms: "{{ cart.total | mony }}"
        ---
        rule: second
        trigger: {cart_abandoned: {idle: 1h}}
        step: [{sms: hello}]
        """
    )
    places = [line.split(": ")[0] for line in found]
    assert places == [
        "r.yaml:1:7",
        "r.yaml:2:34",
        "r.yaml:3:11",
        "r.yaml:5:14",
        "r.yaml:6:12",
        "r.yaml:7:27",
        "r.yaml:11:1",
    ], found


def test_a_value_that_is_no_yaml_hides_no_other_mistake() -> None:
    found = mistakes(
        """
        rule: a
        trigger: {cart_abandoned: {idel: 60m}}
        steps:
          - sms: {{ customer.first_name }}, hello
          - after: soon
            sms: only today: 5% off
          - after: 1h
            sms: %off
        priority: 1000
        """
    )
    places = ["r.yaml:2:28", "r.yaml:4:10", "r.yaml:5:12", "r.yaml:6:20", "r.yaml:8:10", "r.yaml:9:11"]
    assert [line.split(": ")[0] for line in found] == places, found


def test_a_mistake_of_yaml_hides_no_mistake_of_the_documents_before_it() -> None:
    found = mistakes("rule: a b\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\n---\nrule: [a\n")
    assert [line.split(": ")[0] for line in found] == ["r.yaml:1:7", "r.yaml:5:7"]


def test_a_rule_without_mistakes_is_read_though_its_neighbour_has_some() -> None:
    read = read_rules(
        "rule: good\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\n---\nrule: bad\n", "r.yaml", SHOP
    )
    assert [found.rule.name for found in read.rules] == ["good"]
    assert read.errors


def test_what_ends_no_journey_of_a_kind_cannot_be_named_and_hides_behind_no_other_mistake() -> None:
    text = """
        rule: a
        trigger: {registered: {within: 7}}
        steps: [{sms: hello}]
        exit_on: [order_placed, cart_emptied]
        """
    assert mistakes(text) == [
        "r.yaml:2:32: the duration `7` has no unit, write `7m`, `7h` or `7d`",
        "r.yaml:4:25: entry 2 of `exit_on` cannot be `cart_emptied`, which ends no journey of `registered`, "
        "write `order_placed`",
    ]


def test_an_alias_that_contains_itself_is_refused() -> None:
    assert mistakes("rule: a\nsteps: &again [*again]\n") == ["r.yaml:2:8: an alias that contains itself"]


def test_aliases_cannot_multiply_without_bound() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    found = mistakes("\n".join(lines))
    assert len(found) == 1
    assert "more than 10000 values, counting what aliases repeat" in found[0]


def test_nesting_without_bound_is_refused() -> None:
    assert "nested too deeply" in mistakes("rule: " + "[" * 100 + "]" * 100)[0]
    assert "nested too deeply" in mistakes("rule: " + "[" * 20_000 + "]" * 20_000)[0]


def test_a_file_without_bound_is_refused() -> None:
    assert mistakes("# " + "x" * 300_000) == ["r.yaml: the file is larger than 256 KB"]


SHOP_MISTAKES = {
    "an unknown zone": (
        "time_zone: Europe/Moskow",
        "shop.yaml:1:12: `Europe/Moskow` is no time zone, did you mean `Europe/Moscow`?",
    ),
    "a time that is none": (
        "quiet_hours: {from: 25:00, to: 10:00}",
        'shop.yaml:1:21: `25:00` is no time of day, write it like "21:00"',
    ),
    "quiet hours of nothing": (
        "quiet_hours: {from: 10:00, to: 10:00}",
        "shop.yaml:1:14: quiet hours that begin and end at the same time, leave them out if no hour is quiet",
    ),
    "quiet hours without hours": (
        "quiet_hours: {outside: drop}",
        'shop.yaml:1:14: `quiet_hours` names no hours, write for example `{from: "21:00", to: "10:00"}`',
    ),
    "quiet hours without a begin": ('quiet_hours: {to: "10:00"}', "shop.yaml:1:14: `quiet_hours` needs `from`"),
    "a weekday in full": (
        "quiet_hours: {weekdays: {sunday: all-day}}",
        "shop.yaml:1:26: unknown field `sunday`, did you mean `sun`?",
    ),
    "no weekday": (
        "quiet_hours: {weekdays: {}}",
        "shop.yaml:1:25: no weekday is named, name some of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`",
    ),
    "a weekday in another word": (
        "quiet_hours: {weekdays: {sun: closed}}",
        'shop.yaml:1:31: `closed` are no quiet hours, write `all-day`, `none` or `{from: "20:00", to: "11:00"}`',
    ),
    "a weekday of nothing": (
        'quiet_hours: {weekdays: {sun: {from: "10:00", to: "10:00"}}}',
        "shop.yaml:1:31: quiet hours that begin and end at the same time, write `none` if no hour is quiet",
    ),
    "holidays of nowhere": (
        "quiet_hours: {holidays: {country: RUS}}",
        "shop.yaml:1:35: no calendar of public holidays is known for `RUS`, write a country's two letters",
    ),
    "holidays of no part of the country": (
        "quiet_hours: {holidays: {country: FR, subdivision: Alsace}}",
        "shop.yaml:1:52: `Alsace` is no part of `FR` with holidays of its own",
    ),
    "a preset that is none": (
        "quiet_hours: {preset: us-tpca}",
        "shop.yaml:1:23: `us-tpca` is no preset of quiet hours, did you mean `us-tcpa`?",
    ),
    "touches that expire at no time": (
        'quiet_hours: {from: "21:00", to: "10:00", outside: expire}',
        "shop.yaml:1:52: `outside` cannot be `expire`, write `delay`, `drop` or `expire after 6h`",
    ),
    "quiet hours that never end": (
        "quiet_hours: {weekdays: {mon: all-day, tue: all-day, wed: all-day, thu: all-day, fri: all-day, sat: all-day, "
        "sun: all-day}}",
        "shop.yaml:1:14: these quiet hours leave no minute open, leave some hours open every 14 days",
    ),
    "quiet hours that end too seldom": (
        "quiet_hours: {weekdays: {mon: all-day, tue: all-day, wed: all-day, thu: all-day, fri: all-day, sun: all-day}, "
        "holidays: {country: FR}}",
        "shop.yaml:1:14: these quiet hours leave no minute open for 20 days before 2021-05-15, leave some hours open",
    ),
    "quiet hours without an end": ("quiet_hours: {from: 21:00}", "shop.yaml:1:14: `quiet_hours` needs `to`"),
    "a cap that is none": (
        "caps: [3 a week]",
        "shop.yaml:1:8: `3 a week` is no cap, write it like `3 per 7d`",
    ),
    "a cap that a row cannot remember": (
        "caps: [3 per 7d, {limit: 31, per: 90d}]",
        "shop.yaml:1:18: a cap of 31 touches needs more than the 30 that are remembered of a customer, "
        "lower the limit to 30, in a shorter time",
    ),
    "a cap of nothing": ("caps: [0 per 7d]", "shop.yaml:1:8: `limit` must be at least 1"),
    "a long sender": (
        "sender: THE-TEA-HOUSE",
        "shop.yaml:1:9: `THE-TEA-HOUSE` is no sender name, 11 Latin letters and digits at most, or a number",
    ),
    "a currency in words": ("currency: roubles", "shop.yaml:1:11: `roubles` is no currency, write its three letters"),
    "an unknown language": ("language: russian", "shop.yaml:1:11: `russian` is no language, write it like `ru`"),
    "an unknown country": ("default_region: RUS", "shop.yaml:1:17: `RUS` is no country, write its two letters"),
    "an address without its scheme": (
        "cart_url: tea.example/cart",
        "shop.yaml:1:11: `tea.example/cart` is no web address, write it with `https://`",
    ),
    "a misspelt setting": ("cap: [3 per 7d]", "shop.yaml:1:1: unknown field `cap`, did you mean `caps`?"),
    "two documents": ("name: a\n---\nname: b", "shop.yaml:3:1: a shop has one document of settings"),
}


@pytest.mark.parametrize(("text", "expected"), SHOP_MISTAKES.values(), ids=SHOP_MISTAKES)
def test_a_wrong_setting_is_shown_with_its_place_and_a_suggestion(text: str, expected: str) -> None:
    found = settings_mistakes(text)
    assert len(found) == 1, found
    assert found[0].startswith(expected), found[0]


def test_the_same_mistake_is_found_in_any_way_of_writing_a_text() -> None:
    head = "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps:\n"
    written = {
        "  - sms: 'it''s {{ nobody }}'\n": "4:20",
        '  - sms: "\\"tea\\" \\u0041 {{ nobody }}"\n': "4:29",
        "  - sms: tea {{ nobody }}\n": "4:17",
        "  - sms: tea\n      and {{ nobody }}\n": "5:14",
        "  - sms: >\n      tea\n      and {{ nobody }}\n": "6:14",
        "  - sms: |-\n      tea\n\n      and {{ nobody }}\n": "7:14",
        "  - sms: &text !!str 'tea {{ nobody }}'\n": "4:30",
    }
    for text, place in written.items():
        found = mistakes(head + text)
        assert [line.split(": ")[0] for line in found] == [f"r.yaml:{place}"], (text, found)
