"""Why a text could not be made, as data."""

from __future__ import annotations

from triggers.messages.message import Message


class MessageRefused(Exception):
    """The text cannot be made.

    `reason` is a stable word: missing-value, no-product-to-show, product-vanished, product-out-of-stock,
    product-unnamed, product-unlinked, too-long, empty-text, too-many-segments. `detail` names the value or the
    product, `numbers` are what else a decision says about it. `left`: of a text that does not fit, what it is with all
    given up that may be.
    """

    def __init__(
        self, reason: str, detail: str, numbers: tuple[tuple[str, str], ...] = (), left: Message | None = None
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.numbers = numbers
        self.left = left
