"""Why a text could not be made, as data."""

from __future__ import annotations


class MessageRefused(Exception):
    """The text cannot be made.

    `reason` is a stable word: missing-value, no-product-to-show, product-vanished, product-out-of-stock,
    product-unnamed, product-unlinked, too-long, empty-text. `detail` names the value or the product.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
