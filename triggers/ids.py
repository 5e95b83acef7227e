"""Ids and jitter that derive from inputs alone."""

from __future__ import annotations

from hashlib import blake2b


def identifier(*parts: str) -> str:
    """128 bits in hex over the parts, each kept apart from the next."""
    return blake2b(_bytes("\x1f".join(parts)), digest_size=16).hexdigest()


def spread(of: str, width: int) -> int:
    """A number below `width` (0 for none) that a text always gets."""
    if width <= 0:
        return 0
    return int.from_bytes(blake2b(_bytes(of), digest_size=8).digest()) % width


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # a surrogate that stands alone, as JSON may say it
        return text.encode("utf-8", "surrogatepass")
