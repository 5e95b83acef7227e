"""The log cleaner: of each key the last value stays, and the offsets of what went stay empty.

What it never touches lies at and above the last stable offset. Of aborted transactions nothing stays. Tombstones and
markers outlive the first cleaning; once `expired`, tombstones go, and markers before which nothing of their transaction
was left. The last batch of every producer stays, empty if need be: it carries the producer's epoch and sequence.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.simulation.broker import batches
from tests.simulation.broker.batches import Batch
from tests.simulation.broker.log import PartitionLog


def compact(log: PartitionLog, *, expired: bool) -> None:
    """Clean all that is stable."""
    stable = log.last_stable
    dirty = [batch for batch in log.batches if batch.last < stable]
    aborted = {batch.base for batch in dirty if _is_aborted(log, batch)}
    newest: dict[bytes | None, int] = {}
    for batch in dirty:
        if not batch.control and batch.base not in aborted:
            newest |= {key: batch.base + index for index, _, key, _, _ in batch.items()}
    last = _last_of_producers(log.batches)
    kept: list[Batch] = []
    seen: set[int] = set()  # producers with a batch since their last marker
    gone: set[int] = set()  # offsets of markers that went
    for batch in dirty:
        if batch.control:
            if not expired or batch.producer in seen or batch.base in last:
                kept.append(batch)
            else:
                gone.add(batch.base)
            seen.discard(batch.producer)
            continue
        if batch.transactional:
            seen.add(batch.producer)
        items = batch.items()
        left = [
            item
            for item in items
            if batch.base not in aborted
            and newest[item[2]] == batch.base + item[0]
            and not (expired and item[3] is None)
        ]
        if len(left) == len(items) and items:
            kept.append(batch)
        elif left or batch.base in last:
            kept.append(batches.thinned(batch, left))
    log.batches = kept + [batch for batch in log.batches if batch.last >= stable]
    log.aborted = [entry for entry in log.aborted if entry.last not in gone]


def _is_aborted(log: PartitionLog, batch: Batch) -> bool:
    return (
        batch.transactional
        and not batch.control
        and any(entry.producer == batch.producer and entry.first <= batch.base < entry.last for entry in log.aborted)
    )


def _last_of_producers(found: Iterable[Batch]) -> set[int]:
    """Where the last batch of each producer lies; the last marker of one that has written nothing in its epoch."""
    last: dict[int, Batch] = {}
    for batch in found:
        before = last.get(batch.producer)
        if not batch.control or before is None or before.control or batch.epoch > before.epoch:
            last[batch.producer] = batch
    last.pop(batches.NO_PRODUCER, None)
    return {batch.base for batch in last.values()}
