"""`holdout`: the share of customers deliberately not written to, to measure what writing does. Judged last.

Passes: `off`; `written-to`. Holds out: `held-out`, with the share and whether it is the `rule`'s or the `shop`'s. Who
is held out follows from shop, customer and rule alone (of the shop's share from shop and customer), so that it is the
same ones always, and who is held out at 5% still is at 10%. The shop's share leaves transactional rules alone.
`not_asked` when the touch would not have gone out anyway: the control group is exactly those who would have been
written to.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from triggers.ids import spread
from triggers.rules.model import Rule, Shop
from triggers.verdicts import Answer, Verdict, constant

OFF: Final = constant(Verdict(gate="holdout", answer=Answer.PASS, reason="off"))
NOT_ASKED: Final = constant(Verdict(gate="holdout", answer=Answer.NOT_ASKED, reason="decided-before"))
_WRITTEN_TO: Final = constant(Verdict(gate="holdout", answer=Answer.PASS, reason="written-to"))

_PARTS: Final = 1_000_000
_APART: Final = "\x1f"


class Holdout:
    """Of one rule, made ready. `judge` is `OFF` always where nobody is held out."""

    __slots__ = ("_shares",)

    def __init__(self, shop: Shop, rule: Rule) -> None:
        of_shop = shop.holdout if rule.purpose != "transactional" else None
        self._shares = tuple(
            (salt, int(share * (_PARTS // 100)), _held(of, share))
            for of, salt, share in (("shop", "", of_shop), ("rule", rule.name, rule.holdout))
            if share is not None
        )

    def judge(self, shop_id: str, customer_id: str) -> Verdict:
        if not self._shares:
            return OFF
        for salt, parts, held in self._shares:
            if spread(_APART.join(("holdout", shop_id, customer_id, salt)), _PARTS) < parts:
                return held
        return _WRITTEN_TO


def _held(of: str, share: Decimal) -> Verdict:
    numbers = (("of", of), ("share", f"{format(share.normalize(), 'f')}%"))
    return constant(Verdict(gate="holdout", answer=Answer.REFUSE, reason="held-out", numbers=numbers))
