"""A rendered SMS."""

from __future__ import annotations

from typing import Literal

import msgspec


class Message(msgspec.Struct, frozen=True, gc=False):
    """A rendered SMS. `products` are the ids the text showed, in order. What it gave up to fit: how many optional parts
    were `dropped`, and how many characters are left of each name that was `shortened`. `saved`: how many more segments
    it would need but for its cheaper letters, where nothing was given up."""

    text: str
    encoding: Literal["gsm-7", "ucs-2"]
    units: int
    segments: int
    products: tuple[str, ...] = ()
    dropped: int = 0
    shortened: tuple[int, ...] = ()
    saved: int = 0
