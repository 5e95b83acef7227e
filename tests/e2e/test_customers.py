"""What a customer has a right to, with a real worker on both stacks."""

from __future__ import annotations

import asyncio
import datetime as dt
import subprocess
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.instants import parse_rfc3339
from streams.stacks import Stack
from tests.e2e.running import PATIENCE, REWAKE, Shop
from tests.e2e.test_worker_input import PARTITIONS, added, consent, record
from tests.topics import recreate
from tests.unit.streams.suppressions.test_merged import SECRET, suppressed

PHONE = "+79990000042"


@pytest.fixture(params=["real", "embedded"])
async def shop(request: pytest.FixtureRequest, prefix: str, tmp_path: Path) -> Shop:
    stack: Stack = request.getfixturevalue(f"{request.param}_stack")
    await recreate(stack.bootstrap, app=prefix, partitions=PARTITIONS)
    settings = {"clock": "wall", "grace": "200ms", "hmac_secret": SECRET.get_secret_value(), "ledger": "redis"}
    return Shop(tmp_path, prefix, stack.bootstrap, stack.redis_url, **settings)


async def said(shop: Shop, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = orjson.loads(await asyncio.to_thread(shop.command, "customers", *arguments, "--json"))
    return answer


async def commands(shop: Shop, count: int, **of: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 2 * PATIENCE
    while True:
        found = [one for one in await shop.commands() if of.items() <= one.items()]
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, f"{len(found)} of {count} commands"
        await asyncio.sleep(0.3)


async def test_everything_known_of_a_customer_is_shown_and_then_forgotten(shop: Shop) -> None:
    await shop.publish("suppressions", [(*suppressed("+79990000007"), 0)])
    with shop.worker():
        for customer in ("42", "43"):
            await shop.publish("customer-events", [record(event) for event in consent(customer)])
            await shop.publish("cart-events", [record(added(customer, 70))])
        await commands(shop, 2, type="SendSms")
        await shop.publish("suppressions", [(*suppressed(PHONE), 0)])

        known = await said(shop, "export", "42")
        assert known["row"]["profile"]["phone"]["value"] == PHONE
        assert known["row"]["cart"]["lines"]["sku-7"]["quantity"] == 1
        events = [one["record"]["type"] for one in known["events"]]
        assert events == ["CartItemAdded", "ConsentChanged", "CustomerUpdated"]
        assert {one["record"]["customer_id"] for one in known["events"]} == {"42"}
        assert [(one["record"]["type"], one["record"]["phone"]) for one in known["commands"]] == [("SendSms", PHONE)]
        assert [one["record"]["outcome"] for one in known["decisions"]] == ["emitted"]
        assert [one["record"]["reason"] for one in known["suppressions"]] == ["opted_out"]
        assert [one["record"]["customer_id"] for one in known["phone_links"]] == ["42"]
        hidden = orjson.dumps(await said(shop, "export", "42", "--masked")).decode()
        assert PHONE not in hidden and PHONE[1:] not in hidden and "+7******0042" in hidden

        erased = await said(shop, "erase", "42")
        assert erased["done"] and erased["bare"]
        known = await said(shop, "export", "42")
        assert known["row"]["erased_at"] == erased["erased_at"]
        assert known["row"]["profile"] == {} and known["row"]["cart"]["lines"] == {}
        assert known["row"]["touches"] == [] and known["row"]["journeys"] == [] and known["phone_links"] == []
        # the phone is still in what was written before, so that its suppression is found; it stays
        assert len(known["suppressions"]) == 1
        other = await said(shop, "export", "43")
        assert other["row"]["profile"]["phone"]["value"] == PHONE

        # what comes late changes nothing
        await shop.publish("cart-events", [record(added("42", 65))])
        await shop.until(lambda counters: counters["applied"] >= 8)
        late = await said(shop, "export", "42")
        assert late["row"] == known["row"]
    assert len(await commands(shop, 2, type="SendSms")) == 2


@pytest.mark.parametrize("shop", ["real"], indirect=True)
async def test_a_message_that_has_not_left_is_called_back(shop: Shop) -> None:
    # quiet until the next minute: what is due waits for it, and then leaves within a quarter of an hour
    now = dt.datetime.now(dt.UTC)
    opens = (now + dt.timedelta(seconds=75)).replace(second=0)
    hours = f"{{from: '{now - dt.timedelta(hours=5):%H:%M}', to: '{opens:%H:%M}'}}"
    (shop.folder / "rules" / "shop.yaml").write_text(f"quiet_hours: {hours}\n")
    with shop.worker():
        for customer in ("42", "43", "44"):
            here = [event | {"time_zone": "UTC"} if "phone" in event else event for event in consent(customer)]
            await shop.publish("customer-events", [record(event) for event in here])
            await shop.publish("cart-events", [record(added(customer, 70))])
        sent = await commands(shop, 3, type="SendSms")
        last = max(sent, key=lambda command: str(command["not_before"]))
        assert parse_rfc3339(last["not_before"]) > time.time_ns() // 1000
        erased = await said(shop, "erase", last["customer_id"])
        assert erased["done"] and erased["bare"] and erased["cancelled"] == [last["command_id"]]
        (cancel,) = await commands(shop, 1, type="CancelSms")
        assert (cancel["cancels"], cancel["reason"]) == (last["command_id"], "erased")


async def test_without_a_worker_an_erasure_is_published_and_said_not_to_hold_yet(shop: Shop) -> None:
    environment = {f"REWAKE_{name.upper()}": value for name, value in shop.settings.items()}
    done = await asyncio.to_thread(
        subprocess.run, [REWAKE, "customers", "erase", "42", "--wait", "1"], env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "no row says so" in done.stderr
    (event,) = await shop.records("customer-events")
    assert event.key == b"main:42" and orjson.loads(event.value)["type"] == "CustomerErased"
    nothing = await asyncio.to_thread(
        subprocess.run, [REWAKE, "customers", "export", "43"], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert nothing.returncode == 1 and "nothing is known of main:43" in nothing.stderr
    assert orjson.loads(nothing.stdout)["row"] is None
