"""Ids and jitter that derive from inputs alone."""

from __future__ import annotations

from hashlib import blake2b


def identifier(*parts: str) -> str:
    """128 bits in hex over the parts, each kept apart from the next."""
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def spread(of: str, width: int) -> int:
    """A number below `width` (0 for none) that a text always gets."""
    if width <= 0:
        return 0
    return int.from_bytes(blake2b(of.encode("utf-8", "surrogatepass"), digest_size=8).digest()) % width
