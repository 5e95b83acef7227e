"""`flash_sale`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas import events
from schemas.instants import HOUR, parse_rfc3339, rfc3339
from tests.property.joining import Asked, Joins
from tests.property.kinds._likes import liked, looked_at, of
from tests.property.shelf import CATEGORIES, PRODUCTS
from tests.property.told import Told
from tests.unit.triggers.driving import viewed


def _announced(told: Told, sale_id: str) -> list[tuple[int, events.FlashSaleAnnounced]]:
    return [(at, one) for at, one in told.of(events.FlashSaleAnnounced) if one.sale_id == sale_id]


def _over(told: Told, sale_id: str, at: int) -> bool:
    """By what was announced last, or ended since."""
    announced = _announced(told, sale_id)
    ended = [when for when, one in told.of(events.FlashSaleEnded) if one.sale_id == sale_id]
    return at >= parse_rfc3339(announced[-1][1].ends_at) or any(when >= announced[-1][0] for when in ended)


def _may_begin(asked: Asked) -> bool:
    trigger, told, sale_id = asked.rule.trigger, asked.told, asked.epoch_id
    announced = _announced(told, sale_id)
    if not announced or asked.epoch_at != announced[0][0] or asked.began < asked.epoch_at:
        return False
    if (trigger.sales and sale_id not in trigger.sales) or _over(told, sale_id, asked.began):
        return False
    for at, event in announced:  # it was offered by one of them, of what was liked then
        starts_at = at if event.starts_at is None else max(at, parse_rfc3339(event.starts_at))
        if not starts_at <= asked.began <= starts_at + (HOUR if trigger.pace else 0):
            continue
        then = told.as_of(at)
        if any(of(event, product) for product in liked(then, trigger.interests)):
            return True
        if "viewed" in trigger.interests and set(event.categories) & looked_at(then):
            return True
    return False


JOINS = Joins(
    triggers=st.builds(
        "flash_sale: {{interests: [{}]{}}}".format,
        st.sampled_from(["cart, wished, viewed", "viewed", "bought", "cart", "cart, wished, viewed, bought"]),
        st.sampled_from(["", ", pace: 100/min", ", sales: [s0, s1, s2, s3]"]),
    ),
    may_begin=_may_begin,
    things=[
        lambda at, n: viewed(at, PRODUCTS[n % 4]),
        lambda at, n: events.FlashSaleAnnounced(
            event_id=f"m{n}", occurred_at=rfc3339(at), at=at, sale_id=f"s{n // 4}", name="Sale",
            starts_at=None if n % 3 else rfc3339(at + 2 * HOUR), ends_at=rfc3339(at + (30 + 300 * (n % 2)) * HOUR),
            items=[events.SaleItem(PRODUCTS[n % 4])], categories=[CATEGORIES[n % 3]] if n % 5 == 0 else [],
        ),
        lambda at, n: events.FlashSaleEnded(event_id=f"m{n}", occurred_at=rfc3339(at), at=at, sale_id=f"s{n // 4}"),
    ],
    over={"sale_ended": lambda asked, told, at: _over(told, asked.epoch_id, at)},
)  # fmt: skip
