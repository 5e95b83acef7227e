"""What one customer adds to the figures of the whole shop, told beside what they cause (triggers.tallies)."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Counted(msgspec.Struct, tag_field="type", tag=True, frozen=True, gc=False):
    """An addend of one fact of the customer's shop."""

    fact: str
    name: str
    amount: Decimal
