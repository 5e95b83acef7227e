"""A text as it grows: its pieces, which of them are names of products, and which parts of it are optional."""

from __future__ import annotations

from typing import NamedTuple

from triggers.expressions.compiler import LONGEST_TEXT
from triggers.expressions.values import Scope
from triggers.messages.refused import MessageRefused


class OptionalPart(NamedTuple):
    """A part of the text that may be dropped: its pieces, from `begin` to before `end`; the products shown in it, and
    those shown `before` it, back to the one before."""

    begin: int
    end: int
    products: dict[str, None]
    before: dict[str, None]


class Page:
    """Never beyond its bound. `texts`: the pieces, in order; `names`: the places of those that are names of products,
    None where nobody asks for them; `parts`: the optional ones that were written, in order."""

    __slots__ = ("length", "names", "parts", "texts")

    def __init__(self, names: list[int] | None) -> None:
        self.texts: list[str] = []
        self.names = names
        self.parts: list[OptionalPart] = []
        self.length = 0

    def add(self, text: str) -> None:
        self.length += len(text)
        if self.length > LONGEST_TEXT:
            raise MessageRefused("too-long", f"more than {LONGEST_TEXT} characters")
        self.texts.append(text)

    def close(self, scope: Scope, begin: int, before: dict[str, None]) -> None:
        """End an optional part that began at the piece `begin`; `before`: the products shown since the last one. A part
        of blanks alone is none."""
        if "".join(self.texts[begin:]).strip():
            self.parts.append(OptionalPart(begin, len(self.texts), scope.products, before))
            scope.products = {}
        else:
            scope.products = before | scope.products

    def take_back(self, begin: int, length: int) -> None:
        """Forget what was written after there were so many pieces and characters."""
        del self.texts[begin:]
        self.length = length
        if self.names is not None:
            self.names = [place for place in self.names if place < begin]

    def products(self, scope: Scope, dropped: int = 0) -> tuple[str, ...]:
        """The ids that the text shows without its last `dropped` optional parts, in order."""
        kept = len(self.parts) - dropped
        shown: dict[str, None] = {}
        for number, part in enumerate(self.parts):
            shown |= part.before
            if number < kept:
                shown |= part.products
        return tuple(shown | scope.products)
