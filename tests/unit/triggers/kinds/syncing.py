"""Customers of a shop whose feed is synced, on the stream clock."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from feeds.store import MemoryStore
from schemas.catalogue import Product
from streams.deadlines import DeadlineIndex
from streams.ledger import RowLedger
from streams.replay import MemoryRows
from streams.timeline import Effects, Timeline
from tests.unit.triggers.driving import book
from triggers.customer import NEVER
from triggers.engine import Engine
from triggers.rules.model import Rule, Shop
from triggers.syncs import SyncOver
from triggers.walks import Change

PRODUCTS, CUSTOMERS = 2, 5


def price(old: str | None, new: str | None, was: bool = True, now: bool = True) -> Change:
    """A change of a price."""
    return Change(None if old is None else Decimal(old), None if new is None else Decimal(new), was, now)


def stock(was: int | None, now: int | None) -> Change:
    """A change of how many there are."""
    return Change(Decimal(10), Decimal(10), was != 0, now != 0, was, now)


def synced(at: int, changes: dict[str, Change], id: str = "s-1", shop_id: str = "main") -> SyncOver:
    return SyncOver(shop_id, id, at, changes)


def by(customer: str, *events: Any) -> list[Any]:
    for event in events:
        event.customer_id = customer
    return list(events)


class Line:
    """The shop's catalogue holds `products` from the start."""

    def __init__(self, *rules: Rule, shop: Shop | None = None, products: Iterable[Product] = ()) -> None:
        catalogue = MemoryStore()
        catalogue.apply([(product.shop_id, product.product_id, product) for product in products])
        self.rows = MemoryRows()
        self.engine = Engine(book(*rules, shop=shop), catalogue)
        self.timeline = Timeline(self.engine, self.rows, DeadlineIndex(), RowLedger(), judge_at_once=True)
        self.effects = Effects()

    async def advance(self, *events: Any, reached: int = NEVER) -> Line:
        """Events of one time are taken in the order given, syncs before customers."""
        items = [
            (event.at, PRODUCTS if isinstance(event, SyncOver) else CUSTOMERS, 0, number, "", event)
            for number, event in enumerate(events)
        ]
        await self.timeline.advance(sorted(items, key=lambda item: item[:4]), reached, self.effects)
        await self.timeline.finish_walks(self.effects)
        return self

    @property
    def began(self) -> list[tuple[str, str]]:
        """(customer, sync) of the first decision of each journey."""
        decisions = {(out.record.customer_id, out.record.epoch) for out in self.effects.decisions}
        return sorted((customer or "", epoch.partition("-")[2]) for customer, epoch in decisions)

    def texts(self) -> list[str]:
        commands = [out.record for out in self.effects.commands if type(out.record).__name__ == "SendSms"]
        return [command.text for command in commands]

    def products(self, customer: str) -> list[tuple[str, Decimal | None]]:
        """What its running journey, or its last occasion, is about: products with the prices that were seen."""
        row = self.rows.get(f"main:{customer}")
        assert row is not None and row.journeys
        return [(shown.product_id, shown.seen) for shown in row.journeys[-1].about.products]
