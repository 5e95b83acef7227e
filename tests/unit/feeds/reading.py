"""What the tests of feeds share: read bytes, sort out what came."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from typing import IO, BinaryIO, cast

from msgspec.structs import replace

from feeds.problems import Limits, Rejected, Repaired
from feeds.read import DEFAULT_LIMITS, Feed, read
from schemas.catalogue import Product


@dataclass
class Read:
    feed: Feed
    products: list[Product] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    repaired: list[Repaired] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [product.product_id for product in self.products]

    @property
    def reasons(self) -> list[tuple[str | None, str]]:
        return [(problem.product_id, problem.reason) for problem in self.rejected]

    @property
    def repairs(self) -> list[tuple[str | None, str]]:
        return [(problem.product_id, problem.reason) for problem in self.repaired]


def read_all(
    data: bytes | IO[bytes] | io.RawIOBase, limits: Limits = DEFAULT_LIMITS, at: int | None = None, shop: str = "main"
) -> Read:
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    done = Read(read(cast(BinaryIO, stream), shop, limits, at))
    for found in done.feed:
        if isinstance(found, Product):
            done.products.append(found)
        elif isinstance(found, Rejected):
            done.rejected.append(found)
        else:
            done.repaired.append(found)
    return done


def fed(product: Product) -> Product:
    """As a feed has it: without the history of its price."""
    return replace(product, price_history=())


def gzipped(data: bytes) -> bytes:
    """The same bytes at any time: tests are called by them, and every process has to call them alike."""
    return gzip.compress(data, mtime=0)


def yml(*offers: str, head: str = "", declaration: str = "") -> bytes:
    """A YML feed, every offer on a line of its own, the first on line 2 (after `head` on line 1)."""
    lines = [f"{declaration}<yml_catalog><shop>{head}<offers>", *offers, "</offers></shop></yml_catalog>"]
    return "\n".join(lines).encode()


def offer(number: int, inner: str = "<name>Tea</name>") -> str:
    return f'<offer id="{number}">{inner}</offer>'


def rss(*items: str) -> bytes:
    lines = ['<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>', *items, "</channel></rss>"]
    return "\n".join(lines).encode()
