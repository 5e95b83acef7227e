"""What Google Merchant and Facebook catalogues call the attributes of a product, whatever the feed is written in.

https://support.google.com/merchants/answer/7052112, https://www.facebook.com/business/help/120325381656392

The shop's own `product_type` is the category path where it has one, Google's (or Facebook's) category otherwise; a
numeric Google category is kept as `category_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from feeds.draft import Draft
from feeds.problems import Limits, Repaired

NAMESPACE: Final = "http://base.google.com/ns/1.0"
LABELS: Final = tuple(f"custom_label_{place}" for place in range(5))
PARAMS: Final = ("color", "size", "material", "pattern", "gender", "age_group")
NAMES: Final = frozenset(
    (
        *("id", "item_group_id", "title", "brand", "google_product_category", "fb_product_category", "product_type"),
        *("price", "sale_price", "sale_price_effective_date", "availability", "quantity", "inventory"),
        *("quantity_to_sell_on_facebook", "link", "image_link", *LABELS, *PARAMS),
    )
)
"""The attributes that a draft is made of."""


def merchant_draft(
    line: int,
    texts: Mapping[str, str],
    details: Iterable[tuple[str, str]],
    limits: Limits,
    repaired: tuple[Repaired, ...] = (),
) -> Draft:
    """A draft out of the texts of attributes by name; `details` are pairs of name and value beside them."""
    params = list(details)
    params += [(name, texts[name]) for name in PARAMS if texts.get(name)]
    path = texts.get("product_type") or ""
    google = texts.get("google_product_category") or ""
    numeric = google.isascii() and google.isdigit()
    if not path:
        path = (texts.get("fb_product_category") or "") if numeric or not google else google
    return Draft(
        line=line,
        product_id=texts.get("id"),
        group_id=texts.get("item_group_id"),
        name=texts.get("title"),
        vendor=texts.get("brand"),
        category_id=google if numeric else None,
        category_path=parts_of(path),
        price=texts.get("price"),
        sale_price=texts.get("sale_price"),
        sale_window=texts.get("sale_price_effective_date"),
        available=texts.get("availability") or None,
        stock=texts.get("quantity_to_sell_on_facebook") or texts.get("quantity") or texts.get("inventory"),
        url=texts.get("link"),
        picture=texts.get("image_link"),
        params=tuple(params[: limits.params]),
        labels=tuple(texts[label] for label in LABELS if texts.get(label)),
        repaired=repaired,
    )


def parts_of(path: str) -> tuple[str, ...]:
    """`Kitchen > Kettles` as its parts; a category that is a number is none."""
    if path.isascii() and path.isdigit():
        return ()
    return tuple(part.strip() for part in path.split(">") if part.strip())
