"""The topic `suppressions` as the commands read and write it, and what they say of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from streams.commands.console import fail, progress
from streams.commands.on_kafka import on_kafka

if TYPE_CHECKING:
    from pydantic import SecretStr

    from streams.delivery import Record
    from streams.settings import Settings
    from streams.suppressions.lists import Entry
    from streams.suppressions.records import KnownReason

_Result = TypeVar("_Result")


def read_all(settings: Settings) -> list[KnownReason]:
    """Every suppression of the topic, also those whose time is over."""
    from streams.suppressions.records import read_all as read_topic

    with progress() as bar:
        task = bar.add_task("reading the topic", total=None)
        return _talk(
            settings,
            lambda options: read_topic(options, lambda done, of: bar.update(task, completed=done, total=of)),
        )


def suppress(settings: Settings, secret: SecretStr, shop: str, entries: Sequence[Entry], now: int) -> None:
    """Write them: from `now` on, `manual` where nothing else is said."""
    from streams.suppressions.records import record

    records = (
        record(secret, shop, one.phone, one.reason or "manual", since=now, until=one.until, source=one.source)
        for one in entries
    )
    write(settings, records, len(entries))


def write(settings: Settings, records: Iterable[Record], total: int | None = None) -> None:
    from streams.suppressions.records import write as write_all

    with progress() as bar:
        task = bar.add_task("writing", total=total)
        _talk(
            settings,
            lambda options: write_all(options, records, lambda done: bar.update(task, completed=done)),
        )


def over(one: KnownReason, now: int) -> bool:
    """Whether its time is."""
    from schemas.instants import parse_rfc3339

    return one.until is not None and parse_rfc3339(one.until) <= now


def plain(one: KnownReason, now: int) -> dict[str, Any]:
    """For programs."""
    return {
        "shop_id": one.shop_id, "phone_hmac": one.phone_hmac, "reason": one.reason, "since": one.since,
        "until": one.until, "source": one.source, "ended": over(one, now), "unreadable": one.unreadable,
    }  # fmt: skip


def wall() -> int:
    """Microseconds since the epoch."""
    import time

    return time.time_ns() // 1000


def _talk(settings: Settings, work: Callable[[dict[str, Any]], Coroutine[Any, Any, _Result]]) -> _Result:
    """Do it with Kafka, or say why that can't be done."""
    from streams.suppressions.records import SuppressionsTopicUnusable

    try:
        return on_kafka(settings, lambda: work(settings.kafka_client_options()))
    except SuppressionsTopicUnusable as unusable:
        fail(str(unusable))
