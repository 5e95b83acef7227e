"""Stock Faust: an agent, a table with its changelog, and a heap of deadlines swept at each event.

Faust has no timers by event time. Run as `python -m bench.peers.faust_cart worker -l warn --without-web`.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import Any

import faust

from bench.peers import cart

app = faust.App(
    cart.APP, broker=f"kafka://{cart.BOOTSTRAP}", store="memory://", topic_partitions=cart.PARTITIONS,
    datadir=cart.STATE, web_enabled=False, consumer_auto_offset_reset="earliest",
)  # fmt: skip


class Event(faust.Record, serializer="json"):
    type: str
    event_id: str
    customer_id: str
    occurred_at: str
    currency: str
    shop_id: str = "main"
    product_id: str | None = None
    price: str | None = None
    quantity: int | None = None
    order_id: str | None = None
    total: str | None = None


events = app.topic(cart.TOPIC, key_type=bytes, value_type=Event, partitions=cart.PARTITIONS)
commands = app.topic(
    cart.COMMANDS, key_type=str, key_serializer="raw", value_serializer="json", partitions=cart.PARTITIONS
)
carts = app.Table("carts", partitions=cart.PARTITIONS)
probe = cart.Probe()
heaps: dict[int, list[tuple[int, str]]] = defaultdict(list)


async def fire(customer: str, state: cart.State) -> None:
    await commands.send(key=customer, value=cart.command(customer, state["due"], state["items"]))
    state["due"] = None


@app.agent(events)
async def follow(stream: Any) -> None:
    async for arrived in stream.events():
        probe.begin()
        event, heap = arrived.value, heaps[arrived.message.partition]
        at, customer = cart.instant(event.occurred_at), event.customer_id
        while heap and heap[0][0] < at:
            due, other = heapq.heappop(heap)
            state = carts.get(other)
            if state is not None and state["due"] == due:
                await fire(other, state)
                carts[other] = state
        state = carts.get(customer) or cart.empty()
        cart.apply(state, event.asdict(), at)
        if event.type == "CartItemAdded":
            heapq.heappush(heap, (state["due"], customer))
        carts[customer] = state
        probe.end()


if __name__ == "__main__":
    app.main()
