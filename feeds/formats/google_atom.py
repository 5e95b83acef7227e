"""Google Merchant Atom 1.0: https://support.google.com/merchants/answer/14987622

Entries of an Atom feed with attributes of the namespace `http://base.google.com/ns/1.0`. Where such a one is missing,
Atom's own `title`, `link` (its `href`) and `id` take its place. The `id` of Atom is an address of the entry as a rule,
so it is a product's id only in an entry without `g:id`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from feeds.draft import Draft
from feeds.formats import Format
from feeds.formats.google_rss import attributes
from feeds.formats.yml import text_of
from feeds.merchant import NAMESPACE, merchant_draft
from feeds.problems import Limits, Rejected, Repaired
from feeds.source import Source
from feeds.xml.markup import Element, Grammar, elements, root_name
from feeds.xml.naming import in_element

_ATOM: Final = "http://www.w3.org/2005/Atom"
_GRAMMAR = Grammar(
    record="entry",
    # with a prefix, for the one of Atom itself has none and may not be the product's
    id_place=in_element("id", prefixed=True),
)


def _recognises(head: bytes) -> bool:
    root = root_name(head)
    return root is not None and root.rpartition(":")[2] == "feed" and NAMESPACE.encode() in head


def _read(source: Source, limits: Limits) -> Iterator[Draft | Rejected | Repaired]:
    for found in elements(source, _GRAMMAR, limits):
        yield found if isinstance(found, Rejected) else _draft(found, limits)


def _draft(found: Element, limits: Limits) -> Draft:
    texts, details = attributes(found.element, limits)
    child: Any
    for child in found.element:
        tag = child.tag
        if not isinstance(tag, str):
            continue
        space, _, name = tag.rpartition("}")
        if space not in ("", f"{{{_ATOM}"):
            continue
        if name != "link":
            texts.setdefault(name, text_of(child))
        elif child.get("rel", "alternate") == "alternate":
            texts.setdefault(name, child.get("href") or text_of(child))
    return merchant_draft(found.line, texts, details, limits, found.mended)


FORMAT = Format(name="google-atom", recognises=_recognises, read=_read)
