"""What all partitions of a worker have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from schemas.topics import CO_PARTITIONED, PRODUCTS, TopicSpec
from streams.careful import RecordLimits
from streams.letters import Letter
from streams.partition.collector import collect
from streams.partition.intake import Screening
from streams.partition.phone_links import PhoneLinker
from streams.partition.screening import KnownKeys, Screen, SharedScreen
from streams.partition.syncing import SyncScreen
from streams.partition.turnstile import Turnstile
from streams.suppressions.merged import SuppressionStore
from streams.timeline import STRETCH
from triggers.shopfacts import ShopFacts

INPUTS: Final = tuple(sorted(CO_PARTITIONED, key=lambda spec: spec.rank or 0))
"""The group's topics in the order of the merge."""

SLICE_ROWS: Final = 2_000
"""Some 25 ms of work where nobody is written to."""


@dataclass(frozen=True, slots=True)
class PartitionPlan:
    """`inputs` are the group's topics, `shared` the hand-assigned ones that partitions read too, `beside` those that
    fill what gates look at: no input, but touches wait for them too. `partitions` says how many each topic has.
    `interval`: seconds, the least pause between turns that no full chunk calls for. `wall` answers microseconds since
    the epoch, `trusts` whether such an answer, just read, may be believed (streams.wall).
    """

    inputs: tuple[TopicSpec, ...]
    shared: tuple[TopicSpec, ...]
    beside: tuple[TopicSpec, ...]
    partitions: Mapping[str, int]
    stream_clock: bool
    grace_us: int
    future_bound_us: int
    chunk_records: int
    interval: float
    skip_applied: bool
    wall: Callable[[], int]
    trusts: Callable[[int], bool]
    limits: RecordLimits = field(default_factory=RecordLimits)
    """How large the records of each topic may be, as the broker has it set."""
    turnstile: Turnstile = field(default_factory=Turnstile)
    hmac_secret: SecretStr | None = None
    """What phones are hashed by, to suppress those that messages can't be delivered to."""
    suppressions: SuppressionStore | None = None
    """What is in the topic, to end none that another has caused."""
    links: PhoneLinker | None = None
    """What writes `phone-links`; None without a secret."""
    facts: ShopFacts | None = None
    """What all partitions have counted of whole shops, as far as it was read; None: nobody counts."""
    unreadable_rules: Callable[[int], Sequence[Letter]] = lambda since: ()
    """What of the topic `rules` can't be read, from an offset on: partition 0 says so."""
    tidy_up: Callable[[], None] = collect
    """Between two short turns on the wall clock."""
    slice_rows: int = SLICE_ROWS
    """Rows that a turn asks at most for what concerns many customers, where nothing else happens to them."""
    stretch: int = STRETCH
    """Records, or rows, that a turn computes before it gives way to the loop's other work."""

    def screens(self, number: int, known: KnownKeys) -> list[tuple[TopicSpec, Screening]]:
        """What sorts the records of partition `number`, in the order of the merge."""
        bound, stream = self.future_bound_us, self.stream_clock
        grouped = [(t, Screen(t, number, self.partitions[t.name], bound, stream, known)) for t in self.inputs]
        by_hand: list[tuple[TopicSpec, Screening]] = [
            (t, SyncScreen(t, number == 0, bound) if t == PRODUCTS else SharedScreen(t, number == 0, bound, stream))
            for t in self.shared
        ]
        return [*grouped, *by_hand]
