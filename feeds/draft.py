"""What a format takes out of a record, before `feeds.judge` judges it: strings as the feed writes them."""

from __future__ import annotations

import msgspec

from feeds.problems import Repaired


class Draft(msgspec.Struct, kw_only=True, gc=False, array_like=True, tag=0):
    """One record of a feed. Texts are as the feed writes them; None is absent.

    `price` may carry its currency (`129.00 USD`), which then wins over `currency`. `available` and `stock` are texts
    too. `sale_price` replaces the price within `sale_window` (`begin/end`, ISO 8601), always when there is none.
    """

    line: int
    product_id: str | None = None
    group_id: str | None = None
    name: str | None = None
    vendor: str | None = None
    category_id: str | None = None
    category_path: tuple[str, ...] = ()
    price: str | None = None
    old_price: str | None = None
    sale_price: str | None = None
    sale_window: str | None = None
    currency: str | None = None
    available: str | None = None
    stock: str | None = None
    url: str | None = None
    picture: str | None = None
    params: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    repaired: tuple[Repaired, ...] = ()
