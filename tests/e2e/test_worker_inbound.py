"""What is answered by SMS, in real workers: STOP, START, HELP and a keyword."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.instants import parse_rfc3339, rfc3339
from schemas.partitioner import partition_of
from streams import stacks
from streams.privacy import phone_hmac
from tests.conftest import Kafka, Redis
from tests.e2e.running import PATIENCE, Shop, until
from tests.e2e.test_worker_input import PARTITIONS, added, consent, minutes_ago, record
from tests.topics import recreate
from tests.unit.streams.suppressions.test_merged import SECRET

PHONE, OTHER = "+79990000042", "+79990000043"
SETTINGS = """\
name: Tea house
opt_in_sources: [account-page]
keywords: {win: {words: [WIN], answer: "You take part"}, score: {words: [SCORE], survey: after-sale}}
"""


def installation(bootstrap: str, redis_url: str, prefix: str, folder: Path) -> Shop:
    settings = {"clock": "wall", "grace": "200ms", "hmac_secret": SECRET.get_secret_value()}
    made = Shop(folder, prefix, bootstrap, redis_url, **settings)
    (folder / "rules" / "shop.yaml").write_text(SETTINGS)
    return made


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    return installation(kafka.bootstrap, redis_server.url, prefix, tmp_path)


def sms(text: str, phone: str = PHONE, event_id: str | None = None, at: str | None = None) -> tuple[bytes, bytes, int]:
    key = f"main:{phone}".encode()
    value = {
        "type": "SmsReceived", "event_id": event_id or f"mo-{time.time_ns()}", "phone": phone, "text": text,
        "occurred_at": at or rfc3339(time.time_ns() // 1000),
    }  # fmt: skip
    return key, orjson.dumps(value), partition_of(key, PARTITIONS)


async def answer(shop: Shop, *texts: str, phone: str = PHONE) -> None:
    for text in texts:
        await shop.publish("inbound-sms", [sms(text, phone)])


async def shoppers(shop: Shop, phone: str, *customers: str) -> None:
    for customer in customers:
        events = [event | {"phone": phone} if "phone" in event else event for event in consent(customer)]
        await shop.publish("customer-events", [record(event) for event in events])


async def found(
    shop: Shop, topic: str, count: int, wanted: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE
) -> list[dict[str, Any]]:
    """The records that are wanted, once there are so many."""
    deadline = time.monotonic() + seconds
    while True:
        all_of_it = [orjson.loads(one.value) for one in await shop.records(topic) if one.value is not None]
        matching = [one for one in all_of_it if wanted(one)]
        if len(matching) >= count:
            return matching
        if time.monotonic() > deadline:
            logs = "\n".join(path.read_text(errors="replace")[-3000:] for path in shop.folder.glob("*.log"))
            raise AssertionError(f"{len(matching)} of {count} in {topic}\n{logs}")
        await asyncio.sleep(0.2)


def by_sms(event: dict[str, Any]) -> bool:
    return event.get("source") == "inbound-sms"


def of_type(kind: str) -> Callable[[dict[str, Any]], bool]:
    return lambda one: one.get("type") == kind


async def kept(shop: Shop, topic: str) -> dict[bytes, bytes | None]:
    """A compacted topic as its readers have it."""
    return {one.key: one.value for one in await shop.records(topic)}


async def test_a_stop_silences_every_customer_with_the_phone_until_a_start(shop: Shop) -> None:
    with shop.worker() as worker:
        await shoppers(shop, PHONE, "anna", "boris")
        await shoppers(shop, OTHER, "vera")
        await shop.until(lambda counted: counted["applied"] >= 6)
        await answer(shop, "Please stop texting me!")
        told = await found(shop, "customer-events", 2, by_sms)
        assert {(one["customer_id"], one["granted"], one["purpose"]) for one in told} == {
            ("anna", False, "marketing"), ("boris", False, "marketing")
        }  # fmt: skip
        key = f"main:{phone_hmac(SECRET, PHONE)}:opted_out".encode()
        assert (await kept(shop, "suppressions"))[key] is not None
        await shop.until(lambda counted: counted["applied"] >= 8)
        await shoppers(shop, PHONE, "later")  # takes a phone that opted out, and consents
        for customer in ("anna", "boris", "vera", "later"):
            await shop.publish("cart-events", [record(added(customer, 70))])
        decisions = await found(shop, "decisions", 4, lambda one: True)
        assert {one["customer_id"]: one["outcome"] for one in decisions} == {
            "anna": "refused", "boris": "refused", "vera": "emitted", "later": "refused"
        }  # fmt: skip
        assert [command["customer_id"] for command in await shop.commands()] == ["vera"]

        await answer(shop, "START")
        await found(shop, "customer-events", 5, by_sms)
        assert (await kept(shop, "suppressions"))[key] is None
        await shop.until(lambda counted: counted["applied"] >= 17)
        for customer in ("anna", "boris"):
            await shop.publish("cart-events", [record(added(customer, 65) | {"event_id": f"again-{customer}"})])
            await shop.publish("cart-events", [record(added(customer, 61) | {"event_id": f"more-{customer}"})])
        assert worker.stop() == 0
    kinds = [command["rule"] for command in await shop.commands() if command["customer_id"] is None]
    assert kinds == ["start"]


async def test_a_checkout_does_not_opt_in_again_and_the_account_page_that_the_shop_lists_does(shop: Shop) -> None:
    def granted(source: str, seconds: float) -> dict[str, object]:
        return {
            "type": "ConsentChanged", "event_id": source, "customer_id": "anna", "channel": "sms", "granted": True,
            "purpose": "marketing", "source": source, "occurred_at": minutes_ago(seconds / 60),
        }  # fmt: skip

    key = f"main:{phone_hmac(SECRET, PHONE)}:opted_out".encode()
    with shop.worker() as worker:
        await shoppers(shop, PHONE, "anna")
        await shop.until(lambda counted: counted["applied"] >= 2)
        await shop.publish("inbound-sms", [sms("STOP", at=minutes_ago(5))])
        await found(shop, "customer-events", 1, by_sms)
        await shop.publish("customer-events", [record(granted("checkout", 60))])
        await shop.until(lambda counted: counted["applied"] >= 4)
        assert (await kept(shop, "suppressions"))[key] is not None
        await shop.publish("customer-events", [record(granted("account-page", 30))])
        await shop.until(lambda counted: counted["applied"] >= 5)
        said = await kept(shop, "suppressions")
        taken_back = said[key.replace(b"opted_out", b"opted_in")]
        assert orjson.loads(said[key] or b"")["since"] == orjson.loads(taken_back or b"")["since"]
        await shop.publish("cart-events", [record(added("anna", 70))])
        [sent] = await found(shop, "sms-commands", 1, of_type("SendSms"))
        assert worker.stop() == 0
    assert sent["customer_id"] == "anna"


async def test_help_start_and_a_keyword_are_answered_once_each(shop: Shop) -> None:
    with shop.worker() as worker:
        await shoppers(shop, PHONE, "anna")
        await shop.until(lambda counted: counted["applied"] >= 2)
        await answer(shop, "Помощь", "win 7", "SCORE 9", "hello")
        await shop.publish("inbound-sms", [(b"x", b"{", 0), sms("STOP", "4321")])
        answers = await found(shop, "sms-commands", 2, of_type("SendSms"))
        [keyword] = await found(shop, "customer-events", 1, of_type("KeywordReceived"))
        [survey] = await found(shop, "customer-events", 1, of_type("SurveyAnswered"))
        letters = await shop.records("dead-letters")
        deadline = time.monotonic() + PATIENCE
        while len(letters) < 2 and time.monotonic() < deadline:
            letters = await shop.records("dead-letters")
        assert worker.stop() == 0
    assert {(one["rule"], one["customer_id"], one["purpose"], one["phone"]) for one in answers} == {
        ("help", None, "transactional", PHONE), ("keyword", None, "transactional", PHONE)
    }  # fmt: skip
    assert next(one["text"] for one in answers if one["rule"] == "help").startswith("Tea house: предложения")
    assert (keyword["customer_id"], keyword["keyword"], keyword["text"]) == ("anna", "win", "win 7")
    assert survey["answers"] == {"score": "SCORE 9"}
    assert sorted(dict(one.headers)["reason"] for one in letters) == [b"invalid-value", b"not-json"]
    assert {dict(one.headers)["origin_topic"] for one in letters} == {b"inbound-sms"}


async def test_links_follow_the_phone_that_a_customer_has(shop: Shop) -> None:
    def link(phone: str) -> bytes:
        return f"main:{phone_hmac(SECRET, phone)}:anna".encode()

    who = {"type": "CustomerUpdated", "customer_id": "anna"}
    with shop.worker() as worker:
        await shoppers(shop, PHONE, "anna")
        await shop.until(lambda counted: counted["applied"] >= 2)
        assert list(await kept(shop, "phone-links")) == [link(PHONE)]
        moved = who | {"event_id": "moved", "occurred_at": minutes_ago(5), "phone": OTHER}
        await shop.publish("customer-events", [record(moved)])
        await shop.until(lambda counted: counted["applied"] >= 3)
        assert {key: value is not None for key, value in (await kept(shop, "phone-links")).items()} == {
            link(PHONE): False, link(OTHER): True
        }  # fmt: skip
        await answer(shop, "STOP")  # the former phone: no longer hers
        await found(shop, "suppressions", 1, lambda one: True)
        gone = who | {"event_id": "gone", "occurred_at": minutes_ago(4), "phone": None}
        await shop.publish("customer-events", [record(gone)])
        await shop.until(lambda counted: counted["applied"] >= 4)
        assert worker.stop() == 0
    assert (await kept(shop, "phone-links"))[link(OTHER)] is None
    assert not [one for one in await shop.records("customer-events") if by_sms(orjson.loads(one.value))]


async def test_a_killed_worker_leaves_nothing_half_done_and_its_successor_says_nothing_twice(shop: Shop) -> None:
    """Five are killed while SMS come in: of each there is in the end one event a customer, and one answer."""
    count = 60
    with shop.worker("first") as worker:
        await shoppers(shop, PHONE, "anna", "boris")
        await shop.until(lambda counted: counted["applied"] >= 4)
        assert worker.stop() == 0
    sent = 0
    for life in range(5):
        with shop.worker(f"life-{life}") as worker:
            await until(partial(worker.says, "inbound owned"))
            for _ in range(count // 5):
                text = "STOP" if sent % 2 == 0 else "START"
                await shop.publish("inbound-sms", [sms(text, event_id=f"mo-{sent}")])
                sent += 1
            await asyncio.sleep(0.1 * life)
            worker.kill()
    with shop.worker("last") as worker:
        await until(lambda: "inbound owned" in worker.said())
        told = await found(shop, "customer-events", 2 * count, by_sms)
        assert worker.stop() == 0
    assert len(told) == 2 * count == len({one["event_id"] for one in told})
    answers = [command for command in await shop.commands() if command["rule"] == "start"]
    assert len(answers) == count // 2 == len({one["command_id"] for one in answers})


async def test_a_worker_that_was_frozen_and_wakes_writes_nothing_that_its_successor_has_written(shop: Shop) -> None:
    """Its transactions are fenced: the successor has opened the partitions since."""
    with shop.worker("first") as first:
        await shoppers(shop, PHONE, "anna", "boris")
        await shop.until(lambda counted: counted["applied"] >= 4)
        await answer(shop, "STOP")
        await found(shop, "customer-events", 2, by_sms)
        first.process.send_signal(signal.SIGSTOP)
        for number in range(10):
            await shop.publish("inbound-sms", [sms("START" if number % 2 else "HELP", event_id=f"frozen-{number}")])
        with shop.worker("second") as second:
            await found(shop, "customer-events", 2 + 5 * 2, by_sms)
            first.process.send_signal(signal.SIGCONT)
            await answer(shop, "STOP", "HELP")
            told = await found(shop, "customer-events", 2 + 5 * 2 + 2, by_sms)
            answers = await found(shop, "sms-commands", 11, of_type("SendSms"))
            await asyncio.sleep(3)  # what the woken one would write
            assert first.stop() == 0
            assert second.stop() == 0
    assert len(await found(shop, "customer-events", 0, by_sms)) == len(told) == len({one["event_id"] for one in told})
    assert len(await found(shop, "sms-commands", 0, of_type("SendSms"))) == len(answers) == 11


async def test_what_was_handed_over_and_has_not_left_is_called_back_from_everybody_with_the_phone(shop: Shop) -> None:
    # quiet until the next minute: what is due waits for it, and then leaves within a quarter of an hour
    now = dt.datetime.now(dt.UTC)
    opens = (now + dt.timedelta(seconds=75)).replace(second=0)
    hours = f"quiet_hours: {{from: '{now - dt.timedelta(hours=5):%H:%M}', to: '{opens:%H:%M}'}}\n"
    (shop.folder / "rules" / "shop.yaml").write_text(hours)
    with shop.worker() as worker:
        for customer, phone in (("anna", PHONE), ("boris", PHONE), ("clara", PHONE), ("vera", OTHER)):
            here = [event | {"time_zone": "UTC"} if "phone" in event else event for event in consent(customer)]
            moved = [event | {"phone": phone} if "phone" in event else event for event in here]
            await shop.publish("customer-events", [record(event) for event in moved])
            await shop.publish("cart-events", [record(added(customer, 70))])
        sent = await found(shop, "sms-commands", 4, of_type("SendSms"), seconds=2 * PATIENCE)
        at = time.time_ns() // 1000
        await answer(shop, "стоп")
        waiting = {
            one["command_id"] for one in sent if one["phone"] == PHONE and parse_rfc3339(one["not_before"]) > at
        }  # fmt: skip
        assert len(waiting) >= 2
        cancels = await found(shop, "sms-commands", len(waiting), of_type("CancelSms"))
        assert worker.stop() == 0
    assert {(one["cancels"], one["reason"]) for one in cancels} == {(one, "consent_withdrawn") for one in waiting}


async def test_at_least_once_a_crash_repeats_answers_and_events_with_their_own_ids(
    embedded_stack: stacks.Stack, prefix: str, tmp_path: Path
) -> None:
    await recreate(embedded_stack.bootstrap, app=prefix, partitions=PARTITIONS)
    shop = installation(embedded_stack.bootstrap, embedded_stack.redis_url, prefix, tmp_path)
    with shop.worker() as worker:
        await shoppers(shop, PHONE, "anna", "boris")
        await shop.until(lambda counted: counted["applied"] >= 4)
        for number in range(20):
            await shop.publish("inbound-sms", [sms("STOP" if number % 2 else "HELP", event_id=f"mo-{number}")])
        await found(shop, "customer-events", 4, by_sms)
        worker.kill()
    with shop.worker("second") as worker:
        await until(lambda: "inbound owned" in worker.said())
        told = await found(shop, "customer-events", 20, by_sms)
        answers = await found(shop, "sms-commands", 10, of_type("SendSms"))
        assert worker.stop() == 0
        assert "at-least-once" in worker.said()
    assert len({one["event_id"] for one in told}) == 20
    assert len({one["command_id"] for one in answers}) == 10
    assert (await kept(shop, "suppressions"))[f"main:{phone_hmac(SECRET, PHONE)}:opted_out".encode()] is not None


async def test_a_worker_without_the_secret_ends_once_somebody_answers(shop: Shop) -> None:
    with shop.worker("blind", hmac_secret="") as worker:
        await until(lambda: "inbound owned" in worker.said())
        await answer(shop, "STOP")
        assert await asyncio.to_thread(worker.process.wait, PATIENCE) == 1
        assert "without REWAKE_HMAC_SECRET nobody can be opted out" in " ".join(worker.said().split())
