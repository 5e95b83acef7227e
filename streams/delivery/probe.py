"""What a broker can do, found out by asking it: transactions, idempotent producers.

Brokers announce APIs that then fail, so the answer is what InitProducerId does, not what ApiVersions says.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import errors
from aiokafka.client import AIOKafkaClient, ConnectionGroup, CoordinationType
from aiokafka.protocol.transaction import InitProducerIdRequest

SECONDS: Final = 20.0
"""A fresh Apache Kafka first creates the topic that holds transactions, which takes it a few seconds."""

_AGAIN: Final = (
    errors.CoordinatorNotAvailableError,
    errors.GroupCoordinatorNotAvailableError,
    errors.CoordinatorLoadInProgressError,
    errors.GroupLoadInProgressError,
    errors.NotCoordinatorForGroupError,
    errors.ConcurrentTransactions,
    errors.NodeNotReadyError,
    errors.RequestTimedOutError,
)


@dataclass(frozen=True, slots=True)
class Abilities:
    """`reason` says why there are no transactions, for people."""

    transactions: bool
    idempotence: bool
    reason: str = ""


class ProbeFailed(Exception):
    """The broker neither did it nor refused it. Deciding for at-least-once now could be a silent downgrade."""


async def probe(options: dict[str, Any], app_id: str) -> Abilities:
    """Ask for a transactional producer id of our own (`<app>-probe`), then for a plain one."""
    client = AIOKafkaClient(**options, client_id=f"{app_id}-probe")
    await client.bootstrap()
    try:
        refused = await _ask(client, f"{app_id}-probe")
        if refused is None:
            return Abilities(transactions=True, idempotence=True)
        return Abilities(False, await _ask(client, None) is None, refused)
    finally:
        await client.close()


async def _ask(client: AIOKafkaClient, transactional_id: str | None) -> str | None:
    """None when the broker gave a producer id, else its refusal."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            if transactional_id is None:
                node, group = client.get_random_node(), ConnectionGroup.DEFAULT
            else:
                node = await client.coordinator_lookup(CoordinationType.TRANSACTION, transactional_id)
                group = ConnectionGroup.COORDINATION
                await client.ready(node, group=group)
            request = InitProducerIdRequest(transactional_id, 60_000)
            answer = await asyncio.wait_for(client.send(node, request, group=group), SECONDS)
            if answer.error_code == 0:
                return None
            error: Exception = errors.for_code(answer.error_code)()
        except TimeoutError:
            raise ProbeFailed("the broker does not answer InitProducerId") from None
        except errors.KafkaError as failure:
            error = failure
        if not isinstance(error, _AGAIN):
            return type(error).__name__
        if time.monotonic() > deadline:
            raise ProbeFailed(f"the broker keeps answering {type(error).__name__} to InitProducerId") from error
        await asyncio.sleep(0.2)
