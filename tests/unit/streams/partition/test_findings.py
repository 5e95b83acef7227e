"""What receipts say of phones leaves with the rows that say it."""

from __future__ import annotations

from typing import Any

import orjson
from structlog.testing import capture_logs

from schemas.instants import parse_rfc3339, rfc3339
from streams.delivery import Outgoing, Record
from streams.effects import Effects, Out
from streams.metrics import Metrics
from streams.partition.findings import Findings, lifts
from streams.privacy import phone_hmac
from tests.unit.streams.flawed import Flawed
from tests.unit.streams.partition.driving import HERE, Bench, Broker, added, profile, until
from tests.unit.streams.suppressions.test_merged import ANNA, BORIS, SECRET, key, opted_out, store, suppressed
from tests.unit.streams.test_careful import Line
from tests.unit.triggers.driving import DAY, HOUR, MONDAY, ordered, rule, shopper
from tests.unit.triggers.driving import added as added_to_cart
from tests.unit.triggers.test_clean_lists import receipt
from triggers.receipts import LONGEST, Lift, Suppress

TOPIC = ("suppressions", 0)


def told(command_id: str, status: str, at: int) -> dict[str, Any]:
    return {
        "type": "DeliveryReceipt", "event_id": f"{command_id}-{status}", "customer_id": "42",
        "occurred_at": rfc3339(at), "command_id": command_id, "status": status,
    }  # fmt: skip


async def reminded(bench: Bench) -> str:
    """A cart was left and its reminder has gone out; its command's id."""
    await bench.offer("customer-events", *profile())
    await bench.offer("cart-events", added(MONDAY))
    await bench.markers(MONDAY + 2 * HOUR)
    await until(lambda: bench.broker.commands)
    (command,) = bench.broker.commands
    return str(command["command_id"])


def suppressions(broker: Broker) -> list[Record]:
    return [record for outgoing in broker.committed for record in outgoing.published.get(TOPIC, [])]


async def test_a_suppression_leaves_in_one_commit_with_the_row_and_the_receipts_offset() -> None:
    async with Bench(stream=True, hmac_secret=SECRET) as bench:
        command = await reminded(bench)
        await bench.offer("delivery-receipts", told(command, "unknown_subscriber", MONDAY + 3 * HOUR))
        await bench.markers(MONDAY + 4 * HOUR)
        await until(lambda: suppressions(bench.broker))
        (outgoing,) = [one for one in bench.broker.committed if TOPIC in one.published]
        (record,) = outgoing.published[TOPIC]
        assert record.key == f"main:{phone_hmac(SECRET, ANNA)}:unknown_subscriber".encode()
        value = orjson.loads(record.value or b"")
        assert (value["reason"], value["source"]) == ("unknown_subscriber", "delivery-receipts")
        assert parse_rfc3339(value["until"]) == parse_rfc3339(value["since"]) + LONGEST == MONDAY + 3 * HOUR + LONGEST
        assert outgoing.offsets["delivery-receipts"] == 1
        assert b"main:42" in [row.key for row in outgoing.rows]
        assert bench.counted("rewake_receipts_total", {"what": "suppressed"}) == 1
        assert ANNA.encode() not in (record.value or b"")


async def test_a_message_that_arrives_after_all_ends_it_by_a_record_without_a_value() -> None:
    async with Bench(stream=True, hmac_secret=SECRET) as bench:
        command = await reminded(bench)
        failed, arrived = (told(command, "blocked", MONDAY + 3 * HOUR), told(command, "read", MONDAY + 4 * HOUR))
        await bench.offer("delivery-receipts", failed, arrived)
        await bench.markers(MONDAY + 5 * HOUR)
        await until(lambda: len(suppressions(bench.broker)) == 2)
        first, second = suppressions(bench.broker)
        assert first.key == second.key and first.value is not None and second.value is None
        assert bench.counted("rewake_receipts_total", {"what": "lifted"}) == 1


async def test_a_failure_whose_command_is_not_known_suppresses_nobody_and_is_counted() -> None:
    with capture_logs() as logs:
        async with Bench(stream=True, hmac_secret=SECRET) as bench:
            await reminded(bench)
            await bench.offer("delivery-receipts", told("5f3b0d1c9a7e4b6288d1c0ffee42aa10", "blocked", MONDAY + HOUR))
            await bench.markers(MONDAY + 4 * HOUR)
            await until(lambda: bench.counted("rewake_receipts_total", {"what": "unknown-command"}))
            assert suppressions(bench.broker) == []
    assert [one["receipts"] for one in logs if "which phone failed" in one["event"]] == [1]


async def test_without_a_secret_nobody_is_suppressed_and_that_is_said_once() -> None:
    with capture_logs() as logs:
        async with Bench(stream=True) as bench:
            command = await reminded(bench)
            for number, status in enumerate(("blocked", "unknown_subscriber")):
                await bench.offer("delivery-receipts", told(command, status, MONDAY + (3 + number) * HOUR))
                await bench.markers(MONDAY + (4 + number) * HOUR)
            await until(lambda: bench.counted("rewake_receipts_total", {"what": "no-secret"}) == 2)
            assert suppressions(bench.broker) == []
    (said,) = [one for one in logs if "REWAKE_HMAC_SECRET" in one["event"]]
    assert said["partition"] == HERE


def test_an_opt_out_is_lifted_by_whose_it_was_and_no_older_or_newer_one() -> None:
    known = store(suppressed(ANNA), suppressed(BORIS, "blocked"))  # on Monday
    assert lifts(known, "main", Lift(ANNA, "opted_out", MONDAY))
    assert not lifts(known, "main", Lift(ANNA, "opted_out", MONDAY - DAY))  # said again since
    assert not lifts(known, "main", Lift(ANNA, "opted_out", MONDAY + DAY))  # at another phone
    assert lifts(known, "main", Lift(BORIS, "opted_out", MONDAY))  # not read yet
    assert lifts(known, "other", Lift(ANNA, "opted_out", MONDAY + DAY))
    assert lifts(known, "main", Lift(BORIS, "blocked"))  # by a receipt


def test_a_customer_who_opts_in_again_leaves_the_opt_out_that_somebody_else_said_at_the_phone() -> None:
    for stopped_at, what in ((MONDAY + HOUR, "lifted"), (MONDAY, "not-lifted")):
        known = store((key(ANNA), orjson.dumps({
            "type": "Suppression", "shop_id": "main", "phone_hmac": phone_hmac(SECRET, ANNA), "reason": "opted_out",
            "since": rfc3339(stopped_at), "until": None,
        })))  # fmt: skip
        outgoing, metrics = Outgoing(), Metrics()
        findings = Findings(HERE, SECRET, metrics, known)
        findings.publish(outgoing, [Out("main:42", MONDAY, "", Lift(ANNA, "opted_out", MONDAY + HOUR))])
        assert len(outgoing.published.get(TOPIC, [])) == (what == "lifted")
        assert metrics.receipts.labels(what=what)._value.get() == 1


def test_an_opt_in_that_lags_behind_a_second_stop_ends_the_first_one_alone() -> None:
    first, second = opted_out(MONDAY), opted_out(MONDAY + DAY)
    known, topic = store(first), [first, second]  # the second is in the topic, and this worker has yet to read it
    outgoing = Outgoing()
    Findings(HERE, SECRET, Metrics(), known).publish(
        outgoing, [Out("main:42", MONDAY + 2 * DAY, "", Lift(ANNA, "opted_out", MONDAY))]
    )
    topic += [(made.key, made.value) for made in outgoing.published[TOPIC]]
    assert len(topic) == 3
    assert store(*topic).reason("main", ANNA, MONDAY + 3 * DAY) == "opted_out"
    assert store(*dict(topic).items()).reason("main", ANNA, MONDAY + 3 * DAY) == "opted_out"  # compacted
    del topic[1]
    assert store(*topic).reason("main", ANNA, MONDAY + 3 * DAY) is None


def found(line: Line) -> list[Any]:
    return [out.record for effects in line.all for out in effects.findings]


async def test_a_customer_whose_stretch_is_done_again_is_suppressed_once() -> None:
    bug = ordered(MONDAY + 4 * HOUR)
    line = Line(Flawed(rule(), event=lambda event: event.event_id == bug.event_id))
    await line.advance([*shopper(MONDAY), added_to_cart(MONDAY)], MONDAY + 2 * HOUR)
    (sent,) = line.commands()
    failure = receipt(MONDAY + 3 * HOUR, sent.command_id, "blocked")
    effects: Effects = await line.advance([failure, bug], MONDAY + DAY)
    assert [fault.place for fault in effects.faults] == ["event"]
    assert found(line) == [Suppress(ANNA, "blocked", MONDAY + 3 * HOUR, None)]


async def test_a_receipt_that_is_parked_suppresses_nobody() -> None:
    line = Line(Flawed(rule(), event=lambda event: event.event_id == "r"))
    await line.advance([*shopper(MONDAY), added_to_cart(MONDAY)], MONDAY + 2 * HOUR)
    (sent,) = line.commands()
    failure = receipt(MONDAY + 3 * HOUR, sent.command_id, "blocked")
    failure.event_id = "r"
    await line.advance([failure], MONDAY + DAY)
    assert found(line) == []
