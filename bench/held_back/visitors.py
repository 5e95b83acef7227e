"""What RetailRocket's data does not say of its visitors, made up by hash of the visitor: the same each time.

Shares are guesses of an ordinary shop, not of RetailRocket's; docs/gates.md names them beside the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final

from schemas.catalogue import Product

Event = dict[str, Any]

_PLACES: Final = (
    # zone, how its phones begin, digits that follow, out of 100; the data's nights are those of North America
    ("America/New_York", "+1212", 7, 34),
    ("America/Chicago", "+1312", 7, 24),
    ("America/Denver", "+1303", 7, 8),
    ("America/Los_Angeles", "+1213", 7, 20),
    ("America/Sao_Paulo", "+55119", 8, 5),
    ("Europe/London", "+447", 9, 4),
    ("Europe/Moscow", "+7999", 7, 3),
    ("Asia/Kolkata", "+9198", 8, 2),
)
NO_PHONE: Final = 0.03
MALFORMED: Final = 0.01
LANDLINE: Final = 0.02
TOLL_FREE: Final = 0.005
HOUSEHOLD: Final = 0.03
_HOUSEHOLDS: Final = 350
"""So many phones are those of several visitors."""
PICK_UP: Final = 0.015
_POINTS: Final = 8
"""So many phones are of the shop's own pick-up points, typed in for who gives none."""
KNOWN_ZONE: Final = 0.9
CONSENTS: Final = 0.82
DECLINES: Final = 0.06
"""The rest was never asked."""
CONFIRMS: Final = 0.95
"""Of those who consent."""
WITHDRAWS: Final = 0.03
"""Of those who consent, in their account, within 60 days of the first visit."""
DEAD: Final = 0.03
BLOCKED: Final = 0.01
OFTEN_OFF: Final = 0.02
"""Of phones; a message to one that is often off fails two times of three."""
STOPS: Final = 0.015
CLICKS: Final = 0.08
"""Of messages that arrive."""
NOT_SOLD: Final = 0.05
"""Of categories."""
_PRICE_FROM, _PRICE_TO = 190, 6_900


def share(*of: str) -> float:
    """A number from 0 to 1 that is always the same for the same words."""
    return int.from_bytes(blake2b("\x1f".join(of).encode(), digest_size=6).digest(), "big") / (1 << 48)


def with_profiles(events: Iterable[Event]) -> Iterator[Event]:
    """Events of visitors with what is made up of them at the first event of each; prices on what goes into carts."""
    known: set[str] = set()
    for event in events:
        visitor = event["customer_id"]
        if visitor not in known:
            known.add(visitor)
            yield from _welcome(visitor, event["occurred_at"])
        if event["type"] == "CartItemAdded":
            event = {**event, "price": f"{price(event['product_id'])}.00", "currency": "RUB"}
        yield event


def phone(visitor: str) -> str | None:
    """As the visitor typed it; None where there is none."""
    zone_prefix, digits = _place(visitor)[1:3]
    kind = share("phone", visitor)
    for part, written in (
        (NO_PHONE, None), (MALFORMED, "12-34"), (LANDLINE, f"+4420{_digits(visitor, 8, 7)}"),
        (TOLL_FREE, f"+1800{_digits(visitor, 7)}"),
    ):  # fmt: skip
        if kind < part:
            return written
        kind -= part
    owner = visitor
    for part, several, count in ((HOUSEHOLD, "household", _HOUSEHOLDS), (PICK_UP, "pick-up point", _POINTS)):
        if 0 <= kind < part:
            owner = f"{several} {int(share(several, visitor) * count)}"
            zone_prefix, digits = "+1312", 7
        kind -= part
    return zone_prefix + _digits(owner, digits)


def price(product_id: str) -> int:
    """Whole roubles; few things are dear."""
    return round(_PRICE_FROM + (_PRICE_TO - _PRICE_FROM) * share("price", product_id) ** 2)


def products(product_ids: Iterable[str]) -> Iterator[Product]:
    """The goods that the shop still sells: one a category. A category that the data does not name is not sold."""
    for product_id in product_ids:
        if product_id != "cat-unknown" and share("sold", product_id) >= NOT_SOLD:
            yield Product(
                product_id=product_id, name=f"Goods of section {product_id.removeprefix('cat-')}",
                price=Decimal(price(product_id)), currency="RUB", url=f"https://tea.example/p/{product_id}",
            )  # fmt: skip


def _welcome(visitor: str, at: str) -> Iterator[Event]:
    zone = _place(visitor)[0]
    base = {"shop_id": "main", "customer_id": visitor}
    profile: Event = {"language": "en"}
    if (number := phone(visitor)) is not None:
        profile["phone"] = number
    if share("zone known", visitor) < KNOWN_ZONE:
        profile["time_zone"] = zone
    yield {"type": "CustomerUpdated", "event_id": f"profile-{visitor}", **base, "occurred_at": at, **profile}
    said = share("consent", visitor)
    if said < CONSENTS + DECLINES:
        yield consent(visitor, at, granted=said < CONSENTS, source="checkout")
    if said >= CONSENTS:
        return
    if share("confirms", visitor) < CONFIRMS:
        yield consent(visitor, later(at, minutes=1), granted=True, source="confirm-link")
    if share("withdraws", visitor) < WITHDRAWS:
        days = 60 * share("withdraws after", visitor)
        yield consent(visitor, later(at, days=days), granted=False, source="account")


def consent(visitor: str, at: str, *, granted: bool, source: str) -> Event:
    """A ConsentChanged to marketing by SMS."""
    return {
        "type": "ConsentChanged", "event_id": f"{source}-{visitor}-{at}", "shop_id": "main", "customer_id": visitor,
        "occurred_at": at, "channel": "sms", "purpose": "marketing", "granted": granted, "source": source,
    }  # fmt: skip


def later(at: str, **by: float) -> str:
    """RFC 3339, so much later."""
    return written(datetime.fromisoformat(at).astimezone(UTC) + timedelta(**by))


def written(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def _place(visitor: str) -> tuple[str, str, int, int]:
    at = share("place", visitor) * 100
    for place in _PLACES:
        at -= place[3]
        if at < 0:
            return place
    return _PLACES[0]


def _digits(owner: str, count: int, first: int | None = None) -> str:
    """Digits of a number; the first from 2 to 9 as every country here allows."""
    lead = 2 + int(share("lead", owner) * 8) if first is None else first
    return f"{lead}{int(share('digits', owner) * 10 ** (count - 1)):0{count - 1}d}"
