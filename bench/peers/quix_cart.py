"""Quix Streams: a StreamingDataFrame with State in RocksDB and its changelog.

State is bound to the current key and there are no timers: other customers' deadlines lie in a plain heap (lost on a
restart); the row itself still says what was due.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import Any

from quixstreams import Application, State, message_context

from bench.peers import cart

probe = cart.Probe()
heaps: dict[int, list[tuple[int, str, list[Any]]]] = defaultdict(list)
waiting: dict[str, int] = {}


def follow(event: dict[str, Any], state: State) -> list[dict[str, Any]]:
    probe.begin()
    cart.check(event)
    at, customer, heap = cart.instant(event["occurred_at"]), event["customer_id"], heaps[message_context().partition]
    fired = []
    while heap and heap[0][0] < at:
        due, other, items = heapq.heappop(heap)
        if waiting.get(other) == due:
            del waiting[other]
            fired.append(cart.command(other, due, items))
    found = state.get("cart") or cart.empty()
    if cart.is_due(found, at):
        found["due"] = None  # the sweep has sent it
    cart.apply(found, event, at)
    if event["type"] == "CartItemAdded":
        heapq.heappush(heap, (found["due"], customer, found["items"]))
        waiting[customer] = found["due"]
    elif event["type"] == "OrderPlaced":
        waiting.pop(customer, None)
    state.set("cart", found)
    probe.end()
    return fired


def main() -> None:
    app = Application(
        broker_address=cart.BOOTSTRAP, consumer_group=cart.APP, auto_offset_reset="earliest", state_dir=cart.STATE,
        loglevel="WARNING", processing_guarantee="exactly-once" if cart.EXACTLY_ONCE else "at-least-once",
    )  # fmt: skip
    events = app.topic(cart.TOPIC, key_deserializer="str", value_deserializer="json")
    commands = app.topic(cart.COMMANDS, key_serializer="str", value_serializer="json")
    frame = app.dataframe(events).apply(follow, stateful=True, expand=True)
    frame.to_topic(commands, key=lambda command: command["customer_id"])
    app.run()


if __name__ == "__main__":
    main()
