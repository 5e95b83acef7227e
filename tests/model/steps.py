"""What may happen next, as data that can be written down and played again."""

from __future__ import annotations

from typing import Any, Final

from tests.model.calendar import PHONES
from tests.model.settings import DAY, HOUR, MINUTE, SECOND, ZONES, Pick
from tests.model.shell import GOODS, TEXTS, Fate, World

Step = list[Any]
"""The name of the step and what it needs, of JSON's types."""

WHO: Final = ("1", "2", "3")
USABLE: Final = tuple(phone for phone, (number, _, _) in PHONES.items() if phone and number)
OFTEN: Final = ("+79990000042", "+4915112345678", "+16464561234")
LANDLINE: Final = "+493012345678"
"""It can be called."""
SOME_PHONES: Final = (*OFTEN * 4, *PHONES)
FATES: Final = ("",) * 12 + ("killed", "killed released", "unconfirmed", "killed unconfirmed")
CLOCKS: Final = (
    5 * MINUTE, 20 * MINUTE, 30 * MINUTE, HOUR, HOUR, 2 * HOUR, 3 * HOUR, 3 * HOUR, 8 * HOUR, 20 * HOUR, DAY, 3 * DAY,
    7 * DAY,
)  # fmt: skip


def shopping(pick: Pick) -> Step:
    who, product = pick.of(WHO), pick.of(GOODS)
    kind = pick.of(("add",) * 7 + ("remove", "update", "checkout", "order", "order", "view", "click"))
    match kind:
        case "add":
            said = ["CartItemAdded", {"product_id": product, "quantity": pick.of((1, 1, 2))}]
        case "remove":
            said = ["CartItemRemoved", {"product_id": product} | pick.of(({}, {"quantity": 1}))]
        case "update":
            items = [[name, pick.of((1, 2))] for name in pick.of(((), GOODS[:1], GOODS[1:], GOODS))]
            said = ["CartUpdated", {"items": items}]
        case "checkout":
            said = ["CheckoutStarted", {}]
        case "order":
            said = ["OrderPlaced", {"order_id": pick.of(("a", "b", "c", "d", "e"))}]
        case "view":
            said = ["ProductViewed", {"product_id": product}]
        case _:
            said = ["LinkClicked", {"command_id": "c", "url": "https://shop.example"}]
    return ["event", who, *said, 0, pick.of(FATES)]


def rush(pick: Pick) -> Step:
    """All of them within seconds, so that they are written to in one minute."""
    return ["rush", [*WHO], pick.of(GOODS), pick.of(FATES)]


def profile(pick: Pick) -> Step:
    fields = pick.of((
        {"phone": pick.of(SOME_PHONES)}, {"phone": pick.of(SOME_PHONES)}, {"time_zone": pick.of((*ZONES, None))},
        {"first_name": pick.of(("Anna", "Ivan", None))}, {"card": pick.of(("staff", "VIP", None))},
        {"city": pick.of(("Kazan", "Paris"))},
    ))  # fmt: skip
    return ["event", pick.of(WHO), "CustomerUpdated", fields, pick.of((0, 0, 0, HOUR, DAY)), pick.of(FATES)]


def consent(pick: Pick) -> Step:
    source = pick.of(("checkout", "checkout", "confirm-link", "account-page"))
    said = {"channel": "sms", "purpose": "marketing", "granted": pick.of((True,) * 6 + (False,)), "source": source}
    said["channel"] = pick.of(("sms",) * 6 + ("call", "call", "email"))
    return ["event", pick.of(WHO), "ConsentChanged", said, pick.of((0, 0, 0, HOUR, DAY)), pick.of(FATES)]


def erasure(pick: Pick) -> Step:
    return ["event", pick.of(WHO), "CustomerErased", {}, 0, pick.of(FATES)]


def receipt(pick: Pick) -> Step:
    status = pick.of(("undeliverable",) * 6 + ("delivered", "unknown_subscriber", "blocked", "expired"))
    return ["receipt", pick.of(range(6)), status, pick.of((None, None, None, None, "1", "spam")), pick.of(FATES)]


def sms(pick: Pick) -> Step:
    texts = [*TEXTS, "START", "START", "START"]
    return ["sms", pick.of(OFTEN), pick.of(texts), pick.of(FATES)]


def by_hand(pick: Pick) -> Step:
    return ["by_hand", pick.of((*OFTEN * 2, LANDLINE)), pick.of((-1, 1, 3, 0, 0, 0))]


def clock(pick: Pick) -> Step:
    by = pick.of(CLOCKS) + pick.of((0, 0, 0, -SECOND, SECOND, -2 * SECOND))
    return ["clock", by, pick.of((True, True, True, False)), pick.of(FATES)]


def soon(pick: Pick) -> Step:
    return ["soon", pick.of(("", "", "", "order", "order", "withdraw")), pick.of(FATES)]


def ledger(pick: Pick) -> Step:
    return ["ledger", pick.of(("away", "deaf", "lost", "there", "there", "there"))]


KINDS: Final = (
    (shopping, 26), (rush, 4), (clock, 30), (soon, 12), (profile, 7), (consent, 7), (receipt, 8), (sms, 3),
    (by_hand, 2), (ledger, 6), (erasure, 1),
)  # fmt: skip
_WEIGHED: Final = tuple(kind for kind, weight in KINDS for _ in range(weight))


def draw_step(pick: Pick) -> Step:
    return pick.of(_WEIGHED)(pick)


def newcomers(pick: Pick) -> list[Step]:
    """Shoppers who can be written to, so that most of what follows concerns somebody."""
    steps: list[Step] = []
    for who in WHO:
        fields = {"phone": pick.of(OFTEN), "first_name": "Anna", "city": "Kazan"} | pick.of((
            {}, {"time_zone": pick.of(ZONES)}, {"time_zone": pick.of(ZONES)}
        ))  # fmt: skip
        steps.append(["event", who, "CustomerUpdated", fields, 0, ""])
        said = {
            "channel": "sms",
            "purpose": "marketing",
            "granted": True,
            "source": pick.of(("checkout", "confirm-link")),
        }
        steps.append(["event", who, "ConsentChanged", said, 0, ""])
        called = {"channel": "call", "purpose": "marketing", "granted": True, "source": "checkout"}
        if pick.of(range(10)):
            steps.append(["event", who, "ConsentChanged", called, 0, ""])
    return steps


def play(world: World, step: Step) -> None:
    name, *said = step
    if name in ("event", "receipt", "sms", "clock", "soon", "rush"):
        said[-1] = Fate(**dict.fromkeys(said[-1].split(), True))
    getattr(world, name)(*said)
