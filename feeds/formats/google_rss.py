"""Google Merchant RSS 2.0: https://support.google.com/merchants/answer/7052112

Items of an RSS channel with attributes of the namespace `http://base.google.com/ns/1.0` (mostly prefixed `g:`), or
without a namespace (`title`, `link`), which give way to the former. The shop's own `product_type` is the category path
where it has one, Google's category otherwise; a numeric Google category is kept as `category_id`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from feeds.draft import Draft
from feeds.formats import Format
from feeds.formats.yml import text_of
from feeds.markup import Element, Grammar, elements, root_name
from feeds.problems import Limits, Rejected, Repaired
from feeds.source import Source

NAMESPACE = "http://base.google.com/ns/1.0"
_PREFIX = f"{{{NAMESPACE}}}"
_GRAMMAR = Grammar(
    record="item",
    id_pattern=re.compile(rb"<(?:[\w.-]+:)?id\s*>\s*(?:<!\[CDATA\[)?([^<>\]]{1,200})"),
)


def _recognises(head: bytes) -> bool:
    return root_name(head) == "rss" and NAMESPACE.encode() in head


def _read(source: Source, limits: Limits) -> Iterator[Draft | Rejected | Repaired]:
    for found in elements(source, _GRAMMAR, limits):
        yield found if isinstance(found, Rejected) else _draft(found, limits)


def _draft(found: Element, limits: Limits) -> Draft:
    texts: dict[str, str] = {}
    params: list[tuple[str, str]] = []
    for child in found.element:
        tag = child.tag
        if not isinstance(tag, str):
            continue
        if tag.startswith(_PREFIX):
            name = tag[len(_PREFIX) :]
            if name == "product_detail":
                _add_detail(child_texts(child), params, limits)
            elif name not in texts or f"plain {name}" in texts:
                texts.pop(f"plain {name}", None)
                texts[name] = text_of(child)
        elif not tag.startswith("{") and tag not in texts:
            texts[tag] = text_of(child)
            texts[f"plain {tag}"] = ""
    for name in ("color", "size", "material", "pattern", "gender", "age_group"):
        if texts.get(name) and len(params) < limits.params:
            params.append((name, texts[name]))
    path = texts.get("product_type") or ""
    google = texts.get("google_product_category") or ""
    numeric = google.isascii() and google.isdigit()
    if not path and not numeric:
        path = google
    return Draft(
        line=found.line,
        product_id=texts.get("id"),
        group_id=texts.get("item_group_id"),
        name=texts.get("title"),
        vendor=texts.get("brand"),
        category_id=google if numeric else None,
        category_path=tuple(part.strip() for part in path.split(">") if part.strip()),
        price=texts.get("price"),
        sale_price=texts.get("sale_price"),
        sale_window=texts.get("sale_price_effective_date"),
        available=texts.get("availability"),
        stock=texts.get("quantity") or texts.get("quantity_to_sell_on_facebook"),
        url=texts.get("link"),
        picture=texts.get("image_link"),
        params=tuple(params),
        labels=tuple(texts[label] for label in (f"custom_label_{place}" for place in range(5)) if texts.get(label)),
        repaired=found.mended,
    )


def child_texts(element: Iterable[Any]) -> dict[str, str]:
    """The texts of an element's children by local name."""
    return {str(child.tag).rpartition("}")[2]: text_of(child) for child in element}


def _add_detail(detail: dict[str, str], params: list[tuple[str, str]], limits: Limits) -> None:
    name, value = detail.get("attribute_name"), detail.get("attribute_value")
    if name and value and len(params) < limits.params:
        params.append((name, value))


FORMAT = Format(name="google-rss", recognises=_recognises, read=_read)
