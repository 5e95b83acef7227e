"""What the engine emits keeps its contracts."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import emitted
from schemas.contracts import CONTRACTS
from schemas.emitted import Command, Decision, VerdictRecord, decode_command, decode_decision, encode

EMITTED: list[Any] = [*get_args(Command), Decision]


def example_of(kind: type) -> dict[str, Any]:
    [example] = CONTRACTS[kind.__name__].model_json_schema()["examples"]
    return dict(example)


@pytest.mark.parametrize("kind", EMITTED, ids=lambda kind: str(kind.__name__))
def test_the_contracts_example_is_what_the_struct_writes(kind: Any) -> None:
    example = example_of(kind)
    assert json.loads(encode(msgspec.convert(example, kind))) == example
    assert encode(msgspec.convert(example, kind)).startswith(b'{"type":')


@pytest.mark.parametrize("kind", EMITTED, ids=lambda kind: str(kind.__name__))
def test_struct_and_contract_have_the_same_fields_required_alike(kind: Any) -> None:
    contract = CONTRACTS[kind.__name__]
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    assert set(fields) == set(contract.model_fields) - {"type"}
    for name, field in fields.items():
        # what the contract requires, the struct always writes: required itself, or a default that is not left out
        if contract.model_fields[name].is_required():
            assert field.required or not kind.__struct_config__.omit_defaults, name


@pytest.mark.parametrize("kind", EMITTED, ids=lambda kind: str(kind.__name__))
def test_a_record_with_nothing_optional_keeps_its_contract(kind: Any) -> None:
    example = example_of(kind)
    required = {field.name for field in msgspec.structs.fields(kind) if field.required}
    record = msgspec.convert({name: part for name, part in example.items() if name in {*required, "type"}}, kind)
    CONTRACTS[kind.__name__].model_validate_json(encode(record))


def test_commands_and_decisions_come_back_as_they_went() -> None:
    for kind in get_args(Command):
        command = msgspec.convert(example_of(kind), kind)
        assert decode_command(encode(command)) == command
    decision = msgspec.convert(example_of(Decision), Decision)
    assert decode_decision(encode(decision)) == decision


@settings(deadline=None)
@given(
    outcome=st.sampled_from(["emitted", "delayed", "refused", "skipped", "held_out"]),
    verdict=st.sampled_from(["pass", "delay", "refuse", "not_asked"]),
    numbers=st.dictionaries(st.from_regex(r"[a-z.]{1,20}", fullmatch=True), st.text(max_size=20), max_size=4),
    until=st.none() | st.just("2026-11-22T06:00:00Z"),
)
def test_any_decision_keeps_its_contract(
    outcome: str, verdict: str, numbers: dict[str, str], until: str | None
) -> None:
    record = VerdictRecord(gate="quiet-hours", verdict=verdict, reason="night", until=until, numbers=numbers)
    decision = msgspec.structs.replace(
        msgspec.convert(example_of(Decision), Decision), outcome=outcome, verdicts=[record], inputs=numbers
    )
    read: Any = CONTRACTS["Decision"].model_validate_json(encode(decision))
    assert (read.outcome, read.inputs) == (outcome, numbers)
    assert (read.verdicts[0].verdict, read.verdicts[0].until, read.verdicts[0].numbers) == (verdict, until, numbers)


def test_a_decision_has_no_place_for_a_phone_or_a_text() -> None:
    assert not {"phone", "text"} & {field.name for field in msgspec.structs.fields(emitted.Decision)}
