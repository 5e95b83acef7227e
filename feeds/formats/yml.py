"""Yandex Market YML: https://yandex.com/support/marketplace/assortment/fields/index.html

A `yml_catalog` of categories (a tree by `parentId`, or `A > B > C` in one name) and offers. A simple offer has its
`name`; one of type `vendor.model` is called by `typePrefix`, `vendor` and `model` where it has no name. Stock stands in
`count`, `stock` or `quantity`, or summed over `outlets`. Categories that come after the offers that use them are not
seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from feeds.draft import Draft
from feeds.formats import Format
from feeds.problems import Limits, Rejected, Repaired, TooMany
from feeds.source import Source
from feeds.xml.markup import Element, Grammar, elements, root_name
from feeds.xml.naming import in_attribute

_GRAMMAR = Grammar(
    record="offer",
    asides=("category", "currency"),
    id_place=in_attribute("offer", "id"),
)
_FIELDS = {
    "name": "name",
    "title": "title",
    "typePrefix": "prefix",
    "model": "model",
    "vendor": "vendor",
    "price": "price",
    "oldprice": "old_price",
    "currencyId": "currency",
    "categoryId": "category_id",
    "url": "url",
    "picture": "picture",
    "count": "stock",
    "stock": "stock",
    "quantity": "stock",
    "stock_quantity": "stock",
}
"""Where texts go: to a field of the draft, or to what makes a name where there is none (`_OF_A_NAME`)."""

_OF_A_NAME = frozenset(("title", "prefix", "model"))

_DEEPEST = 50
"""Names of a path, which is kept for each category."""

_PASSED_OVER = frozenset(
    (
        *("description", "vendorCode", "barcode", "delivery", "pickup", "store", "sales_notes", "weight", "dimensions"),
        *("country_of_origin", "manufacturer_warranty", "delivery-options", "pickup-options", "cpa", "condition"),
    )
)
"""What most offers have besides, known by sight."""


def _recognises(head: bytes) -> bool:
    return root_name(head) == "yml_catalog"


def _read(source: Source, limits: Limits) -> Iterator[Draft | Rejected | Repaired]:
    categories = _Categories(limits.categories)
    main_currency: list[str] = []
    for found in elements(source, _GRAMMAR, limits):
        if isinstance(found, Rejected):
            yield found
            continue
        element = found.element
        if found.is_record:
            draft = _draft(found, limits)
            draft.category_path = categories.path(draft.category_id)
            if not draft.currency and len(main_currency) == 1:
                draft.currency = main_currency[0]
            yield draft
        else:
            yield from found.mended
            if element.tag == "category":
                categories.add(element)
            elif element.get("rate") in ("1", "1.0", None) and element.get("id"):
                main_currency.append(element.get("id", ""))


def _draft(found: Element, limits: Limits) -> Draft:
    offer = found.element
    texts: dict[str, Any] = {}  # texts, which the draft's other fields are not
    params: list[tuple[str, str]] = []
    labels: list[tuple[str, str]] = []
    flat = found.flat
    field_of = _FIELDS.get
    for child in offer:
        tag = child.tag
        field = field_of(tag)
        if field is not None:
            if field not in texts:
                text = child.text if flat else text_of(child)
                texts[field] = text.strip() if text else ""
        elif tag == "param":
            name = child.get("name")
            if name and len(params) < limits.params:
                text = child.text if flat else text_of(child)
                text = text.strip() if text else ""
                unit = child.get("unit")
                params.append((name, f"{text} {unit}" if unit else text))
        elif tag in _PASSED_OVER or not isinstance(tag, str):
            continue
        elif tag == "outlets":
            stock = _in_outlets(child)
            if stock is not None:
                texts.setdefault("stock", stock)
        elif tag.startswith("custom_label_"):
            labels.append((tag, text_of(child)))
    if not texts.get("name") or not _OF_A_NAME.isdisjoint(texts):
        title, prefix, model = (texts.pop(part, "") for part in ("title", "prefix", "model"))
        if not texts.get("name"):
            texts["name"] = title or _called(prefix, texts.get("vendor", ""), model)
    if labels:
        labels.sort()
    attribute = offer.get
    return Draft(
        line=found.line,
        product_id=attribute("id"),
        group_id=attribute("group_id"),
        available=attribute("available"),
        params=tuple(params),
        labels=tuple([text for _, text in labels]) if labels else (),
        repaired=found.mended,
        **texts,
    )


def _called(prefix: str, vendor: str, model: str) -> str:
    """The name of a vendor.model offer: `Printer HP LaserJet`, the vendor once where the model begins with it too."""
    if model.casefold().startswith(vendor.casefold()):
        vendor = ""
    return " ".join(part for part in (prefix, vendor, model) if part)


def text_of(element: etree._Element) -> str:
    """The text of an element, markup inside it left out."""
    if len(element) == 0:
        return (element.text or "").strip()
    return "".join(str(part) for part in element.itertext()).strip()


def _in_outlets(outlets: etree._Element) -> str | None:
    counts = [outlet.get("instock", "") for outlet in outlets if outlet.tag == "outlet"]
    if not counts or not all(count.isascii() and count.isdigit() and len(count) < 10 for count in counts):
        return None
    return str(sum(int(count) for count in counts))


class _Categories:
    """The tree of categories: id -> (parent's id, name); of a repeated id the first counts."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[str, tuple[str | None, str]] = {}
        self._paths: dict[str, tuple[str, ...]] = {}

    def add(self, element: etree._Element) -> None:
        key = (element.get("id") or "").strip()
        if not key or key in self._known:
            return
        if len(self._known) >= self._limit:
            raise TooMany(f"more than {self._limit:,} categories")
        parent = (element.get("parentId") or element.get("parent_id") or "").strip()
        self._known[key] = (parent or None, " ".join(text_of(element).split()))
        self._paths.clear()

    def path(self, key: str | None) -> tuple[str, ...]:
        """The names from the root down; () for an unknown category. A cycle ends the path where it would close,
        and what lies deeper than any shop's has the nearest names alone."""
        if key is None:
            return ()
        if key not in self._paths:
            names: list[str] = []
            seen: set[str] = set()
            at: str | None = key
            while at is not None and at not in seen and at in self._known and len(names) < _DEEPEST:
                seen.add(at)
                at, name = self._known[at]
                names.extend(part.strip() for part in reversed(name.rsplit(" > ", _DEEPEST)))
            self._paths[key] = tuple(reversed(names[:_DEEPEST]))
        return self._paths[key]


FORMAT = Format(name="yml", recognises=_recognises, read=_read)
