"""The products of one feed in order of their ids, on disk: sorted in memory run by run, merged when they are read.

A feed's own order is anybody's guess, and a tree on disk that takes a million products in no order writes most of its
pages anew for each of them. Runs are written once, one after the other; memory holds one of them, and of each a block
while they are merged.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import Final, Self

import msgspec

from schemas.catalogue import Product

RUN_BYTES: Final = 16 * 1024**2
BLOCK_ROWS: Final = 256

_Row = tuple[bytes, bytes]
"""(id, product)."""


class SortedProducts:
    """Takes products of one shop with different ids, and gives them in order as often as is wanted.

    `folder` takes the runs, which are removed when it is closed. `run_bytes` is about what memory holds of them.
    """

    def __init__(self, folder: Path, *, run_bytes: int = RUN_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._run_bytes = run_bytes
        self._rows: list[_Row] = []
        self._bytes = 0
        self._runs: list[Path] = []
        self._encode = msgspec.msgpack.Encoder(decimal_format="string").encode
        self._decode = msgspec.msgpack.Decoder(Product).decode

    def add(self, product: Product) -> None:
        """OSError when the disk takes no more."""
        body = self._encode(product)
        self._rows.append((product.product_id.encode(), body))
        self._bytes += len(body)
        if self._bytes >= self._run_bytes:
            self._write()

    def products(self, shop_id: str) -> Iterator[Product]:
        """Those of the shop in order of product id (by code points). Nothing may be added meanwhile."""
        self._rows.sort()
        decode = self._decode
        for _, body in merge(*map(_rows, self._runs), self._rows):  # which in UTF-8 is the order of bytes
            product = decode(body)
            if product.shop_id == shop_id:
                yield product

    def close(self) -> None:
        for path in self._runs:
            path.unlink(missing_ok=True)
        self._runs = []
        self._rows = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _write(self) -> None:
        self._rows.sort()
        path = self._folder / f"run-{len(self._runs)}"
        self._runs.append(path)
        encode = msgspec.msgpack.Encoder().encode
        with path.open("wb") as file:
            for begin in range(0, len(self._rows), BLOCK_ROWS):
                block = encode(self._rows[begin : begin + BLOCK_ROWS])
                file.write(len(block).to_bytes(4, "big"))
                file.write(block)
        self._rows = []
        self._bytes = 0


_blocks: Final = msgspec.msgpack.Decoder(list[_Row])


def _rows(path: Path) -> Iterator[_Row]:
    with path.open("rb") as file:
        while size := file.read(4):
            yield from _blocks.decode(file.read(int.from_bytes(size, "big")))
