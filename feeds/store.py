"""The workers' product store: a local cache of the topic `products` on sqlite3, and its fake in memory.

A look-up is a primary key and a msgpack blob, microseconds, with a small LRU in front; a million products take disk,
not memory. The position reached in the topic is kept in the same transaction as what was read up to it, so a restart
goes on where the content stands. It is a cache: a file of another version or a damaged one is thrown away and filled
again.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol, Self

import msgspec

from schemas.catalogue import Product

Change = tuple[str, str, Product | None]
"""(shop_id, product_id, the product or None when it has vanished)."""

_VERSION: Final = 2
_SLOTS: Final = 64
_BATCH: Final = 1000


class StoreInUse(Exception):
    """Another process holds the store."""


class BadLine(ValueError):
    """A line of a products file that is no product. `line` counts from 1."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(f"line {line}: {detail}")
        self.line = line
        self.detail = detail


class Store(Protocol):
    """What ProductStore and MemoryStore do alike; `tests/contract/test_product_store.py` holds them together.

    `position` is the offset of the topic at which reading goes on, None before anything was read; `caught_up_at` is
    when (microseconds since the epoch) the end of the topic was last seen.
    """

    @property
    def position(self) -> int | None: ...

    @property
    def caught_up_at(self) -> int | None: ...

    def get(self, shop_id: str, product_id: str) -> Product | None: ...

    def apply(
        self, changes: Iterable[Change], *, position: int | None = None, caught_up_at: int | None = None
    ) -> None: ...

    def products(self, shop_id: str) -> Iterator[Product]: ...

    def count(self, shop_id: str | None = None) -> int: ...

    def clear(self) -> None: ...

    def close(self) -> None: ...


class Ordered(Protocol):
    """What gives a shop's products in order of product id: a Store, or `feeds.sorting.SortedProducts`."""

    def products(self, shop_id: str) -> Iterator[Product]: ...


class ProductStore:
    """The store at `path`, made when it is missing; `cached` look-ups are kept in memory.

    One process at a time: StoreInUse when another has it open (`claim` finds a free one). Use it from one thread.
    """

    def __init__(self, path: Path, *, cached: int = 4096) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._cached = cached
        self._cache: OrderedDict[tuple[str, str], Product | None] = OrderedDict()
        self._encode = msgspec.msgpack.Encoder(decimal_format="string").encode
        self._decode = msgspec.msgpack.Decoder(Product).decode
        try:
            self._db = _opened(path)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StoreInUse(f"{path} is in use by another process") from None
            raise
        except sqlite3.DatabaseError:
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
            self._db = _opened(path)
        self._meta = {name: int(value) for name, value in self._db.execute("SELECT name, value FROM meta")}

    @property
    def position(self) -> int | None:
        return self._meta.get("position")

    @property
    def caught_up_at(self) -> int | None:
        return self._meta.get("caught_up_at")

    def get(self, shop_id: str, product_id: str) -> Product | None:
        """The product, None when the store has none."""
        key = (shop_id, product_id)
        cache = self._cache
        if key in cache:
            cache.move_to_end(key)
            return cache[key]
        row = self._db.execute("SELECT body FROM products WHERE shop_id = ? AND product_id = ?", key).fetchone()
        found = None if row is None else self._decode(row[0])
        cache[key] = found
        if len(cache) > self._cached:
            cache.popitem(last=False)
        return found

    def apply(self, changes: Iterable[Change], *, position: int | None = None, caught_up_at: int | None = None) -> None:
        """Take over changes in order, and where reading stands, in one transaction."""
        with self._db:
            self._db.execute("BEGIN")
            for shop_id, product_id, product in changes:
                self._cache.pop((shop_id, product_id), None)
                if product is None:
                    self._db.execute("DELETE FROM products WHERE shop_id = ? AND product_id = ?", (shop_id, product_id))
                else:
                    self._db.execute(
                        "INSERT OR REPLACE INTO products VALUES (?, ?, ?)", (shop_id, product_id, self._encode(product))
                    )
            for name, value in (("position", position), ("caught_up_at", caught_up_at)):
                if value is not None:
                    self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
                    self._meta[name] = value

    def products(self, shop_id: str) -> Iterator[Product]:
        """All products of a shop in order of product id (by code points)."""
        rows = self._db.execute("SELECT body FROM products WHERE shop_id = ? ORDER BY product_id", (shop_id,))
        for (body,) in rows:
            yield self._decode(body)

    def count(self, shop_id: str | None = None) -> int:
        """How many products there are, of one shop or of all."""
        where, values = ("", ()) if shop_id is None else (" WHERE shop_id = ?", (shop_id,))
        return int(self._db.execute(f"SELECT count(*) FROM products{where}", values).fetchone()[0])

    def clear(self) -> None:
        """Forget everything, the position too."""
        self._cache.clear()
        self._meta.clear()
        with self._db:
            self._db.execute("BEGIN")
            self._db.execute("DELETE FROM products")
            self._db.execute("DELETE FROM meta")

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


class MemoryStore:
    """The same in a dict, for tests and for replays of a few products."""

    def __init__(self) -> None:
        self._products: dict[tuple[str, str], Product] = {}
        self._position: int | None = None
        self._caught_up_at: int | None = None

    @property
    def position(self) -> int | None:
        return self._position

    @property
    def caught_up_at(self) -> int | None:
        return self._caught_up_at

    def get(self, shop_id: str, product_id: str) -> Product | None:
        return self._products.get((shop_id, product_id))

    def apply(self, changes: Iterable[Change], *, position: int | None = None, caught_up_at: int | None = None) -> None:
        for shop_id, product_id, product in list(changes):  # all of them or, when making them fails, none
            if product is None:
                self._products.pop((shop_id, product_id), None)
            else:
                self._products[shop_id, product_id] = product
        self._position = self._position if position is None else position
        self._caught_up_at = self._caught_up_at if caught_up_at is None else caught_up_at

    def products(self, shop_id: str) -> Iterator[Product]:
        return iter([product for (shop, _), product in sorted(self._products.items()) if shop == shop_id])

    def count(self, shop_id: str | None = None) -> int:
        return sum(shop_id is None or shop == shop_id for shop, _ in self._products)

    def clear(self) -> None:
        self._products = {}
        self._position = self._caught_up_at = None

    def close(self) -> None:
        pass


def claim(directory: Path, *, cached: int = 4096) -> ProductStore:
    """The first store of the directory that no other process holds, so that several workers may share a directory.

    StoreInUse when all are taken.
    """
    for slot in range(_SLOTS):
        try:
            return ProductStore(directory / f"products-{slot}.sqlite3", cached=cached)
        except StoreInUse:
            continue
    raise StoreInUse(f"all {_SLOTS} stores of {directory} are in use")


def load_jsonl(store: Store, lines: Iterable[bytes]) -> int:
    """Take over the products of JSON Lines as `rewake feed parse --out` writes them (snapshots of the topic will do
    too); the number of lines taken. BadLine for a line that is no product, and then what came before it is in."""
    decode = msgspec.json.Decoder(Product).decode
    taken = 0
    batch: list[Change] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            product = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            store.apply(batch)
            raise BadLine(number, str(error)) from None
        batch.append((product.shop_id, product.product_id, product))
        taken += 1
        if len(batch) >= _BATCH:
            store.apply(batch)
            batch = []
    store.apply(batch)
    return taken


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")  # takes the lock now, not at the first change
        if db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
            db.execute("DROP TABLE IF EXISTS products")
            db.execute("DROP TABLE IF EXISTS meta")
            db.execute(
                "CREATE TABLE products (shop_id TEXT, product_id TEXT, body BLOB, PRIMARY KEY (shop_id, product_id))"
                " WITHOUT ROWID"
            )
            db.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID")
            db.execute(f"PRAGMA user_version = {_VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db
