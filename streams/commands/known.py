"""Customers' rows as a command finds them: in a replay's state, or as the workers have committed them to Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from streams.commands.console import USED_WRONGLY, err, fail, note
from streams.commands.on_kafka import on_kafka, settings_or_exit

if TYPE_CHECKING:
    from triggers.customer import CustomerRow

Take = Callable[["Iterable[CustomerRow]", "int | None"], None]
"""Rows, and the instant (microseconds) that a state of them has reached; None of what the workers know."""


def rows_or_exit(state: Path | None, bootstrap: str | None, take: Take, key: bytes | None = None) -> None:
    """Give `take` all rows, of Kafka one partition after the other; there of the partition of `key` alone, where one is
    given. What can't be read ends the command."""
    if state is not None and bootstrap is not None:
        fail("--state and --bootstrap are two places to look in", "leave one out", code=USED_WRONGLY)
    if state is not None:
        _of_state(state, take)
    else:
        _of_kafka(bootstrap, take, key)


def row_or_exit(shop_id: str, customer: str, state: Path | None, bootstrap: str | None) -> CustomerRow:
    """One customer's; who is not known ends the command."""
    from schemas.partitioner import customer_key

    found: list[CustomerRow] = []

    def take(rows: Iterable[CustomerRow], reached: int | None) -> None:
        found.extend(row for row in rows if (row.shop_id, row.customer_id) == (shop_id, customer))

    rows_or_exit(state, bootstrap, take, customer_key(shop_id, customer))
    if not found:
        fail(f"customer {customer!r} of shop {shop_id} is not known")
    return found[0]


def _of_state(state: Path, take: Take) -> None:
    from streams.saved import StateError, saved_rows

    try:
        reached, rows = saved_rows(state)
        take(rows, reached)
    except (StateError, OSError) as error:
        fail(str(error), code=USED_WRONGLY)


def _of_kafka(bootstrap: str | None, take: Take, key: bytes | None) -> None:
    from streams.chunks.reader import reading
    from streams.customers.listing import of_changelog

    settings = settings_or_exit(bootstrap)

    async def run() -> None:
        async with reading(settings.kafka_client_options()) as reader:
            await of_changelog(reader, settings.app_id, says, lambda rows: take(rows, None), key)

    def says(what: str) -> None:
        if err().is_terminal:
            note(f"reading {what}")

    on_kafka(settings, run)
