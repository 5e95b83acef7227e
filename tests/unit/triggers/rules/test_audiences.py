"""Named audiences and segments as they are written: read in order of dependence, refused with file, line and column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from textwrap import dedent

import pytest

from tests.unit.triggers.shoppers import context
from triggers.expressions import Audience, Expression
from triggers.rules.audiences import AudienceSource, read_audiences
from triggers.rules.model import Rule, Shop
from triggers.rules.read import ShopRead, read_rules, read_shop
from triggers.rules.schema import editor_schema

LOYAL = "audience: loyal\nwhere: orders.count >= 3\n"
VIP = 'audience: vip\nwhere: audiences.loyal and customer.card == "VIP"\n'
RULE = "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\n"


def sources(*files: str) -> list[AudienceSource]:
    found = []
    for number, text in enumerate(files, start=1):
        read, errors = read_audiences(dedent(text).lstrip("\n"), f"{number}.yaml")
        assert errors == []
        found += read
    return found


def shop(settings: str, *files: str) -> ShopRead:
    return read_shop(dedent(settings).lstrip("\n"), "shop.yaml", "main", sources(*files))


def audiences(*files: str) -> Mapping[str, Audience]:
    read = shop("", *files)
    assert read.errors == ()
    return read.audiences


def rule(text: str, known: Mapping[str, Audience] | None = None, of: Shop | None = None) -> Rule:
    read = read_rules(RULE + text, "r.yaml", of or Shop(), known)
    assert read.errors == ()
    return read.rules[0].rule


def mistakes(text: str, known: Mapping[str, Audience] | None = None, of: Shop | None = None) -> list[str]:
    return [str(error) for error in read_rules(RULE + text, "r.yaml", of or Shop(), known).errors]


def test_audiences_are_read_in_whatever_order_their_files_lie() -> None:
    for order in ((LOYAL, VIP), (VIP, LOYAL)):
        known = audiences(*order)
        assert set(known) == {"loyal", "vip"}
        assert rule("audience: audiences.vip", known).audience is not None
        condition = rule("audience: audiences.vip and cart.count == 0", known).audience
        assert isinstance(condition, Expression)
        assert condition.holds(context(card="VIP"))
        assert not condition.holds(context(card="gold"))


def test_an_audience_has_fields_and_extra_recipients() -> None:
    (read,) = sources(
        """
        audience: tiers
        description: Everybody, by what they bought for
        where: orders.count > 99
        fields:
          level: '"gold" if orders.total > 10000 else "silver"'
        extra: ["42", "43"]
        """
    )
    assert (read.written.extra, set(read.written.fields)) == (("42", "43"), {"level"})
    known = shop("", "audience: tiers\nwhere: orders.count > 99\nfields: {level: '\"x\"'}\nextra: ['42']").audiences
    found = rule("audience: tiers\n", known)
    assert found.audience is not None
    assert found.audience.holds(context())  # who is asked has the id 42
    text = RULE.replace("sms: hello", "sms: 'You are {{ audience.level }}'") + "audience: tiers\n"
    (read_rule,) = read_rules(text, "r.yaml", Shop(), known).rules
    template = read_rule.rule.steps[0].sms
    assert template is not None
    assert template.render(context()).text == "You are x"


def test_a_rule_for_an_audience_may_name_it_alone() -> None:
    known = audiences(LOYAL)
    alone, in_full = rule("audience: loyal", known), rule("audience: audiences.loyal", known)
    assert alone == in_full
    assert alone.audience is not None
    assert alone.audience.source == "audiences.loyal"


def test_a_version_takes_along_what_its_audiences_mean() -> None:
    text = "audience: vip"
    before = rule(text, audiences(LOYAL, VIP)).version
    assert before == rule(text, audiences(VIP, LOYAL + "description: who come again\n")).version
    assert before != rule(text, audiences(LOYAL.replace("3", "4"), VIP)).version
    assert before == rule(text, audiences(LOYAL, VIP, "audience: other\nwhere: 'true'\n")).version
    assert before != rule(text, audiences(LOYAL, VIP + "extra: ['7']\n")).version


def test_a_version_takes_along_the_segments_where_the_rule_asks_for_them() -> None:
    one, other = (shop(f"segments: {{few: orders.count < {count}}}").shop for count in (3, 4))
    assert rule("", of=one).version == rule("", of=other).version == rule("").version
    asks = "audience: customer.segment == 'few'"
    assert rule(asks, of=one).version != rule(asks, of=other).version


def test_segments_keep_the_order_in_which_they_are_written() -> None:
    read = shop('segments: {vip: \'customer.card == "VIP"\', once: orders.count == 1, all: "true"}')
    assert read.errors == ()
    assert [segment.name for segment in read.shop.segments] == ["vip", "once", "all"]


def test_segments_may_use_audiences() -> None:
    read = shop("segments: {best: audiences.vip, others: 'true'}", VIP, LOYAL)
    assert read.errors == ()
    assert read.shop.segments[0].where.holds(context(card="VIP"))


WRONG_AUDIENCES = {
    "no name": ("where: 'true'", ["a.yaml:1:1: `audience` is missing"]),
    "a name that no condition can have": (
        "audience: big-spenders\nwhere: 'true'",
        ["a.yaml:1:11: `big-spenders` is no name, use letters of a to z, digits and `_`, and begin with a letter: "
         "conditions name it"],
    ),
    "no condition": ("audience: a", ["a.yaml:1:1: `where` is missing"]),
    "a misspelt field": (
        "audience: a\nwhere: 'true'\nfeilds: {b: '1'}", ["a.yaml:3:1: unknown field `feilds`, did you mean `fields`?"],
    ),
    "a list": (
        "- audience: a",
        ["a.yaml:1:1: an audience is no list, write it without the leading `- `, and `---` between two audiences"],
    ),
    "an id that is a number": (
        "audience: a\nwhere: 'true'\nextra: [42]",
        ['a.yaml:3:9: `42` is a number, and a customer\'s id is a text, put quotes around it: `"42"`'],
    ),
    "nothing": ("", ["a.yaml:1:1: the file holds no audience, write one or delete the file"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG_AUDIENCES.values(), ids=WRONG_AUDIENCES)
def test_an_audience_that_is_written_wrong_is_refused_with_its_place(text: str, expected: list[str]) -> None:
    assert [str(error) for error in read_audiences(text, "a.yaml")[1]] == expected


WRONG_BETWEEN: Mapping[str, tuple[tuple[str, ...], str, list[str]]] = {
    "a circle of two": (
        (VIP, "audience: loyal\nwhere: cart.count > 1 and audiences.vip\n"), "",
        ["2.yaml:2:27: an audience is built on itself: `vip -> loyal -> vip`"],
    ),
    "a circle of one": (
        ("audience: a\nwhere: audiences.a\n",), "", ["1.yaml:2:8: an audience is built on itself: `a -> a`"],
    ),
    "a circle through a field": (
        (VIP, "audience: loyal\nwhere: orders.count > 1\nfields: {best: 'audiences.vip'}\n"), "",
        ["2.yaml:3:17: an audience is built on itself: `vip -> loyal -> vip`"],
    ),
    "two of one name": (
        (LOYAL, LOYAL), "", ["2.yaml:1:11: a second audience `loyal`, the first is at 1.yaml:1"],
    ),
    "an unknown audience": (
        (VIP,), "", ["1.yaml:2:8: unknown audience `loyal`, audiences are files in the folder `audiences`"],
    ),
    "an unknown name": (
        ("audience: a\nwhere: >-\n  orders.count > 1\n  and orders.cuont < 5\n",), "",
        ["1.yaml:4:7: unknown name `orders.cuont`, did you mean `orders.count`?"],
    ),
    "what is no condition": (
        ("audience: a\nwhere: orders.count\n",), "",
        ["1.yaml:2:8: `orders.count` is a number, not a condition, `orders.count is defined` asks whether it is there"],
    ),
    "a field that is no value": (
        ("audience: a\nwhere: 'true'\nfields: {b: cart.lines}\n",), "",
        ["1.yaml:3:13: `cart.lines` is a list, not a value, a text, a number or a date is one"],
    ),
    "a journey": (
        ("audience: a\nwhere: journey.clicked\n",), "",
        ["1.yaml:2:8: `journey` can't be used here: an audience is asked for without a touch"],
    ),
    "a segment that the clock moves": (
        (), "segments:\n  late: now - orders.last > days(30)\n",
        ["shop.yaml:2:9: `now` can't be used here: a segment changes by what the customer does alone"],
    ),
    "a segment by age": (
        (), "segments: {young: customer.age < 25}",
        ["shop.yaml:1:19: `customer.age` can't be used here: a segment changes by what the customer does alone"],
    ),
    "a segment of an audience that the clock moves": (
        ("audience: late\nwhere: now - orders.last > days(30)\n",), "segments: {late: audiences.late}",
        ["shop.yaml:1:18: `audiences.late` asks for `now`, a segment changes by what the customer does alone"],
    ),
    "a segment that asks for the segment": (
        ("audience: a\nwhere: customer.segment == 'b'\n",), "segments: {b: audiences.a}",
        ["shop.yaml:1:15: `audiences.a` asks for `customer.segment`, it is what is asked for"],
    ),
    "an audience of a segment that there is not": (
        ("audience: a\nwhere: customer.segment == 'c'\n",), "segments: {b: 'true'}",
        ["1.yaml:2:28: the shop has no segment `c`, there are: b"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "settings", "expected"), WRONG_BETWEEN.values(), ids=WRONG_BETWEEN)
def test_what_is_wrong_between_audiences_is_shown_once_and_where_it_is(
    files: tuple[str, ...], settings: str, expected: list[str]
) -> None:
    assert [str(error) for error in shop(settings, *files).errors] == expected


def test_audiences_are_built_on_one_another_ten_deep_at_most() -> None:
    def chain(length: int) -> list[str]:
        last = f"audience: a{length}\nwhere: 'true'\n"
        return [f"audience: a{number}\nwhere: audiences.a{number + 1}\n" for number in range(1, length)] + [last]

    assert shop("", *chain(10)).errors == ()
    (error,) = shop("", *chain(11)).errors
    assert (error.file, error.line, error.message) == (
        "10.yaml", 2, "audiences are built on one another 10 deep at most",
    )  # fmt: skip


def test_a_rule_is_not_wrong_for_naming_an_audience_with_a_mistake() -> None:
    broken = shop("", "audience: a\nwhere: cart.totl > 5\n")
    assert len(broken.errors) == 1
    assert mistakes("audience: a", broken.audiences) == []


def test_a_rule_that_names_what_is_not_there_is_told_where_and_what_may_be_meant() -> None:
    known = audiences(LOYAL, VIP)
    assert mistakes("audience: loyl", known) == [
        "r.yaml:4:11: unknown name `loyl`, did you mean `audiences.loyal`?",
    ]  # fmt: skip
    assert mistakes("audience: audiences.loyl", known) == [
        "r.yaml:4:11: unknown audience `loyl`, did you mean `audiences.loyal`?"
    ]
    assert mistakes("audience: customer.segment == 'vip'") == [
        "r.yaml:4:11: the shop has no segments, write them in shop.yaml, as `segments:`"
    ]
    text = RULE.replace("sms: hello", "sms: 'Hi {{ product.name }}'")
    assert [str(error) for error in read_rules(text, "r.yaml", Shop()).errors] == [
        "r.yaml:3:22: `product` means nothing in a rule of `cart_abandoned`, rules about products have one; "
        "`cart.lines[0]` is what was changed last in the cart"
    ]


def test_the_audiences_of_a_rule_can_be_written_again_from_what_they_mean() -> None:
    tiers = """
        audience: tiers
        description: is no part of it
        where: audiences.vip or customer.city == 'Казань "7"'
        fields: {level: '"gold" if orders.total > 10000 else "silver"', left: 10 - orders.count}
        extra: ["42", "7"]
    """
    known = audiences(LOYAL, VIP, dedent(tiers))
    condition = rule("audience: tiers", known).audience
    assert condition is not None
    assert set(condition.reads.audiences) == {"tiers", "vip", "loyal"}
    meanings = condition.reads.audiences.items()
    again = audiences(*(json.dumps({"audience": name, **json.loads(meaning)}) for name, meaning in meanings))
    assert again == dict(known)
    assert rule("audience: tiers", again).version == rule("audience: tiers", known).version


def test_an_editor_is_told_what_an_audience_may_hold() -> None:
    schema = editor_schema("audience")
    assert set(schema["properties"]) == {"audience", "description", "where", "fields", "extra"}
    assert schema["required"] == ["audience", "where"]
