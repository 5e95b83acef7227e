"""What a ledger keeps of a customer in Redis, as its scripts document it."""

from __future__ import annotations

from typing import Any

import msgspec


def touches(stored: bytes) -> dict[str, tuple[Any, ...]]:
    """By id: when it counts, when it lapses, who reserved it, its weights."""
    held = msgspec.msgpack.decode(stored)
    return {held[h]: tuple(held[h + 1 : h + 5]) for h in range(1, len(held), 5)}


def aged(stored: bytes, microseconds: int) -> bytes:
    """What will lapse lapses that much sooner."""
    held = msgspec.msgpack.decode(stored)
    for h in range(1, len(held), 5):
        if held[h + 2]:
            held[h + 2] -= microseconds
    return msgspec.msgpack.encode(held)
