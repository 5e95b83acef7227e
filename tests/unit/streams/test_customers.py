"""What is found and told of a customer, with phones masked too, and when everything of an erased one is gone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, cast

import orjson
from aiokafka.structs import TopicPartition

from schemas.topics import DAY_MS, TOPICS, changelog
from streams.chunks.chunk import Columns
from streams.chunks.reader import Reader
from streams.customers.erasing import gone_by
from streams.customers.found import Search
from streams.customers.told import masked
from streams.provision import Existing
from streams.suppressions.records import record
from tests.unit.streams.suppressions.test_merged import SECRET
from triggers.customer import encode_row, new_row
from triggers.receipts import Number

HOUR_MS = 3_600_000
LANDLINE = "+74951234567"


class Logs:
    """Topics of one partition, instead of a Reader."""

    def __init__(self, **records: list[tuple[bytes, bytes]]) -> None:
        self._records = {name.replace("_", "-"): found for name, found in records.items()}

    def put(self, topic: str, *records: tuple[bytes, bytes]) -> None:
        self._records[topic] = list(records)

    async def partitions(self, topics: Collection[str]) -> dict[str, int]:
        return dict.fromkeys(topics, 1)

    async def through(
        self, places: Collection[TopicPartition], take: Callable[[TopicPartition, Columns], None]
    ) -> None:
        for place in places:
            keys: list[bytes | None] = [key for key, _ in self._records.get(place.topic, [])]
            values: list[bytes | None] = [value for _, value in self._records.get(place.topic, [])]
            count = len(keys)
            take(place, Columns(0, count, list(range(count)), keys, values, [0] * count, False))

    async def last_values(self, topic: str, wanted: Callable[[bytes], bool]) -> dict[bytes, bytes]:
        return {key: value for key, value in self._records.get(topic, []) if wanted(key)}


async def found(logs: Logs) -> dict[str, Any]:
    reader = cast(Reader, logs)
    return await Search(reader, "app", "main", "42", secret=SECRET, region="RU").run(lambda what: None)


async def test_the_suppression_of_a_landline_is_told_as_it_holds_for_calls() -> None:
    updated = orjson.dumps({"type": "CustomerUpdated", "customer_id": "42", "phone": "8 (495) 123-45-67"})
    suppressed = record(SECRET, "main", LANDLINE, "complaint", since=0)
    assert suppressed.key is not None and suppressed.value is not None
    known = await found(
        Logs(customer_events=[(b"main:42", updated)], suppressions=[(suppressed.key, suppressed.value)])
    )
    assert [one["record"]["reason"] for one in known["suppressions"]] == ["complaint"]


async def test_the_suppression_of_a_former_phone_is_told_though_nothing_but_the_row_remembers_it() -> None:
    row = new_row("main", "42")
    row.numbers = {"+79990000042": Number()}
    suppressed = record(SECRET, "main", "+79990000042", "unknown_subscriber", since=0)
    assert suppressed.key is not None and suppressed.value is not None
    logs = Logs(suppressions=[(suppressed.key, suppressed.value)])
    logs.put(changelog("app").name, (b"main:42", bytes(8) + encode_row(row)))
    known = await found(logs)
    assert [one["record"]["reason"] for one in known["suppressions"]] == ["unknown_subscriber"]
    assert "+79990000042" in known["row"]["numbers"] and "9990000" not in str(masked(known))


async def test_what_is_no_phone_and_records_that_are_no_events_are_told_and_stop_nothing() -> None:
    letters = [(b"main:42", orjson.dumps({"phone": 7})), (b"main:42", b"\xff"), (b"main:43", b"{}")]
    events = [(b"main:42", orjson.dumps({"phone": phone})) for phone in ("soon", "", ["+79990000042"])]
    known = await found(Logs(dead_letters=letters, customer_events=events))
    assert [one["record"] for one in known["dead_letters"]] == [{"phone": 7}, {"base64": "/w=="}]
    assert len(known["events"]) == 3 and known["suppressions"] == []


def existing(**changed: dict[str, str]) -> dict[str, Existing]:
    """All topics as they are created, but for what is changed of one."""
    return {
        spec.name: Existing(1, spec.config() | changed.get(spec.name.replace("-", "_"), {}))
        for spec in TOPICS
    }  # fmt: skip


def test_masked_a_phone_shows_in_no_field_in_no_spelling_and_in_no_type() -> None:
    told: Any = {
        "row": {"profile": {"phone": {"value": "90123456", "since": "2026-11-20T08:00:00Z"}}},
        "events": [{"phone": "+79990000042"}, {"phone": 79990000042}, {"msisdn": "999000042"}],
        "commands": [{"text": "call 8 (999) 000-00-42", "+79990000042": 1}],
        "dead_letters": [{"base64": "Kzc5OTkwMDAwMDQy"}, ["79990000042", 79990000042]],
    }
    shown = orjson.dumps(masked(told)).decode()
    for phone in ("90123456", "9990000042", "999000042", "000-00-42", "Kzc5OTkwMDAwMDQy"):
        assert phone not in shown
    assert masked(told)["row"]["profile"]["phone"] == {"value": "9***3456", "since": "2026-11-20T08:00:00Z"}


def test_masked_what_is_no_phone_stays_as_it_is() -> None:
    told: Any = {"price": 1990, "at": "2026-11-20T08:00:00Z", "sent": True, "none": None, "id": "9f0c", "share": 0.5}
    assert masked(told) == told


def test_everything_is_gone_ninety_three_days_after_an_erasure_as_topics_are_created() -> None:
    assert gone_by(0, existing()) == (93 * DAY_MS * 1000, [])


def test_topics_that_are_kept_longer_are_gone_later_and_those_kept_for_ever_are_named() -> None:
    longer = existing(decisions={"retention.ms": str(400 * DAY_MS)})
    assert gone_by(0, longer) == (403 * DAY_MS * 1000, [])
    whole_segments = existing(decisions={"retention.ms": str(400 * DAY_MS), "segment.ms": str(7 * DAY_MS)})
    assert gone_by(0, whole_segments) == ((407 * DAY_MS + HOUR_MS) * 1000, [])
    assert gone_by(0, existing(cart_events={"retention.ms": "-1"})) == (None, ["cart-events"])
