"""What a worker keeps on its own disk or in memory: products, and the rows of its partitions."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from typing import Final

import structlog

from feeds.store import ProductStore, StoreInUse, claim
from schemas.topics import changelog
from streams.following import following
from streams.metrics import Metrics
from streams.partition.loading import row_table
from streams.partition.ports import RowsReader
from streams.partition.recovery import ChangelogRows
from streams.partition.standby import Standby
from streams.products import ProductsReader
from streams.rows import MemoryRowStore, RowStore
from streams.rows.rocks import NoRocks, RocksFolder
from streams.settings import Settings
from streams.wiring.refusing import CannotStart

log: Final = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def products(settings: Settings, wall: Callable[[], int]) -> AsyncIterator[ProductStore]:
    """The store, read up to the topic's end and followed from there. `wall`: microseconds since the epoch."""

    def bad(offset: int, why: str) -> None:
        log.warning("a record of products is no snapshot", offset=offset, why=why)

    with contextlib.closing(_claimed(settings)) as store:
        reader = ProductsReader(store, settings.kafka_client_options(), wall=wall, on_bad=bad)
        await reader.start()
        try:
            log.info("products read", records=await reader.catch_up(), products=store.count())
            async with following(reader.run(), "products"):
                yield store
        finally:
            await reader.stop()


def _claimed(settings: Settings) -> ProductStore:
    try:
        return claim(settings.products_store)
    except (StoreInUse, OSError) as error:
        raise CannotStart(f"no product store in {settings.products_store}: {error}") from error


@contextlib.contextmanager
def row_stores(settings: Settings) -> Iterator[Callable[[], RowStore]]:
    """What makes the stores that keep rows, each for one partition."""
    if settings.rows != "rocksdb":
        yield MemoryRowStore
        return
    try:
        folder = RocksFolder(settings.rows_dir)
    except NoRocks as error:
        raise CannotStart(str(error)) from error
    with contextlib.closing(folder):
        yield folder.store


@contextlib.asynccontextmanager
async def rows_reader(
    settings: Settings,
    partitions: int,
    store: Callable[[], RowStore],
    owned: Callable[[], Collection[int] | None],
    metrics: Metrics,
) -> AsyncIterator[RowsReader]:
    """Where rows are read back from: the changelog, or what a standby has followed of it. `owned` answers what the
    group has given to this worker, None before it has given anything."""
    rows = ChangelogRows(settings.kafka_client_options(), changelog(settings.app_id).name)
    if settings.standby == "off":
        yield rows
        return
    standby = Standby(rows, range(partitions), owned, lambda: row_table(store()), metrics)
    async with standby.running():
        yield standby
