"""Settings of texts that no text goes by are warned of, where they stand."""

from __future__ import annotations

import pytest

from triggers.rules.model import Shop
from triggers.rules.read import read_rules

CALL = "steps:\n  - call: {note: Ring them}\n"
BOTH = CALL + "  - {after: 1h, sms: Hello}\n"


def warned(text: str) -> list[str]:
    read = read_rules(f"rule: a\ntrigger: {{cart_abandoned: {{idle: 60m}}}}\n{text}", "r.yaml", Shop(
        opt_out_text=(("", "STOP"),)
    ))  # fmt: skip
    assert read.errors == () and len(read.rules) == 1
    return [str(warning) for warning in read.warnings]


@pytest.mark.parametrize(
    "setting", ["writing: {transliterate: mosmetro}", "writing: {smart_encoding: true}", "opt_out: true"]
)
def test_a_step_that_only_calls_writes_nothing_that_could_be_written_so(setting: str) -> None:
    name = setting.split(":")[0]
    (warning,) = warned(CALL + f"    {setting}\n")
    assert warning == (
        f"r.yaml:5:5: `{name}` changes nothing: step 1 has no `sms`, and what the caller reads is sent to no phone, "
        "leave it out"
    )


def test_a_step_that_only_grants_a_bonus_writes_nothing_either() -> None:
    text = "steps:\n  - incentive: {bonus: 100, valid: 7d}\n    writing: {max_segments: 1}\n"
    (warning,) = warned(text)
    assert warning == "r.yaml:5:5: `writing` changes nothing: step 1 has no `sms`, leave it out"
    (warning,) = warned(text.replace("writing: {max_segments: 1}", "missing_product: refuse"))
    assert warning == "r.yaml:5:5: `missing_product` changes nothing: step 1 has no text, leave it out"
    assert warned(CALL + "    missing_product: refuse\n") == []


@pytest.mark.parametrize(
    "setting", ["writing: {max_segments: 1}", "links: {a: b}", "budget: {segments: 1}", "opt_out: true"]
)
def test_a_rule_none_of_whose_steps_writes_has_nothing_to_say_of_texts(setting: str) -> None:
    name = setting.split(":")[0]
    (warning,) = warned(f"{setting}\n{CALL}")
    assert warning == f"r.yaml:3:1: `{name}` changes nothing: no step of this rule has an `sms`, leave it out"
    assert warned(f"{setting}\n{BOTH}") == []


def test_what_is_said_of_a_step_with_a_text_is_no_waste() -> None:
    assert warned("steps: [{sms: Hello, call: {note: Ring}, writing: {max_segments: 1}, opt_out: true}]") == []
    variants = "variants: [{name: a, sms: Hello}, {name: b, sms: Hi}]"
    assert warned(f"steps: [{{{variants}, writing: {{max_segments: 1}}, opt_out: true}}]") == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("writing: {sacrifice: [shorten_names]}\nsteps: [{sms: Hello}]", "3:11"),
        ("steps: [{sms: Hello, writing: {sacrifice: []}}]", "3:32"),
    ],
)
def test_a_sacrifice_without_a_bound_is_none(text: str, place: str) -> None:
    (warning,) = warned(text)
    assert warning.startswith(f"r.yaml:{place}: `sacrifice` changes nothing without `max_segments`, say into how many")


@pytest.mark.parametrize(
    "text",
    [
        "writing: {sacrifice: [], max_segments: 1}\nsteps: [{sms: Hello}]",
        "writing: {sacrifice: []}\nsteps: [{sms: Hello}, {after: 1h, sms: Hi, writing: {max_segments: 1}}]",
        "writing: {max_segments: 1}\nsteps: [{sms: Hello, writing: {sacrifice: []}}]",
    ],
)
def test_a_bound_from_elsewhere_is_one(text: str) -> None:
    assert warned(text) == []
