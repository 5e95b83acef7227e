"""One touch's text: a sandboxed Jinja2 template that refuses rather than leave a hole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from triggers.context import Context


class MessageRefused(Exception):
    """The text cannot be made. `reason` is a stable word (no-product-to-show, missing-value, ...), `detail` names it."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered SMS. `products` are the ids the text showed, in order."""

    text: str
    encoding: Literal["gsm-7", "ucs-2"]
    units: int
    segments: int
    products: tuple[str, ...] = ()


class MessageTemplate:
    """One compiled template; immutable."""

    source: str

    def render(self, context: Context) -> Message:
        """Raises MessageRefused."""
        raise NotImplementedError
