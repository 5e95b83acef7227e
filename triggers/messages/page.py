"""A text as it grows: its pieces, which of them are names of products, and which parts of it are optional."""

from __future__ import annotations

from dataclasses import dataclass

from triggers.expressions.compiler import LONGEST_TEXT
from triggers.expressions.values import Scope
from triggers.messages.refused import MessageRefused


@dataclass(frozen=True, slots=True)
class OptionalPart:
    """A part of the text that may be dropped: its pieces, from `begin` to before `end`."""

    begin: int
    end: int


class Page:
    """Never beyond its bound. `texts`: the pieces, in order; `names`: the places of those that are names of products;
    `parts`: the optional ones that were written, in order."""

    __slots__ = ("_shown", "length", "names", "parts", "texts")

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.names: list[int] = []
        self.parts: list[OptionalPart] = []
        self.length = 0
        self._shown: list[dict[str, None]] = []  # products: before the first part, in it, between it and the next ...

    def add(self, text: str) -> None:
        self.length += len(text)
        if self.length > LONGEST_TEXT:
            raise MessageRefused("too-long", f"more than {LONGEST_TEXT} characters")
        self.texts.append(text)

    def close(self, scope: Scope, begin: int, before: dict[str, None]) -> None:
        """End an optional part that began at the piece `begin`; `before`: the products shown since the last one. A part
        of blanks alone is none."""
        if "".join(self.texts[begin:]).strip():
            self.parts.append(OptionalPart(begin, len(self.texts)))
            self._shown += (before, scope.products)
            scope.products = {}
        else:
            scope.products = before | scope.products

    def take_back(self, begin: int, length: int, names: int) -> None:
        """Forget what was written after there were so many pieces, characters and names."""
        del self.texts[begin:]
        del self.names[names:]
        self.length = length

    def products(self, scope: Scope, dropped: int = 0) -> tuple[str, ...]:
        """The ids that the text shows without its last `dropped` optional parts, in order."""
        if not self._shown:
            return tuple(scope.products)
        kept = len(self.parts) - dropped
        shown: dict[str, None] = {}
        for place, products in enumerate((*self._shown, scope.products)):
            if place % 2 == 0 or place // 2 < kept:
                shown |= products
        return tuple(shown)
