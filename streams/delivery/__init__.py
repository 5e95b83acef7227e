"""How what a chunk caused becomes durable: one interface, two policies.

A `Delivery` belongs to one partition number. Between `open` and `close` its `commit` makes everything a chunk caused
durable, together with the offsets of what was read:

- `transactional`: one Kafka transaction, all of it or nothing; opening fences a former owner that still believes it is
  one. Needs a broker with transactions.
- `at_least_once`: commands, then rows, then offsets. A crash in between repeats commands with the same ids and never
  makes a second id; nothing fences a zombie.

Both decide in which order things are written, by way of a `Writer` (`producing`: aiokafka's).

`probe` finds out what the broker has. After any error a delivery is of no more use: close it, open a new one, and load
the partition again from what was committed.
"""

from streams.delivery.interface import Delivery, DeliveryFailed, DeliveryPolicy, Outgoing, Record, Writer, Writers

__all__ = ["Delivery", "DeliveryFailed", "DeliveryPolicy", "Outgoing", "Record", "Writer", "Writers"]
