"""Google Merchant RSS 2.0: https://support.google.com/merchants/answer/14987622

Items of an RSS channel with attributes of the namespace `http://base.google.com/ns/1.0` (mostly prefixed `g:`), or
without a namespace (`title`, `link`), which give way to the former.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from feeds.draft import Draft
from feeds.formats import Format
from feeds.formats.yml import text_of
from feeds.merchant import NAMESPACE, merchant_draft
from feeds.problems import Limits, Rejected, Repaired
from feeds.source import Source
from feeds.xml.markup import Element, Grammar, elements, root_name
from feeds.xml.naming import in_element

_PREFIX = f"{{{NAMESPACE}}}"
_GRAMMAR = Grammar(
    record="item",
    id_place=in_element("id"),
)


def _recognises(head: bytes) -> bool:
    return root_name(head) == "rss" and NAMESPACE.encode() in head


def _read(source: Source, limits: Limits) -> Iterator[Draft | Rejected | Repaired]:
    for found in elements(source, _GRAMMAR, limits):
        yield found if isinstance(found, Rejected) else _draft(found, limits)


def _draft(found: Element, limits: Limits) -> Draft:
    texts, details = attributes(found.element, limits)
    for child in found.element:
        tag = child.tag
        if isinstance(tag, str) and not tag.startswith("{"):
            texts.setdefault(tag, text_of(child))
    return merchant_draft(found.line, texts, details, limits, found.mended)


def attributes(record: Iterable[Any], limits: Limits) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The record's attributes of Google's namespace, of a repeated one the first, and its `product_detail` pairs."""
    texts: dict[str, str] = {}
    details: list[tuple[str, str]] = []
    for child in record:
        tag = child.tag
        if not isinstance(tag, str) or not tag.startswith(_PREFIX):
            continue
        name = tag[len(_PREFIX) :]
        if name != "product_detail":
            if name not in texts:
                texts[name] = text_of(child)
        elif len(details) < limits.params:
            parts = {str(part.tag).rpartition("}")[2]: text_of(part) for part in child}
            key, value = parts.get("attribute_name"), parts.get("attribute_value")
            if key and value:
                details.append((key, value))
    return texts, details


FORMAT = Format(name="google-rss", recognises=_recognises, read=_read)
