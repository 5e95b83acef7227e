"""`sunset` and `receipts` of shop.yaml: what they mean, what is wrong with them and where, and what editors say."""

from __future__ import annotations

import io

import jsonschema
import pytest
from ruamel.yaml import YAML

from tests.unit.triggers.driving import DAY
from triggers.rules.clean import Receipts, Sunset
from triggers.rules.model import Shop
from triggers.rules.read import read_rules, read_shop
from triggers.rules.schema import editor_schema


def test_sunset_is_off_and_receipts_suppress_where_the_shop_says_nothing() -> None:
    for shop in (Shop(), read_shop("name: Tea", "shop.yaml", "main").shop):
        assert shop.sunset is None
        assert shop.receipts == Receipts(True, frozenset(), frozenset())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{after: 10 touches, then: 1 per 30d, stop_after: 20 touches}", Sunset(10, 1, 30 * DAY, 20)),
        ("{after: 1 touch, then: 2 per 2w}", Sunset(1, 2, 14 * DAY)),
        ("{after: 3, then: 1 per 12h, stop_after: 4}", Sunset(3, 1, DAY // 2, 4)),
    ],
)
def test_a_sunset_is_read_as_it_is_written(written: str, meant: Sunset) -> None:
    read = read_shop(f"sunset: {written}", "shop.yaml", "main")
    assert (read.errors, read.shop.sunset) == ((), meant)


def test_error_codes_are_the_same_written_as_numbers_or_as_texts() -> None:
    read = read_shop("receipts: {permanent_codes: [1, '9', EC_x], temporary_codes: [27]}", "shop.yaml", "main")
    assert read.shop.receipts == Receipts(True, frozenset({"1", "9", "EC_x"}), frozenset({"27"}))
    assert read_shop("receipts: {suppress: false}", "shop.yaml", "main").shop.receipts == Receipts(False)


WRONG = {
    "sunset: {after: 40 touches, then: 1 per 30d}": ":1:17: 40 touches can't be counted, a customer's last 30 are",
    "sunset: {after: ten, then: 1 per 30d}": ":1:17: `ten` is no number of touches, write it like `10 touches`",
    "sunset: {after: true, then: 1 per 30d}": ":1:17: `true` is no number of touches",
    "sunset: {after: 10, then: 1 per day}": ":1:27: `1 per day` is no pace, write it like `1 per 30d`",
    "sunset: {after: 10, then: 0 per 30d}": ":1:27: a pace of 0 touches can't be kept",
    "sunset: {after: 10, then: 1 per 30d, stop_after: 10}": "`stop_after` (10) is not more than `after` (10)",
    "sunset: {then: 1 per 30d}": "`sunset` needs `after`",
    "sunset: {after: 10}": "`sunset` needs `then`",
    "receipts: false": "write `receipts: {suppress: false}`",
    "receipts: {permanent_codes: [1.5]}": ":1:30: `1.5` is no error code",
    "receipts: {permanent_codes: [1], temporary_codes: ['1']}": "the code `1` is permanent and temporary at once",
    "receipts: {permanent: [1]}": "permanent",
}


@pytest.mark.parametrize(("written", "said"), WRONG.items())
def test_what_is_wrong_is_said_with_its_place_and_what_to_do(written: str, said: str) -> None:
    (error,) = read_shop(written, "shop.yaml", "main").errors
    assert said in str(error)


@pytest.mark.parametrize(
    "written",
    [
        "sunset: {after: 10 touches, then: 1 per 30d, stop_after: 20 touches}", "sunset: {after: 3, then: 2 per 1d12h}",
        "sunset: {after: 99, then: 1 per 30d}", "sunset: {after: 3, then: 1 per day}", "sunset: {after: ten}",
        "receipts: {permanent_codes: [1, spam]}", "receipts: false", "receipts: {codes: [1]}",
    ],
)
def test_editor_and_reader_agree(written: str) -> None:
    value = YAML(typ="safe", pure=True).load(io.StringIO(written))
    accepted = jsonschema.Draft202012Validator(editor_schema("shop")).is_valid(value)
    assert accepted == (not read_shop(written, "shop.yaml", "main").errors)


def test_a_rules_version_hangs_on_the_sunset_and_not_on_what_receipts_do() -> None:
    text = "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]"
    plain, codes, sunset = (
        read_rules(text, "r.yaml", read_shop(shop, "shop.yaml", "main").shop).rules[0].rule.version
        for shop in ("name: a", "receipts: {permanent_codes: [1]}", "sunset: {after: 10, then: 1 per 30d}")
    )
    assert plain == codes != sunset
