"""`budget`: what the whole shop sends in a day of its own zone, in messages and in money, and in a minute.

Passes: `off`, `free`. Refuses, skipping the step: `budget-spent`, when the touch would be one too many or cost too
much. Delays: `pace-full`, when this minute has its messages; refuses so what would be put off for too long. `numbers`
give what was spent before it, and what it costs. `not_asked`: `decided-before`; `no-sms` for a touch that sends none;
`held-out` for one that will not be sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from triggers.rules.model import MILLION, Budget
from triggers.verdicts import Answer, Verdict, constant

NOT_ASKED: Final = constant(Verdict(gate="budget", answer=Answer.NOT_ASKED, reason="decided-before"))
NO_SMS: Final = constant(Verdict(gate="budget", answer=Answer.NOT_ASKED, reason="no-sms"))
HELD_OUT: Final = constant(Verdict(gate="budget", answer=Answer.NOT_ASKED, reason="held-out"))
OFF: Final = constant(Verdict(gate="budget", answer=Answer.PASS, reason="off"))


def free(budgets: Sequence[Budget], counts: Sequence[int], price: int) -> Verdict:
    """`price` of the touch, in millionths."""
    return Verdict(gate="budget", answer=Answer.PASS, reason="free", numbers=_numbers(budgets, counts, price))


def spent(budgets: Sequence[Budget], counts: Sequence[int], price: int) -> Verdict:
    numbers = _numbers(budgets, counts, price)
    return Verdict(gate="budget", answer=Answer.REFUSE, reason="budget-spent", numbers=numbers)


def paced(budgets: Sequence[Budget], counts: Sequence[int], price: int, until: int) -> Verdict:
    """The minute is full. `until`: when the touch tries again; 0 for not any more."""
    numbers = _numbers(budgets, counts, price)
    if until:
        return Verdict(gate="budget", answer=Answer.DELAY, reason="pace-full", until=until, numbers=numbers)
    return Verdict(gate="budget", answer=Answer.REFUSE, reason="pace-full", numbers=numbers)


def _numbers(budgets: Sequence[Budget], counts: Sequence[int], price: int) -> tuple[tuple[str, str], ...]:
    numbers: tuple[tuple[str, str], ...] = ()
    for budget, count in zip(budgets, counts, strict=False):
        if budget.unit == "money":
            numbers += (("money per day", f"{_money(count)} of {_money(budget.limit)}"), ("price", _money(price)))
        else:
            numbers += ((f"messages per {budget.per}", f"{count} of {budget.limit}"),)
    return numbers


def _money(millionths: int) -> str:
    """With two digits after the point, and more where there are more."""
    shown = format((Decimal(millionths) / MILLION).normalize(), "f")
    whole, _, rest = shown.partition(".")
    return f"{whole}.{rest.ljust(2, '0')}"
