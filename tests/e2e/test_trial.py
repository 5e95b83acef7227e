"""`rewake test` with a real worker on Apache Kafka and Redis."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import subprocess
from pathlib import Path

import orjson
import pytest

from tests.conftest import Kafka, Redis
from tests.e2e.running import REWAKE, Shop
from tests.e2e.test_worker_input import PARTITIONS, added, consent, record
from tests.topics import recreate
from tests.unit.streams.suppressions.test_merged import SECRET, suppressed

PHONE = "+79990000042"


@pytest.fixture
async def shop(kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path) -> Shop:
    await recreate(kafka.bootstrap, app=prefix, partitions=PARTITIONS)
    settings = {"clock": "wall", "grace": "200ms", "hmac_secret": SECRET.get_secret_value()}
    made = Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url, **settings)
    now = dt.datetime.now(dt.UTC)
    quiet = f"{{from: '{now - dt.timedelta(hours=1):%H:%M}', to: '{now + dt.timedelta(hours=5):%H:%M}'}}"
    (tmp_path / "rules" / "shop.yaml").write_text(
        f'quiet_hours: {quiet}\ncaps: [1 per 7d]\ntest_list: {{anna: "42", boris: "43"}}\n'
    )
    return made


def tried(shop: Shop, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {f"REWAKE_{name.upper()}": value for name, value in shop.settings.items()}
    return subprocess.run(
        [REWAKE, "test", *arguments], env=environment, capture_output=True, text=True, check=False, cwd=shop.folder
    )


async def test_a_test_reaches_the_shops_own_in_the_night_and_counts_for_nothing(shop: Shop) -> None:
    with shop.worker():
        for customer in ("42", "44"):
            here = [event | {"time_zone": "UTC"} if "phone" in event else event for event in consent(customer)]
            await shop.publish("customer-events", [record(event) for event in here])
        await shop.publish("cart-events", [record(added("44", 70))])
        for _ in range(2):  # a cap of one a week does not stop the second
            done = await asyncio.to_thread(tried, shop, "abandoned-cart", "--to", "anna", "--wait", "60s")
            assert done.returncode == 0, done.stderr
            assert "to anna, +7******0042" in done.stdout and "Your cart waits" in done.stdout
            assert "would not have got it now: quiet_hours: delay: quiet" in done.stderr
            assert PHONE[1:] not in done.stdout + done.stderr
        said = await asyncio.to_thread(tried, shop, "abandoned-cart", "--to", "boris", "--json", "--wait", "60s")
        assert said.returncode == 1
        decision = orjson.loads(said.stdout)["decision"]
        assert decision["test"] and decision["outcome"] == "refused"
        refused = {one["gate"]: one["reason"] for one in decision["verdicts"] if one["verdict"] == "refuse"}
        assert refused == {"consent": "no-consent", "phone": "no-phone"}

        await shop.publish("suppressions", [(*suppressed(PHONE), 0)])
        done = await asyncio.to_thread(tried, shop, "abandoned-cart", "--to", "anna", "--wait", "60s")
        assert done.returncode == 1 and "not sent: suppression: opted_out" in done.stdout

    sent = await shop.commands()
    assert [(command["type"], command["test"], command["phone"]) for command in sent] == [("SendSms", True, PHONE)] * 2
    assert len({command["command_id"] for command in sent}) == 2
    decisions = [orjson.loads(found.value) for found in await shop.records("decisions")]
    assert [decision.get("test", False) for decision in decisions if decision["customer_id"] == "44"] == [False]
    assert all(decision["test"] for decision in decisions if decision["customer_id"] != "44")


async def test_what_is_not_there_is_said_with_what_is(shop: Shop) -> None:
    for arguments, what, known in (
        (("abandoned-cart", "--to", "olga"), "olga is not on the test list of main", "on it: anna, boris"),
        (("welcome", "--to", "anna"), "main has no rule welcome", "rules: abandoned-cart"),
        (("abandoned-cart", "--to", "anna", "--step", "9"), "abandoned-cart has no step 9", "steps: 1"),
        (("abandoned-cart", "--to", "anna", "--shop", "other"), "there is no shop other", "shops: main"),
    ):
        done = await asyncio.to_thread(tried, shop, *arguments)
        assert done.returncode == 2
        assert what in done.stderr and known in done.stderr
    done = await asyncio.to_thread(tried, shop, "abandoned-cart", "--to", "anna", "--wait", "1s")
    assert done.returncode == 1 and "nobody has judged it" in done.stderr
