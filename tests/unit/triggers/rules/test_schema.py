"""The editor's schema agrees with what is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from triggers.rules.model import Shop
from triggers.rules.read import read_rules, read_shop
from triggers.rules.schema import editor_schema

EXAMPLE = Path(__file__).parents[4] / "examples" / "tea-house"


def loaded(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_sample_shop_passes_its_schemas() -> None:
    jsonschema.validate(loaded((EXAMPLE / "shop.yaml").read_text()), editor_schema("shop"))
    for path in (EXAMPLE / "rules").glob("*.yaml"):
        jsonschema.validate(loaded(path.read_text()), editor_schema("rule"))


@pytest.mark.parametrize("kind", ["rule", "shop"])
def test_a_schema_is_a_valid_one_and_describes_every_field(kind: Any) -> None:
    schema = editor_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, field in schema["properties"].items():
        assert field.get("description"), name
        assert "title" not in field


RULES = {
    "shortest": "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]",
    "unknown field": "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\nidle: 60m",
    "no steps": "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: []",
    "no unit": "rule: a\ntrigger: {cart_abandoned: {idle: 60}}\nsteps: [{sms: hello}]",
    "wrong unit": "rule: a\ntrigger: {cart_abandoned: {idle: 60x}}\nsteps: [{sms: hello}]",
    "no trigger": "rule: a\ntrigger: {}\nsteps: [{sms: hello}]",
    "two incentives": "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\n"
    "steps: [{sms: hello, incentive: {coupon: A, gift: b}}]",
    "one incentive": "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello, incentive: {coupon: A}}]",
    "how texts are written": "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nwriting: {transliterate: mosmetro}\n"
    "steps: [{sms: hello, writing: {smart_encoding: true}}]",
    "how texts can't be written": "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\n"
    "steps: [{sms: hello, writing: {smart_encoding: 1}}]",
    "a bad name": "rule: a b\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]",
    "an unknown exit": "rule: a\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\nexit_on: [paid]",
}


@pytest.mark.parametrize("text", RULES.values(), ids=RULES)
def test_editor_and_reader_agree_on_a_rule(text: str) -> None:
    accepted = jsonschema.Draft202012Validator(editor_schema("rule")).is_valid(loaded(text))
    assert accepted == (not read_rules(text, "r.yaml", Shop()).errors)


SHOPS = {
    "both forms of a cap": "caps: [3 per 7d, {limit: 1, per: 12h}]",
    "no cap": "caps: [often]",
    "quiet hours": "quiet_hours: {from: '21:00', to: '10:00'}",
    "quiet hours of weekdays": "quiet_hours: {weekdays: {sat: {from: '20:00', to: '11:00'}, sun: all-day, mon: none}}",
    "quiet hours of no weekday": "quiet_hours: {weekdays: {}}",
    "quiet hours of a strange word": "quiet_hours: {weekdays: {sun: closed}}",
    "quiet hours of holidays": "quiet_hours: {holidays: {country: DE, subdivision: BY}, outside: expire after 1h30m}",
    "quiet hours of nobody's holidays": "quiet_hours: {holidays: {hours: all-day}}",
    "quiet hours of the law": "quiet_hours: {preset: us-tcpa, outside: drop}",
    "quiet hours of no law": "quiet_hours: {preset: us}",
    "quiet hours without hours": "quiet_hours: {outside: delay}",
    "quiet hours that expire at no time": "quiet_hours: {preset: us-tcpa, outside: expire}",
    "quiet hours that expire at once": "quiet_hours: {preset: us-tcpa, outside: expire after 0h}",
    "how to opt out": "opt_out_text: STOP to opt out",
    "how to opt out by language": "opt_out_text: {en: STOP to opt out, ru: СТОП}",
    "how to opt out of nothing": "opt_out_text: [STOP]",
    "how texts are written": "writing: {transliterate: gost_52535, smart_encoding: true, max_segments: 2}",
    "what texts give up": "writing: {transliterate: none, sacrifice: [shorten_names, drop_optional]}",
    "what texts don't have": "writing: {sacrifice: [links]}",
    "a transliteration that is none": "writing: {transliterate: latin}",
    "what texts give up twice": "writing: {sacrifice: [drop_optional, drop_optional]}",
    "texts of no segment": "writing: {max_segments: 0}",
    "half of quiet hours": "quiet_hours: {from: '21:00'}",
    "no time of day": "quiet_hours: {from: '25:00', to: '10:00'}",
}


@pytest.mark.parametrize("text", SHOPS.values(), ids=SHOPS)
def test_editor_and_reader_agree_on_settings(text: str) -> None:
    accepted = jsonschema.Draft202012Validator(editor_schema("shop")).is_valid(loaded(text))
    assert accepted == (not read_shop(text, "shop.yaml", "main").errors)
