"""Our own products: JSON Lines as `rewake feed parse --out` writes them, one product a line.

The fields are those of the contract ProductSnapshot (docs/contracts/ProductSnapshot.schema.json), so the records of the
topic `products` are read too. `shop_id` and what only tells of a sync are passed over: a feed's products belong to the
shop whose feed it is. An array of such objects is read as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feeds.draft import Draft
from feeds.formats import Format
from feeds.objects import first_object, objects, text_of
from feeds.problems import Limits, Rejected, Repaired
from feeds.source import Source


def _recognises(head: bytes) -> bool:
    fields = first_object(head)
    # events of the storefront have a product, too
    return "product_id" in fields and not {"event_id", "customer_id"} & fields.keys()


def _read(source: Source, limits: Limits) -> Iterator[Draft | Rejected | Repaired]:
    for found in objects(source, "product_id", limits):
        yield found if isinstance(found, Rejected) else _draft(found.line, found.fields, limits)


def _draft(line: int, fields: dict[str, Any], limits: Limits) -> Draft:
    available = fields.get("available")
    return Draft(
        line=line,
        product_id=text_of(fields.get("product_id")),
        group_id=text_of(fields.get("group_id")),
        name=text_of(fields.get("name")),
        vendor=text_of(fields.get("vendor")),
        category_id=text_of(fields.get("category_id")),
        category_path=tuple(_texts(fields.get("category_path"))),
        price=text_of(fields.get("price")),
        old_price=text_of(fields.get("old_price")),
        currency=text_of(fields.get("currency")),
        available={True: "yes", False: "no"}[available] if isinstance(available, bool) else text_of(available),
        stock=text_of(fields.get("stock")),
        url=text_of(fields.get("url")),
        picture=text_of(fields.get("picture")),
        params=tuple(
            (pair[0], pair[1]) for pair in map(_texts, _list(fields.get("params"))[: limits.params]) if len(pair) == 2
        ),
        labels=tuple(_texts(fields.get("labels"))),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(values: Any) -> list[str]:
    return [text for value in _list(values) if (text := text_of(value))]


FORMAT = Format(name="rewake", recognises=_recognises, read=_read)
