"""The words between the broker, its clients and whoever simulates them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol, TypeVar

from aiokafka.errors import KafkaConnectionError, KafkaError

Clock = Callable[[], int]
"""The broker's own clock: microseconds since the epoch. Stamps records and times transactions out."""

Defer = Callable[[Callable[[], None]], None]
"""Takes what the broker does some time after it has answered: writing a marker to one partition, or making one group's
offsets visible. To be called once, soon; those of one transaction may run in any order."""

Isolation = Literal["read_committed", "read_uncommitted"]

Place = tuple[str, int]
"""(topic, partition)."""

Result = TypeVar("Result")


class Lost(KafkaConnectionError):  # type: ignore[misc]  # aiokafka has no types
    """The connection broke. Raised by a network on the way there: nothing happened; on the way back: it did. A client
    can't tell which, and asks again as aiokafka does, until it is closed."""

    retriable = True


class Network(Protocol):
    """The way between one process and the broker. `name` is the request's: `produce`, `end_txn`, ... (Kafka's names).

    Either call may take its time, raise `Lost`, or be cancelled with the process.
    """

    async def request(self, name: str) -> None:
        """Before the broker does it. Lost: it never will."""

    async def answer(self, name: str) -> None:
        """After the broker has done it, or refused. Lost: the client doesn't learn which."""


class Direct:
    """A network without delay or loss."""

    async def request(self, name: str) -> None: ...

    async def answer(self, name: str) -> None: ...


async def call(network: Network, name: str, do: Callable[[], Result]) -> Result:
    """One request: there, done at once, back. Raises what the broker refused with, or Lost."""
    await network.request(name)
    try:
        result = do()
    except KafkaError:
        await network.answer(name)
        raise
    await network.answer(name)
    return result


class FetchAnswer(NamedTuple):
    """One partition's part of a fetch. `start`: the offset asked for; `records`: whole batches, the first of which may
    begin before `start`; `aborted`: (producer id, first offset) of aborted transactions that these may hold, under
    `read_committed` only; `last_stable`: the first offset of the oldest open transaction, else `high_watermark`;
    `begins`: the first offset that the log still has."""

    start: int
    records: bytes
    aborted: list[tuple[int, int]]
    high_watermark: int
    last_stable: int
    begins: int
