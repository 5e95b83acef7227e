"""Which races are run: who, what ends it, and how far from the moment at which the touch may be emitted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from schemas.instants import rfc3339

IDLE: Final = 1.0
"""Seconds; of the rule below."""

GRACE: Final = 1.0
"""Seconds; REWAKE_GRACE of the workers."""

NEAR: Final = 0.3
"""Seconds: most races are decided within this much of the moment, on either side of it."""

LATER: Final = 1.5
"""Seconds: so much later than that the last ones end."""

KINDS: Final = ("order", "opt-out", "stop", "erased")
"""An OrderPlaced; a ConsentChanged; STOP through `inbound-sms`; a CustomerErased."""

DAY: Final = "day"
"""The shop that writes at once. Those of `night` hold back until a minute begins, and hand over with a later
`not_before`, so that what left too early can be called back."""

NIGHT_MOST: Final = 125
"""Races of one night shop: they are all about the same moment."""

BURST: Final = 20
BURST_SECONDS: Final = 0.8
PAUSE_SECONDS: Final = 4.0
"""Carts in the day shop come BURST at a time, within BURST_SECONDS; from one burst to the next it is PAUSE_SECONDS."""

NIGHT_CARTS: Final = (25.0, 10.0)
"""Seconds before its shop opens, from and to which a night customer's cart comes."""

RULE: Final = f"""\
rule: abandoned-cart
description: Remind of the goods left in the cart
trigger:
  cart_abandoned: {{idle: {IDLE:g}s}}
steps:
  - id: reminder
    sms: "Your cart waits"
"""


@dataclass(frozen=True, slots=True)
class Race:
    """`cart`: seconds from the beginning of the run (day) or before its shop opens (night) at which the cart is filled.
    `offset`: seconds from the moment at which the touch may be emitted to that by which the end is to be in its log."""

    customer: str
    shop: str
    kind: str
    phone: str
    cart: float
    offset: float

    def known(self, now: int) -> list[dict[str, Any]]:
        """Who it is and that they consent, said an hour before `now` (microseconds)."""
        who = {"shop_id": self.shop, "customer_id": self.customer, "occurred_at": rfc3339(now - 3_600_000_000)}
        return [
            {
                "type": "CustomerUpdated", "event_id": f"{self.customer}-profile", **who, "phone": self.phone,
                "time_zone": "UTC",
            },
            {
                "type": "ConsentChanged", "event_id": f"{self.customer}-consent", **who, "channel": "sms",
                "purpose": "marketing", "granted": True,
            },
        ]  # fmt: skip

    def filled(self, now: int) -> dict[str, Any]:
        who = {"shop_id": self.shop, "customer_id": self.customer, "occurred_at": rfc3339(now)}
        goods = {"product_id": "tea-01", "price": "890.00", "currency": "RUB"}
        return {"type": "CartItemAdded", "event_id": f"{self.customer}-cart", **who, **goods}

    def end(self, now: int) -> dict[str, Any]:
        """What ends it, as it is published at `now`. An SmsReceived names no customer."""
        id_ = {"event_id": f"{self.customer}-end", "shop_id": self.shop, "occurred_at": rfc3339(now)}
        match self.kind:
            case "stop":
                return {"type": "SmsReceived", **id_, "phone": self.phone, "text": "STOP"}
            case "order":
                more = {"type": "OrderPlaced", "order_id": self.customer}
            case "erased":
                more = {"type": "CustomerErased"}
            case _:
                said = {"channel": "sms", "purpose": "marketing", "source": "account-page"}
                return {"type": "ConsentChanged", "customer_id": self.customer, **id_, **said, "granted": False}
        return {**more, "customer_id": self.customer, **id_}


def races(count: int, seed: int, *, nights: bool = True, near: tuple[float, float] = (-NEAR, NEAR)) -> list[Race]:
    """So many, of each kind as many, half of each at night. A tenth ends earlier than `near`, but after the due time,
    and a tenth later, for machines on which everything takes long. Of equal arguments the same."""
    rng = random.Random(f"races {seed}")
    made: list[Race] = []
    at_day = at_night = 0
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        if nights and number // len(KINDS) % 2:
            shop, cart = f"night-{at_night // NIGHT_MOST + 1}", rng.uniform(*NIGHT_CARTS)
            at_night += 1
        else:
            shop, cart = DAY, at_day // BURST * PAUSE_SECONDS + rng.uniform(0, BURST_SECONDS)
            at_day += 1
        dice = rng.random()
        if dice < 0.1:
            offset = rng.uniform(-0.7 * GRACE, near[0])
        elif dice < 0.2:
            offset = rng.uniform(near[1], near[1] + LATER)
        else:
            offset = rng.uniform(*near)
        made.append(Race(f"r{number}", shop, kind, f"+7999{number:07}", cart, offset))
    return made


def shops_of(planned: Sequence[Race]) -> list[str]:
    """The night shops, in the order in which they open."""
    return sorted({race.shop for race in planned} - {DAY}, key=lambda name: int(name.rpartition("-")[2]))


def write_shops(folder: Path, opens: dict[str, int]) -> None:
    """The shops' folders. `opens`: by night shop, the full minute at which it opens, microseconds."""
    for name in (DAY, *opens):
        rules = folder / "shops" / name / "rules"
        rules.mkdir(parents=True)
        (rules / "abandoned-cart.yaml").write_text(RULE)
        settings = f"name: Races {name}\ntime_zone: UTC\ncaps:\n  - 5 per 1h\n"
        if name in opens:
            begins = opens[name] - 5 * 3_600_000_000
            settings += f"quiet_hours: {{from: '{rfc3339(begins)[11:16]}', to: '{rfc3339(opens[name])[11:16]}'}}\n"
        (rules.parent / "shop.yaml").write_text(settings)
