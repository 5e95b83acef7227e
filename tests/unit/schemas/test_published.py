"""The published JSON Schemas and the AsyncAPI document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from schemas.contracts import CONTRACTS
from schemas.published import asyncapi, documents, json_schema
from schemas.topics import TOPICS
from schemas.wire import Malformed, decode_one
from streams.commands import build_root

FOLDER = Path(__file__).parents[3] / "docs" / "contracts"
NAMES = sorted(CONTRACTS)


def nodes(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for part in node for found in nodes(part)]
    if isinstance(node, dict):
        return [node, *(found for part in node.values() for found in nodes(part))]
    return []


def test_the_committed_documents_are_what_the_contracts_say() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert committed == documents(), "stale: run `rewake contracts`"


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_a_schema_and_its_examples_keep_it(name: str) -> None:
    schema = json_schema(name)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        validator.validate(example)
    for part in schema.get("$defs", {}).values():
        for example in part.get("examples", ()):
            Draft202012Validator({**part, "$defs": schema["$defs"]}).validate(example)
    for field in schema["properties"].values():
        for example in field.get("examples", ()):
            Draft202012Validator({**field, "$defs": schema.get("$defs", {})}).validate(example)


@pytest.mark.parametrize("name", NAMES)
def test_every_contract_is_described_and_so_are_its_fields(name: str) -> None:
    schema = json_schema(name)
    assert schema["description"]
    for field, part in schema["properties"].items():
        assert part.get("description") or field == "type", field


@pytest.mark.parametrize(
    ("changes", "valid"),
    [
        ({}, True),
        ({"extra": {"a": [1]}}, True),
        ({"quantity": 2.0}, True),
        ({"price": None}, True),
        ({"quantity": 0}, False),
        ({"quantity": 1.5}, False),
        ({"price": 5}, False),
        ({"price": "1,5"}, False),
        ({"currency": "rub"}, False),
        ({"shop_id": "a b"}, False),
        ({"customer_id": ""}, False),
        ({"customer_id": "x" * 129}, False),
        ({"event_id": "a\nb"}, False),
        ({"occurred_at": "2026-11-21 10:00:00"}, False),
        ({"occurred_at": "2026-11-21T10:00:00.1234567Z"}, False),
        ({"type": "CartItemRemoved"}, False),
    ],
)
def test_a_schema_judges_as_the_decoder_does(changes: dict[str, Any], valid: bool) -> None:
    schema = json_schema("CartItemAdded")
    fields = {**schema["examples"][0], **changes}
    assert Draft202012Validator(schema).is_valid(fields) is valid
    if "type" not in changes:
        assert isinstance(decode_one(json.dumps(fields).encode()), Malformed) is not valid


def test_asyncapi_holds_every_topic_and_every_contract() -> None:
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert [channel["address"] for channel in document["channels"].values()] == [topic.name for topic in TOPICS]
    assert set(document["components"]["messages"]) == set(CONTRACTS)
    for topic in TOPICS:
        channel = document["channels"][topic.name]
        assert set(channel["messages"]) == set(topic.carries)
        assert channel["x-key"] == topic.key


def test_every_reference_in_asyncapi_leads_somewhere() -> None:
    document = asyncapi()
    references = [node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str)]
    assert references
    for reference in references:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_asyncapis_examples_keep_their_schemas() -> None:
    document = asyncapi()
    for message in document["components"]["messages"].values():
        for example in message["examples"]:
            for part, wanted in (("payload", message["payload"]), ("headers", message.get("headers"))):
                if part in example:
                    Draft202012Validator({**wanted, "components": document["components"]}).validate(example[part])


def test_check_says_what_is_stale_and_writing_mends_it(tmp_path: Path) -> None:
    root, run = build_root(), CliRunner().invoke
    assert run(root, ["contracts", "--out", str(tmp_path), "--check"]).exit_code == 1
    assert not list(tmp_path.iterdir())
    assert run(root, ["contracts", "--out", str(tmp_path)]).exit_code == 0
    assert run(root, ["contracts", "--out", str(tmp_path), "--check"]).exit_code == 0

    (tmp_path / "SendSms.schema.json").write_text("{}")
    (tmp_path / "Forgotten.schema.json").write_text("{}")
    checked = run(root, ["contracts", "--out", str(tmp_path), "--check", "--json"])
    assert checked.exit_code == 1
    assert json.loads(checked.stdout)["stale"] == ["Forgotten.schema.json", "SendSms.schema.json"]
    run(root, ["contracts", "--out", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == set(documents())
