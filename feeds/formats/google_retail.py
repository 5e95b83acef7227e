"""Products of Google's Retail API: https://cloud.google.com/retail/docs/reference/rest/v2/projects.locations.catalogs.branches.products

One object a product: JSON Lines as in Cloud Storage imports, an array, or the body of a request with `products`. The
price holds from `priceEffectiveTime` to `priceExpireTime` where they are given; `originalPrice` is the price outside
that time, and the old price within it. `attributes` may be a map or a list of `key` and `value`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from feeds.draft import Draft
from feeds.formats import Format
from feeds.merchant import parts_of
from feeds.objects import first_object, objects, text_of
from feeds.problems import Limits, Rejected, Repaired
from feeds.source import Source

_NAMES: Final = frozenset(("title", "categories", "priceInfo", "availability", "brands", "images", "uri"))
_ALWAYS: Final = ("1970-01-01T00:00:00+00:00", "9999-12-31T00:00:00+00:00")


def _recognises(head: bytes) -> bool:
    fields = first_object(head)
    return "id" in fields and "product_id" not in fields and not _NAMES.isdisjoint(fields)


def _read(source: Source, limits: Limits) -> Iterator[Draft | Rejected | Repaired]:
    for found in objects(source, "id", limits):
        yield found if isinstance(found, Rejected) else _draft(found.line, found.fields, limits)


def _draft(line: int, fields: dict[str, Any], limits: Limits) -> Draft:
    money = _map(fields, "priceInfo")
    now, usual = text_of(money.get("price")), text_of(money.get("originalPrice"))
    begin, end = text_of(money.get("priceEffectiveTime")), text_of(money.get("priceExpireTime"))
    timed = bool(now and usual and (begin or end))
    images = [image for image in _list(fields, "images") if isinstance(image, dict)]
    available = text_of(fields.get("availability"))
    return Draft(
        line=line,
        product_id=text_of(fields.get("id")),
        group_id=text_of(fields.get("primaryProductId")),
        name=text_of(fields.get("title")),
        vendor=next(iter(_texts(fields, "brands")), None),
        category_path=parts_of(next(iter(_texts(fields, "categories")), "")),
        price=usual if timed else now,
        old_price=None if timed else usual,
        sale_price=now if timed else None,
        sale_window=f"{begin or _ALWAYS[0]}/{end or _ALWAYS[1]}" if timed else None,
        currency=text_of(money.get("currencyCode")),
        available=None if available == "AVAILABILITY_UNSPECIFIED" else available,
        stock=text_of(fields.get("availableQuantity")),
        url=text_of(fields.get("uri")),
        picture=text_of(images[0].get("uri")) if images else None,
        params=tuple(_params(fields)[: limits.params]),
        labels=tuple(_texts(fields, "tags")),
    )


def _params(fields: dict[str, Any]) -> list[tuple[str, str]]:
    given = fields.get("attributes")
    pairs = list(given.items()) if isinstance(given, dict) else []
    pairs += [(each.get("key"), each.get("value")) for each in _list(fields, "attributes") if isinstance(each, dict)]
    params = []
    for key, value in pairs:
        name = text_of(key)
        if name and isinstance(value, dict):
            params.append((name, ", ".join(_texts(value, "text") + _texts(value, "numbers"))))
    params.append(("color", ", ".join(_texts(_map(fields, "colorInfo"), "colors"))))
    for name, key in (("size", "sizes"), ("material", "materials"), ("pattern", "patterns")):
        params.append((name, ", ".join(_texts(fields, key))))
    return [(name, text) for name, text in params if text]


def _map(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _list(fields: dict[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    return value if isinstance(value, list) else []


def _texts(fields: dict[str, Any], name: str) -> list[str]:
    return [text for value in _list(fields, name) if (text := text_of(value))]


FORMAT = Format(name="google-retail", recognises=_recognises, read=_read)
