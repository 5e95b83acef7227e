"""`products`: the same product is not offered to a customer twice within the shop's `dedupe: {product: ...}`, by any
rule.

Passes: `off`; `none` when the text shows no product; `new`. Refuses, skipping the step: `offered-before`, with the
product, when it was offered, and by which rule. It knows what the row remembers of its touches, held-out ones among
them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.instants import rfc3339
from triggers.customer import Touch
from triggers.rules.quantities import show_duration
from triggers.verdicts import Answer, Verdict, constant

OFF: Final = constant(Verdict(gate="products", answer=Answer.PASS, reason="off"))
_NONE: Final = constant(Verdict(gate="products", answer=Answer.PASS, reason="none"))
_NEW: Final = constant(Verdict(gate="products", answer=Answer.PASS, reason="new"))


def products(within: int, shown: Sequence[str], touches: Sequence[Touch], wall: int) -> Verdict:
    if not shown:
        return _NONE
    for touch in reversed(touches):
        if touch.at <= wall - within:
            continue
        for product in touch.products:
            if product in shown:
                numbers = (
                    ("product", product), ("offered_at", rfc3339(touch.at)), ("by", touch.rule),
                    ("within", show_duration(within)),
                )
                return Verdict(gate="products", answer=Answer.REFUSE, reason="offered-before", numbers=numbers)
    return _NEW
