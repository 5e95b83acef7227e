"""A Kafka broker in memory, as far as the product can see one.

It keeps real record batches (format v2), so that the product's own code skips what was aborted, passes control records
and counts offsets. `tests/contract/test_broker.py` runs the same suite against it and against Apache Kafka.

- `Broker` is the server: plain calls, each of which happens at once or is refused with aiokafka's exception. It knows
  no randomness, and no clock but the one it is given.
- `SimWriters` and `Reader` are the client's side: every request and every answer passes a `Network`, which may delay
  or lose it, and is tried again as aiokafka would. `SimRows` reads rows back.
"""

from tests.simulation.broker.broker import Broker
from tests.simulation.broker.interface import Clock, Defer, Direct, FetchAnswer, Isolation, Lost, Network
from tests.simulation.broker.log import Topic
from tests.simulation.broker.reading import Reader, SimRows, columns
from tests.simulation.broker.writers import SimWriter, SimWriters

__all__ = [
    "Broker",
    "Clock",
    "Defer",
    "Direct",
    "FetchAnswer",
    "Isolation",
    "Lost",
    "Network",
    "Reader",
    "SimRows",
    "SimWriter",
    "SimWriters",
    "Topic",
    "columns",
]
