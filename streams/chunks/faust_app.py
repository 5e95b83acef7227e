"""The Faust app: its agent gets chunks, its assignments open partitions, and nothing else of it is switched on.

Not used of Faust: its worker (its console spinner sets the root logger to DEBUG), its producer, its tables, its web
server, its timers (they run on every worker), its commits.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol, cast

import faust
from faust.app.base import BootStrategy
from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery

from streams.chunks.chunk import Chunk
from streams.chunks.consumer import ChunkConsumer, Owner
from streams.chunks.fetch import Fetching
from streams.chunks.membership import NoMember
from streams.chunks.transport import ChunkTransport

PATIENCE_SECONDS: Final = 1000.0
"""Faust's own. A partition whose commits hang is loaded anew long before."""

METADATA_SECONDS: Final = 3.0
"""How old what is known of the topics may be. A broker that has just come back may know none of them; a group whose
leader asks at that moment is assigned nothing, and hears of its topics with the next answer: after aiokafka's usual
five minutes, in which nobody would be reminded."""


class PartitionOwner(Owner, Protocol):
    """What runs the partitions: told of assignments, given the chunks."""

    async def assigned(self, generation: int, superseded: Superseded) -> bool:
        """Load what this member was assigned. False when another rebalance came in between."""

    async def accept(self, generation: int) -> None:
        """Fetching runs: take chunks of this generation, and fetch from the partitions' own positions."""

    async def offer(self, chunk: Chunk) -> None:
        """One chunk. Returning late slows fetching down."""

    async def close(self) -> None:
        """Partitions are given up for good."""


class Superseded(Protocol):
    """Answers whether another rebalance has begun."""

    def __call__(self) -> bool: ...


class _Boot(BootStrategy):
    # Faust's producer is not idempotent and knows no transaction of ours: nothing is sent through it.
    enable_kafka_producer = False
    enable_web = False


class _Recovery(Recovery):
    async def _resume_streams(self, generation_id: int = 0) -> None:
        # Faust reads 4,000 to 7,000 rows/s from a changelog, and seeks to offsets it read before anybody was fenced.
        # So: the owner fences and loads first, then Faust resumes, then the owner's positions rule.
        app = cast(ChunkApp, self.app)
        if app.consumer_generation_id != generation_id:
            return
        superseded = self.signal_recovery_start.is_set
        if not await app.owner.assigned(generation_id, superseded) or superseded():
            raise RebalanceAgain
        await super()._resume_streams(generation_id)
        await app.owner.accept(generation_id)


class _Tables(TableManager):
    @property
    def recovery(self) -> Recovery:
        if self._recovery is None:
            self._recovery = _Recovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


class _ChunkSchema(faust.Schema[Any, Any]):
    def compile(self, app: Any, **_: Any) -> Any:
        # The event's value is the chunks themselves: records are decoded by their owner, a whole chunk in one call.
        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return app.create_event(None, message.value, None, message)

        return decode


class ChunkApp(faust.App):
    """A Faust app over `topics` whose chunks and assignments go to `owner`."""

    BootStrategy = _Boot
    owner: PartitionOwner
    fetching: Fetching
    refused: asyncio.Future[NoMember]
    """Done when the group will never take this member: why. It is for whoever started the app to stop it then."""

    @classmethod
    def build(
        cls,
        owner: PartitionOwner,
        topics: tuple[str, ...],
        *,
        app_id: str,
        fetching: Fetching,
        bootstrap: str,
        credentials: Any = None,
        session_timeout: float,
        heartbeat_interval: float,
        instance_id: str | None,
        patience: float = PATIENCE_SECONDS,
    ) -> ChunkApp:
        """Nothing connects before `start`. To be called in the loop that it will run in. Times in seconds. `patience`:
        how long a worker may take no chunk and stay in its group."""
        options: Mapping[str, Any] = {} if instance_id is None else {"consumer_group_instance_id": instance_id}
        app = cls(
            app_id,
            broker=[f"kafka://{server}" for server in bootstrap.split(",")],
            broker_credentials=credentials,
            store="memory://",
            datadir=Path(tempfile.gettempdir()) / "rewake-no-data",  # named, never made: Faust keeps nothing on disk
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            TableManager=_Tables,
            consumer_auto_offset_reset="earliest",
            consumer_max_fetch_size=2 << 20,
            consumer_metadata_max_age_ms=round(METADATA_SECONDS * 1000),
            stream_buffer_maxsize=16,
            stream_recovery_delay=0.0,
            stream_wait_empty=True,
            broker_session_timeout=session_timeout,
            broker_heartbeat_interval=heartbeat_interval,
            broker_max_poll_interval=patience,
            broker_request_timeout=max(40.0, session_timeout + 5.0),
            broker_commit_interval=3600.0,  # Faust's committer has nothing to commit: let it sleep
            **options,
        )
        app.owner = owner
        app.fetching = fetching
        app.refused = asyncio.get_running_loop().create_future()

        async def ingest(stream: Any) -> None:
            async for event in stream.events():
                for chunk in event.value:
                    await owner.offer(chunk)

        app.agent(app.topic(*topics, schema=_ChunkSchema(), acks=False), name="ingest")(ingest)
        return app

    @property
    def chunks(self) -> ChunkConsumer:
        """The consumer, typed."""
        return cast(ChunkConsumer, self.consumer)

    def _create_directories(self) -> None:
        return None

    def _new_transport(self) -> Any:
        return ChunkTransport(self.conf.broker_consumer, self)

    def _new_producer_transport(self) -> Any:
        return ChunkTransport(self.conf.broker_producer, self)

    async def on_stop(self) -> None:
        await super().on_stop()
        await self.owner.close()
