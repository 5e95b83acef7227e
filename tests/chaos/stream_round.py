"""A round on the stream clock: the sample shop, and `rewake replay` of the same events as the oracle."""

from __future__ import annotations

import asyncio
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from schemas.instants import parse_rfc3339
from streams.simulation import storefront
from tests.chaos import evidence
from tests.chaos.checks import Findings, same, same_rows
from tests.chaos.evidence import Kept
from tests.chaos.publisher import Publisher
from tests.chaos.rounds import Round

TEA_HOUSE: Final = Path(__file__).parents[2] / "examples" / "tea-house"
START: Final = datetime(2025, 3, 3, tzinfo=UTC)
CUSTOMERS_A_SECOND: Final = 10
"""For each second that the round's faults take; at six days it makes some 250 events a second."""

DAYS: Final = 6
SLICE_SECONDS: Final = 0.25


class StreamRound(Round):
    """Commands, decisions and rows are those of the replay, byte for byte."""

    clock = "stream"

    def prepare(self, folder: Path) -> None:
        shutil.copytree(TEA_HOUSE, folder / "shop")
        last = self.planned[-1].at if self.planned else 5.0
        customers = max(200, int(last * CUSTOMERS_A_SECOND))
        seed = random.Random(f"{self.report.seed} shop").randrange(1 << 30)
        self._events: list[dict[str, Any]] = [event for _, event in storefront(seed, customers, START, DAYS)]
        self._until_ = int(START.timestamp()) * 1_000_000 + DAYS * 86_400_000_000
        (folder / "events.jsonl").write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in self._events))

    async def open(self, publisher: Publisher) -> None:
        """The goods are there before the first worker, and the oracle speaks."""
        folder, feed = self.report.folder, str(TEA_HOUSE / "feed.xml")
        await asyncio.to_thread(self.shop.command, "feed", "sync", feed)
        products = str(folder / "products.jsonl")
        await asyncio.to_thread(self.shop.command, "feed", "parse", feed, "--out", products)
        await asyncio.to_thread(
            self.shop.command,
            *("replay", "--rules", str(folder / "shop"), "--products", products, "--out", str(folder / "wanted")),
            *("--state", str(folder / "state"), "--until", "2025-03-09T00:00:00Z", str(folder / "events.jsonl")),
        )

    async def publish(self, publisher: Publisher, seconds: float) -> None:
        """In slices, each with its markers, so that there is work all the time."""
        published = 0
        while published < len(self._events):
            await asyncio.sleep(SLICE_SECONDS)
            share = min(1.0, self.pace.seconds / seconds)
            slice_ = self._events[published : int(len(self._events) * share)]
            for event in slice_:
                await publisher.publish(event)
            if slice_:
                await publisher.mark(parse_rfc3339(slice_[-1]["occurred_at"]))
            await publisher.flush()
            published += len(slice_)

    async def finish(self, publisher: Publisher) -> None:
        await publisher.mark(self._until_ + 1)

    async def settled(self, kept: Kept) -> bool:
        return kept.reached > self._until_

    async def judge(self, kept: Kept, findings: Findings) -> None:
        folder = self.report.folder
        wanted = {
            name: (folder / "wanted" / f"{name}.jsonl").read_bytes().splitlines() for name in ("commands", "decisions")
        }
        sent = [record.value for topic in ("sms-commands", "crm-commands") for record in await self.shop.records(topic)]
        decided = [record.value for record in await self.shop.records("decisions")]
        self.report.commands = len(sent)
        if len(wanted["commands"]) < 10:
            findings.complaints.append("too few commands to prove anything")
        findings += same("commands", wanted["commands"], sent, "command_id")
        findings += same("decisions", wanted["decisions"], decided, "decision_id")
        findings.complaints += same_rows(evidence.saved_rows(folder / "state"), kept.plain)
