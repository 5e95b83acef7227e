"""`survey`, as the property tests know it."""

from __future__ import annotations

from hypothesis import strategies as st

from schemas import events, wire
from schemas.instants import HOUR, parse_rfc3339, rfc3339
from tests.property.joining import Asked, Joins
from tests.property.shelf import PRODUCTS
from tests.property.told import VISITS, Told
from tests.unit.triggers.driving import ordered, viewed


def _may_begin(asked: Asked) -> bool:
    """It was over then, or was released so long before; and the customer was in the shop since it began."""
    wanted, told, at, subject = asked.rule.trigger, asked.told, asked.epoch_at, asked.epoch_id
    if wanted.after == "sale":
        sales = [(when, one) for when, one in told.of(events.FlashSaleAnnounced) if one.sale_id == subject]
        ended = [when for when, one in told.of(events.FlashSaleEnded) if one.sale_id == subject]
        over = at in ended or any(parse_rfc3339(one.ends_at) == at for _, one in sales)
        began, due = [when for when, _ in sales], at + wanted.wait
    else:
        began = [when for when, one in told.of(events.CollectionReleased) if one.collection_id == subject]
        over, due = any(when + wanted.wait == at for when in began), at
    since = [when for when, _ in told.of(*VISITS, wire.OrderPlaced)]
    return over and asked.began >= due and any(min(began) <= when <= at for when in since)


def _answered(asked: Asked, told: Told, at: int) -> bool:
    wanted = asked.rule.trigger.survey_id
    answers = told.between(asked.began, at, wire.SurveyAnswered)
    return any(not wanted or one.survey_id == wanted for _, one in answers)


JOINS = Joins(
    triggers=st.builds(
        "survey: {{after: {}, took_part: {}, wait: {}}}".format, st.sampled_from(["sale", "collection"]),
        st.sampled_from(["any", "bought", "came"]), st.sampled_from(["6h", "2d", "14d"]),
    ),
    may_begin=_may_begin,
    things=[
        lambda at, n: viewed(at, PRODUCTS[n % 4]),
        lambda at, n: ordered(at, f"o{n}", items=[wire.Item(PRODUCTS[n % 4])]),
        lambda at, n: events.FlashSaleAnnounced(
            event_id=f"m{n}", occurred_at=rfc3339(at), at=at, sale_id=f"s{n // 4}", name="Sale",
            ends_at=rfc3339(at + (30 + 300 * (n % 2)) * HOUR), items=[],
        ),
        lambda at, n: events.CollectionReleased(
            event_id=f"m{n}", occurred_at=rfc3339(at), at=at, collection_id=f"k{n}", name="New",
            product_ids=[PRODUCTS[n % 4]],
        ),
    ],
    over={"answered": _answered},
)  # fmt: skip
