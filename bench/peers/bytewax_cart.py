"""Bytewax: Kafka in and out, a stateful step by customer with recovery (SQLite, epochs of 10 s), one worker.

Its `notify` is by wall clock alone, so a step asks what time the stream has reached, and asks again.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSinkMessage
from bytewax.connectors.kafka import operators as kafka
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulLogic
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from bench.peers import cart

EPOCH = timedelta(seconds=10)
probe = cart.Probe()
reached: dict[int, int] = {}
"""Event time by partition."""

Arrived = tuple[dict[str, Any], int, int]


def arrive(message: Any) -> Arrived:
    """The event, its instant and its partition."""
    event = cart.read(message.value)
    at = reached[message.partition] = cart.instant(event["occurred_at"])
    return event, at, message.partition


class Cart(StatefulLogic[Arrived, dict[str, Any], Any]):
    def __init__(self, resumed: Any) -> None:
        self.customer, self.partition, self.state = resumed or ("", 0, cart.empty())

    def on_item(self, value: Arrived) -> tuple[list[dict[str, Any]], bool]:
        probe.begin()
        event, at, self.partition = value
        self.customer = event["customer_id"]
        fired = self._fired(at)
        cart.apply(self.state, event, at)
        probe.end()
        return fired, StatefulLogic.RETAIN

    def on_notify(self) -> tuple[list[dict[str, Any]], bool]:
        return self._fired(reached.get(self.partition, 0)), StatefulLogic.RETAIN

    def on_eof(self) -> tuple[list[dict[str, Any]], bool]:
        return self._fired(max(reached.values())), StatefulLogic.RETAIN

    def notify_at(self) -> datetime | None:
        due = self.state["due"]
        if due is None:
            return None
        return datetime.now(UTC) + timedelta(milliseconds=max(1000, due - reached.get(self.partition, due)))

    def snapshot(self) -> Any:
        return self.customer, self.partition, copy.deepcopy(self.state)

    def _fired(self, at: int) -> list[dict[str, Any]]:
        if not cart.is_due(self.state, at):
            return []
        fired = cart.command(self.customer, self.state["due"], self.state["items"])
        self.state["due"] = None
        return [fired]


def dataflow() -> Dataflow:
    flow = Dataflow("cart")
    source = kafka.input("events", flow, brokers=[cart.BOOTSTRAP], topics=[cart.TOPIC], tail=False)
    arrived = op.map("arrive", source.oks, arrive)
    keyed = op.key_on("customer", arrived, lambda value: value[0]["customer_id"])
    commands = op.stateful("cart", keyed, Cart)
    messages = op.map("encode", commands, lambda pair: KafkaSinkMessage(pair[0].encode(), orjson.dumps(pair[1])))
    kafka.output("commands", messages, brokers=[cart.BOOTSTRAP], topic=cart.COMMANDS)
    return flow


if __name__ == "__main__":
    store = Path(cart.STATE)
    store.mkdir(parents=True, exist_ok=True)
    init_db_dir(store, 1)
    cli_main(dataflow(), epoch_interval=EPOCH, recovery_config=RecoveryConfig(str(store)))
