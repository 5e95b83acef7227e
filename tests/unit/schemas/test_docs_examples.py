"""The examples in the pages for storefronts and dispatchers are true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.contracts import CONTRACTS, CUSTOMER_EVENTS, EVENTS, MARKETING_EVENTS, read_event
from schemas.dead_letters import REASONS
from schemas.published import json_schema
from schemas.receipts import STATUSES
from schemas.topics import CLOCK, topic_of

DOCS = Path(__file__).parents[3] / "docs"
NAMES = ("publish-events.md", "dispatch-sms.md", "inbound.md")
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in NAMES}
FENCE = re.compile(r"^```(\w*) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[Any]:
    return [
        pytest.param(info, body, id=f"{page}-{info or 'plain'}-{number}")
        for page, text in PAGES.items()
        for number, (found, info, body) in enumerate(FENCE.findall(text))
        if found == language
    ]


@pytest.mark.parametrize(("info", "body"), blocks("json"))
def test_an_example_keeps_the_contract_that_it_names(info: str, body: str) -> None:
    name = info.removeprefix("event=")
    fields = json.loads(body)
    assert fields["type"] == name
    Draft202012Validator(json_schema(name)).validate(fields)
    CONTRACTS[name].model_validate_json(body)
    if CONTRACTS[name] in EVENTS:
        assert type(read_event(body.encode())) is CONTRACTS[name]


@pytest.mark.parametrize(("info", "body"), blocks("python"))
def test_a_python_example_runs_or_where_it_needs_a_broker_compiles(info: str, body: str) -> None:
    code = compile(body, "docs", "exec")
    if not info.startswith("needs="):
        exec(code, {})


def test_every_event_of_storefronts_and_marketing_has_an_example() -> None:
    shown = {info.removeprefix("event=") for page in PAGES.values() for _, info, _ in FENCE.findall(page)}
    wanted = {model.__name__ for model in (*CUSTOMER_EVENTS, *MARKETING_EVENTS)} | {
        "SmsReceived",
        "SendSms",
        "CancelSms",
    }
    assert wanted <= shown


def test_the_table_of_topics_is_right() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([A-Z][^|]+) \| `([a-z_:]+)` \|$", PAGES["publish-events.md"], re.MULTILINE)
    told = {(topic, event.strip(), key) for topic, events, key in rows for event in events.split(",")}
    names = {model.__name__ for model in (*CUSTOMER_EVENTS, *MARKETING_EVENTS)} - {"DeliveryReceipt", CLOCK}
    assert told == {(topic_of(name).name, name, topic_of(name).key) for name in names}


def test_every_reason_and_every_status_is_told() -> None:
    first_cells = {page: set(re.findall(r"^\| `([a-z0-9_-]+)` \|", text, re.MULTILINE)) for page, text in PAGES.items()}
    assert set(REASONS) <= first_cells["publish-events.md"]
    assert first_cells["dispatch-sms.md"] == STATUSES
