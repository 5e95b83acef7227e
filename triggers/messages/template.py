"""One touch's text: a sandboxed Jinja2 template that refuses rather than leave a hole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from triggers.context import Context
from triggers.messages.refused import MessageRefused

__all__ = ["Message", "MessageRefused", "MessageTemplate"]


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
