"""What goes wrong, drawn by seed: when, to whom, for how long."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

UNKNOWN_OUTCOMES: Final = (
    "end_txn", "produce", "txn_offset_commit", "add_offsets_to_txn", "add_partitions_to_txn", "init_producer_id",
    "offset_commit", "fetch", "offset_fetch",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """`at` in virtual seconds, `seconds` how long it lasts. `whom`: a worker's place among those that run. `steps`:
    a crash or a freeze comes this many callbacks of its process later, so at any await. `what`: a request's name."""

    kind: str
    at: float
    whom: int = 0
    seconds: float = 0.0
    steps: int = 0
    what: str = ""
    share: float = 0.0


def draw(
    rng: random.Random, *, stream: bool, transactions: bool, until: float, session: float, standby: bool
) -> list[Fault]:
    """Up to a dozen faults. Without fencing (at-least-once) there are none that make a zombie write. Where there is a
    standby, more partitions change hands."""
    kinds = ["crash", "crash", "crash", "pause", "join", "leave", "unknown", "unknown", "slow", "lossy", "compact",
             "ledger away", "ledger lost", "ledger lossy", "outage", "retention"]  # fmt: skip
    if transactions:
        kinds += ["freeze", "freeze", "away", "silent"]
    if not stream:
        kinds += ["clock", "clock"]
    if standby:
        kinds += ["crash", "join", "leave"] * 3
    found = []
    for _ in range(rng.choice([0, 1, 2, 3, 4, 5, 6, 8, 10])):
        kind = rng.choice(kinds)
        at, whom, steps = rng.uniform(0.5, until), rng.randrange(4), rng.randrange(120)
        seconds, what, share = 0.0, "", 0.0
        if kind == "crash":
            seconds = rng.choice([0.1, rng.uniform(0.5, 3), rng.uniform(3, 15)])  # until it is started again
        elif kind == "outage":
            seconds = rng.uniform(1, 8)  # of all workers; before they are started again the logs lose their beginning
        elif kind == "freeze":
            seconds = session + rng.uniform(0.5, 8.0)
        elif kind == "pause":
            seconds = rng.uniform(0.1, 0.6 * session)
        elif kind == "silent":
            seconds = session + rng.uniform(0.5, 8.0)
        elif kind == "unknown":
            what, share = rng.choice(UNKNOWN_OUTCOMES), rng.randint(1, 3)
        elif kind == "slow":
            seconds, share = rng.uniform(1, 6), rng.choice([0.05, 0.3] if not transactions else [0.05, 0.3, 1.0])
        elif kind == "lossy":
            seconds, share = rng.uniform(1, 6), rng.uniform(0.02, 0.3 if transactions else 0.1)
        elif kind in ("away", "ledger away"):
            seconds = rng.uniform(0.5, 12.0)
        elif kind == "ledger lossy":
            seconds, share = rng.uniform(1, 10), rng.uniform(0.1, 0.6)
        elif kind == "clock":
            seconds = rng.choice([-1, 1]) * rng.choice([120.0, 3600.0, 7 * 3600.0, 86400.0 * 3])
            share = rng.uniform(0.2, 12.0)  # until it is set right
        found.append(Fault(kind, round(at, 3), whom, round(seconds, 3), steps, what, share))
    found.sort(key=lambda fault: fault.at)
    return found
