"""The floor under librdkafka: poll and parse, nothing else. Its back-off at a full queue is lowered to 10 ms."""

from __future__ import annotations

import orjson
from confluent_kafka import Consumer

from bench.peers import cart


def main() -> None:
    probe = cart.Probe()
    consumer = Consumer({
        "bootstrap.servers": cart.BOOTSTRAP, "group.id": cart.APP, "auto.offset.reset": "earliest",
        "fetch.queue.backoff.ms": 10,
    })  # fmt: skip
    consumer.subscribe([cart.TOPIC])
    try:
        while not probe.is_done:
            messages = consumer.consume(1000, 1.0)
            if messages:
                probe.begin(len(messages))
            for message in messages:
                if message.error():
                    raise SystemExit(str(message.error()))
                orjson.loads(message.value() or b"null")
            probe.end()
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
