"""The log cleaner: of each key the last value stays, and the offsets of what went stay empty.

What it never touches lies at and above the last stable offset. Of aborted transactions nothing stays. Tombstones and
markers outlive the first cleaning; once `expired`, tombstones go, and markers whose transaction has left nothing. The
last batch of every producer stays, empty if need be: it carries the producer's sequence.
"""

from __future__ import annotations

from tests.simulation.broker import batches
from tests.simulation.broker.batches import Batch
from tests.simulation.broker.log import PartitionLog


def compact(log: PartitionLog, *, expired: bool) -> None:
    """Clean all that is stable."""
    stable = log.last_stable
    dirty = [batch for batch in log.batches if batch.last < stable]
    aborted = [batch for batch in dirty if _is_aborted(log, batch)]
    newest: dict[bytes | None, int] = {}
    for batch in dirty:
        if not batch.control and batch not in aborted:
            newest |= {key: batch.base + index for index, _, key, _, _ in batch.items()}
    last_of = {batch.producer: batch for batch in log.batches if batch.producer != batches.NO_PRODUCER}
    kept: list[Batch] = []
    holds: set[int] = set()  # producers with records since their last marker
    gone: set[int] = set()  # offsets of markers that went
    for batch in dirty:
        if batch.control:
            if not expired or batch.producer in holds or last_of[batch.producer] is batch:
                kept.append(batch)
            else:
                gone.add(batch.base)
            holds.discard(batch.producer)
            continue
        items = batch.items()
        left = [
            item
            for item in items
            if batch not in aborted and newest[item[2]] == batch.base + item[0] and not (expired and item[3] is None)
        ]
        if left and batch.transactional:
            holds.add(batch.producer)
        if len(left) == len(items):
            kept.append(batch)
        elif left or last_of.get(batch.producer) is batch:
            kept.append(batches.thinned(batch, left))
    log.batches = kept + [batch for batch in log.batches if batch.last >= stable]
    log.aborted = [entry for entry in log.aborted if entry.last not in gone]


def _is_aborted(log: PartitionLog, batch: Batch) -> bool:
    return (
        batch.transactional
        and not batch.control
        and any(entry.producer == batch.producer and entry.first <= batch.base < entry.last for entry in log.aborted)
    )
