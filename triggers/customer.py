"""The customer row (stub of the interface; see the engine)."""
from __future__ import annotations
import msgspec


class CustomerRow(msgspec.Struct, array_like=True, gc=False):
    shop_id: str
    customer_id: str
    deadline: int
    applied: dict[int, int]  # next offset to apply, by topic rank
    outbox: list  # proposals that arose and are not yet concluded
