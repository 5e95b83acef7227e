"""The floor: poll and parse, nothing else. aiokafka as it comes, orjson."""

from __future__ import annotations

import asyncio

import orjson
from aiokafka import AIOKafkaConsumer

from bench.peers import cart


async def main() -> None:
    probe = cart.Probe()
    consumer = AIOKafkaConsumer(
        cart.TOPIC, bootstrap_servers=cart.BOOTSTRAP, group_id=cart.APP, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        while not probe.is_done:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                probe.begin(len(records))
                for record in records:
                    orjson.loads(record.value)
            probe.end()
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main())
