"""A checked part of a source."""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import nodes

from triggers.expressions.syntax import SourceInvalid, offset_of, operand, written
from triggers.expressions.types import Type
from triggers.expressions.values import Run


@dataclass(frozen=True, slots=True)
class Term:
    """`literal`: it names nothing of the context. `currency` gives that of an amount. `name`: it is the name of a
    product, or what is written in its place, which may be shortened so that a text fits."""

    type: Type
    run: Run
    node: nodes.Node
    literal: bool = False
    currency: Run | None = None
    name: bool = False

    @property
    def source(self) -> str:
        return written(self.node)

    @property
    def operand(self) -> str:
        """The source as it stands beside a comparison's sign."""
        return operand(self.node)

    def refused(self, message: str, hint: str = "") -> SourceInvalid:
        """The error that stands where this term does."""
        return SourceInvalid(offset_of(self.node), message, hint)
