"""A round on the wall clock: shoppers act now, and messages are held against when things got into the logs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import orjson

from schemas.topics import CART_EVENTS, ORDER_EVENTS
from tests.chaos import shoppers
from tests.chaos.checks import Findings, Live, Logged, carts_of, judge_live, overtaken
from tests.chaos.evidence import Kept
from tests.chaos.publisher import Publisher
from tests.chaos.rounds import Round

CUSTOMERS_A_SECOND: Final = 30


class WallRound(Round):
    """Once, not early, not after the order, nothing lost, within the caps."""

    clock = "wall"

    def settings(self) -> dict[str, str]:
        return {"grace": f"{shoppers.GRACE:g}s"}

    def prepare(self, folder: Path) -> None:
        rules = folder / "shop" / "rules"
        rules.mkdir(parents=True)
        (folder / "shop" / "shop.yaml").write_text(shoppers.SHOP)
        (rules / "abandoned-cart.yaml").write_text(shoppers.RULE)
        last = self.planned[-1].at if self.planned else 5.0
        self._who = shoppers.customers(last, CUSTOMERS_A_SECOND)

    async def open(self, publisher: Publisher) -> None:
        """Everybody is known and has consented before anybody does anything."""
        now = _now()
        for customer in self._who:
            for event in shoppers.known(customer, now):
                await publisher.publish(event)
        await publisher.flush()

    async def publish(self, publisher: Publisher, seconds: float) -> None:
        """Nobody waits for the broker: what it does not take now it gets later."""
        for act in shoppers.acts(self.report.seed, self._who, seconds):
            await self.pace.reach(act.at)
            await publisher.publish(act.event(_now()))

    async def finish(self, publisher: Publisher) -> None:
        await publisher.flush()

    async def settled(self, kept: Kept) -> bool:
        """The last cart is due and its grace has passed; every row has judged what fell due."""
        if any(row.outbox for row in kept.rows.values()):
            return False
        live = await self._live()
        judged = {(decision["customer_id"], decision["epoch"]) for decision in live.decisions}
        return all(cart.ordered is not None or (cart.customer, cart.epoch) in judged for cart in live.carts)

    async def judge(self, kept: Kept, findings: Findings) -> None:
        live = await self._live()
        self.report.commands = len(live.commands)
        if len(live.commands) < 10:
            findings.complaints.append("too few commands to prove anything")
        findings += judge_live(live)
        lost = {f"main:{customer}" for customer in self._who} ^ kept.rows.keys()
        findings.complaints += [f"row {key}: lost, or made up" for key in sorted(lost)]
        left = [key for key, row in kept.rows.items() if row.outbox]
        findings.complaints += [f"row {key}: a touch is still in its outbox" for key in left]
        count, longest = overtaken(live)
        if count:
            self.report.notes.append(f"{count} orders came while it was being judged, the first {longest:.1f} s before")

    async def _live(self) -> Live:
        events = [
            Logged(record.timestamp * 1000, orjson.loads(record.value))
            for spec in (CART_EVENTS, ORDER_EVENTS)
            for record in await self.shop.records(spec.name)
        ]
        sent = [
            Logged(record.timestamp * 1000, orjson.loads(record.value))
            for record in await self.shop.records("sms-commands")
        ]
        return Live(
            carts=carts_of(events),
            decisions=[orjson.loads(record.value) for record in await self.shop.records("decisions")],
            commands=[command for command in sent if command.record["type"] == "SendSms"],
            grace=int(shoppers.GRACE * 1_000_000),
            limit=shoppers.LIMIT,
            window=shoppers.WINDOW,
        )


def _now() -> int:
    return time.time_ns() // 1000
