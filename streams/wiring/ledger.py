"""Who counts touches, and what fills it again when it came back empty."""

from __future__ import annotations

from typing import Final

import structlog

from streams.ledger import Ledger, PatientLedger, RedisLedger, RowLedger, UnfitRedis, check_redis
from streams.ledger.guard import Guard
from streams.ledger.refill import Refill, sent_since
from streams.metrics import Metrics
from streams.settings import Settings
from streams.wiring.refusing import CannotStart
from triggers.rules.model import RuleBook
from triggers.shared import SharedOfShops

log: Final = structlog.get_logger(__name__)


def ledger_of(settings: Settings, book: RuleBook, metrics: Metrics) -> tuple[Ledger, Refill | None]:
    """The ledger, and what keeps its guard (streams.ledger.guard) where there is a Redis. Nothing connects yet."""
    if settings.ledger == "rows":
        return RowLedger(), None
    client, shared = settings.ledger_client(), SharedOfShops(book)
    guard = Guard(client, settings.app_id, shared.covers)
    ledger = RedisLedger(
        client,
        prefix=settings.app_id,
        timeout=settings.redis_timeout,
        lapse=round(settings.reservation_lapse * 1_000_000),
        secret=settings.hmac_secret,
        guard=guard,
        metrics=metrics,
    )
    stream = settings.clock == "stream"
    refill = Refill(
        guard,
        ledger,
        sent_since(settings.kafka_client_options(), None if stream else shared.longest),
        shared.ask_of,
        settle=2 * settings.transaction_timeout,
        metrics=metrics,
    )
    return PatientLedger(ledger) if stream else ledger, refill


async def check_fitness(settings: Settings) -> None:
    """CannotStart for a Redis that is not fit to count; one that is away may come."""
    if settings.ledger == "rows":
        return
    client = settings.ledger_client()
    try:
        away = await check_redis(client, settings.app_id)
    except UnfitRedis as unfit:
        raise CannotStart(str(unfit)) from unfit
    finally:
        await client.aclose()
    if away is not None:
        log.warning("Redis does not answer; touches that need it wait in their rows", why=away)
