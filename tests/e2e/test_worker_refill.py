"""Phones are capped over all their customers, however often Redis forgets everything: by real workers on Kafka."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streams.settings import Settings
from tests.conftest import Kafka
from tests.contract.redis_process import RedisProcess
from tests.e2e.running import PATIENCE, Shop
from tests.e2e.test_worker_input import PARTITIONS, added, consent, record
from tests.topics import recreate

pytestmark = pytest.mark.real_only  # at least once, an end of the log says nothing of what is on its way

SETTINGS = """\
caps:
  - {limit: 1, per: 7d, by: phone}
budgets:
  - {messages: 1000, per: day}
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path)
    yield process
    process.stop()


@pytest.fixture
async def shop(kafka: Kafka, redis: RedisProcess, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    made = Shop(
        tmp_path, prefix, kafka.bootstrap, redis.url, clock="wall", grace="200ms", transaction_timeout="3",
        hmac_secret="0123456789abcdef0123456789abcdef",
    )  # fmt: skip
    (tmp_path / "rules" / "shop.yaml").write_text(SETTINGS)
    return made


async def left_a_cart(shop: Shop, customer: str, phone: str) -> None:
    events = consent(customer)
    events[1]["phone"] = phone
    await shop.publish("customer-events", [record(event) for event in events])
    await shop.publish("cart-events", [record(added(customer, 80))])


async def decided(shop: Shop, count: int) -> None:
    """Wait until so many touches have come to their end, sent or skipped."""
    found: Counter[str] = Counter()
    for _ in range(int(PATIENCE / 0.3)):
        found = Counter(orjson.loads(letter.value)["outcome"] for letter in await shop.records("decisions"))
        if found["emitted"] + found["skipped"] >= count:
            return
        await asyncio.sleep(0.3)
    logs = "\n".join(path.read_text(errors="replace")[-3000:] for path in shop.folder.glob("*.log"))
    raise AssertionError(f"{found}\n{logs}")


def phone(number: int) -> str:
    return f"+7999000{number:04}"


async def test_no_phone_gets_one_message_more_than_its_cap_however_often_redis_is_emptied(
    shop: Shop, redis: RedisProcess
) -> None:
    phones = [phone(number) for number in range(8)]
    with shop.worker("one") as one, shop.worker("two", products_store=str(shop.folder / "other")) as two:
        done = 0
        for turn in range(3):
            for number, its in enumerate(phones):
                await left_a_cart(shop, f"{turn}-{number}", its)
            fresh = phone(100 + turn)  # to see that it is not silent for good
            await left_a_cart(shop, f"fresh-{turn}", fresh)
            done += len(phones) + 1
            if turn == 2:  # in the middle of it, too
                redis.ask("FLUSHALL")
            await decided(shop, done)
            redis.ask("FLUSHALL")
        assert (one.stop(), two.stop()) == (0, 0)
    sent = Counter(command["phone"] for command in await shop.commands())
    assert sent == dict.fromkeys([*phones, *(phone(100 + turn) for turn in range(3))], 1)
    assert "redis knows again who was sent what" in one.said() + two.said()


async def test_a_worker_that_starts_with_an_empty_redis_knows_what_was_sent_before(
    shop: Shop, redis: RedisProcess
) -> None:
    with shop.worker("before") as worker:
        await left_a_cart(shop, "first", phone(1))
        await decided(shop, 1)
        assert worker.stop() == 0
    redis.stop()
    redis.start()  # it keeps nothing on disk
    with shop.worker("after") as worker:
        await left_a_cart(shop, "second", phone(1))
        await left_a_cart(shop, "other", phone(2))
        await decided(shop, 3)
        assert worker.stop() == 0
    assert Counter(command["phone"] for command in await shop.commands()) == {phone(1): 1, phone(2): 1}


async def test_a_worker_does_not_start_where_commands_are_kept_for_less_than_a_cap_looks_back(shop: Shop) -> None:
    (shop.folder / "rules" / "shop.yaml").write_text("caps:\n  - {limit: 1, per: 200d, by: phone}\n")
    await keep_commands_for_90_days(shop)
    with shop.worker() as worker:
        assert worker.process.wait(PATIENCE) == 1
    assert "caps by phone, dedupe by text or budgets look back 200" in worker.said()


async def keep_commands_for_90_days(shop: Shop) -> None:
    """As `rewake topics create` makes them: commands for 90 days."""
    settings = Settings(kafka_bootstrap=shop.bootstrap)
    admin = AIOKafkaAdminClient(**settings.kafka_client_options())
    await admin.start()
    try:
        kept = {"retention.ms": str(90 * 86_400_000)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, "sms-commands", kept)])
    finally:
        await admin.close()
