"""Rewake's topics made new for a test, on brokers that other tests have used."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient

from streams.provision import provide, specs_of


async def delete(bootstrap: str, names: set[str]) -> None:
    """Delete those of `names` that exist, and come back when the broker no longer lists them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        old = names & set(await admin.list_topics())
        if old:
            await admin.delete_topics(sorted(old))
        for _ in range(200):
            if not names & set(await admin.list_topics()):
                return
            await asyncio.sleep(0.05)
        raise TimeoutError(f"still there: {names}")
    finally:
        await admin.close()


async def recreate(bootstrap: str, *, app: str, partitions: int = 4) -> None:
    """Delete all of an installation's topics and create them empty, with records kept for ever."""
    await delete(bootstrap, {spec.name for spec in specs_of(app)})
    await provide(
        {"bootstrap_servers": bootstrap}, app=app, partitions=partitions, default_partitions=partitions, history=True
    )
