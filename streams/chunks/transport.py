"""Faust's transport with the consumer that delivers chunks."""

from __future__ import annotations

from faust.transport.drivers import aiokafka as driver

from streams.chunks.consumer import ChunkConsumer


class ChunkTransport(driver.Transport):
    Consumer = ChunkConsumer
