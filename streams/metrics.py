"""Every metric of a worker, in this one place. `docs/metrics.md` is generated from it (`python -m streams.reference`).

Labels are few and bounded: topics, gates, rules. Never a customer, never a phone. Units stand in the names.
Callers add up over a chunk and count once: a labelled increment costs about a microsecond.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_MILLISECONDS_TO_SECONDS = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    15.0,
)
_SECONDS_TO_HOURS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 21_600.0)
_RECORDS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16_384.0)


@dataclass(frozen=True, slots=True)
class Definition:
    """One line of `docs/metrics.md`."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


class Exposed:
    """The metrics of one process that serves them, in a registry of their own, so that several can live in one process.

    Those of the process itself are among them: process_cpu_seconds_total, process_resident_memory_bytes, python_gc_*.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.definitions: list[Definition] = []
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format (CONTENT_TYPE)."""
        return generate_latest(self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        self.definitions.append(Definition(f"{name}_total", "counter", labels, meaning))
        return Counter(name, meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        self.definitions.append(Definition(name, "gauge", labels, meaning))
        return Gauge(name, meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        self.definitions.append(Definition(name, "histogram", labels, meaning))
        return Histogram(name, meaning, labels, buckets=buckets, registry=self.registry)


class Metrics(Exposed):
    """The metrics of one worker."""

    def __init__(self) -> None:
        super().__init__()

        # -- what came in: in = applied + repeated + dead-lettered + markers
        self.events_in = self._counter("rewake_events_in", "Records read from input topics.", "topic")
        self.events_applied = self._counter("rewake_events_applied", "Events that were applied to a row.", "topic")
        self.events_repeated = self._counter(
            "rewake_events_repeated",
            "Events without effect: the row had seen their `event_id` or offset.",
            "topic",
        )
        self.clock_markers = self._counter("rewake_clock_markers", "`ClockAdvanced` records.", "topic")
        self.dead_letters = self._counter(
            "rewake_dead_letters",
            "Records that went to `dead-letters`.",
            "topic",
            "reason",
        )

        self.inbound_sms = self._counter(
            "rewake_inbound_sms",
            "Records of `inbound-sms`: `opt-out`, `start`, `help`, `keyword`, `nothing`, or `dead-letter`.",
            "means",
        )

        self.engine_faults = self._counter(
            "rewake_engine_faults",
            "Faults of ours that cost one customer one step: a record (`event`), a look at a row (`deadline`), what "
            "concerns many (`walk`), a touch (`emission`), or a row that can't be read (`row`). Each is in "
            "`dead-letters`.",
            "at",
        )

        # -- what was decided
        self.proposals = self._counter(
            "rewake_proposals", "Touches that fell due, or woke from a delay and are judged again.", "rule"
        )
        self.verdicts = self._counter(
            "rewake_verdicts",
            "What gates said of proposals at emission.",
            "gate",
            "answer",
            "reason",
        )
        self.decisions = self._counter("rewake_decisions", "Decisions written.", "rule", "outcome")
        self.commands = self._counter("rewake_commands", "Commands written.", "type")
        self.tests = self._counter(
            "rewake_tests", "Test messages (`rewake test`), which count nowhere else: their decisions.", "outcome"
        )
        self.receipts = self._counter(
            "rewake_receipts",
            "Delivery receipts by what they did to a phone: `suppressed`, `lifted`; or nothing, as the row does not "
            "know the command (`unknown-command`), a phone can't be hashed (`no-secret`), or who opts in again is not "
            "who opted out (`not-lifted`).",
            "what",
        )
        self.outbox_rows = self._gauge(
            "rewake_outbox_rows",
            "Customers with proposals that are not concluded yet: waiting for the log or for Redis.",
        )
        self.open_walks = self._gauge(
            "rewake_open_walks",
            "Sales, broadcasts, midnights and the like that some rows have not been asked about yet, over the "
            "partitions owned.",
        )
        self.rows_asked = self._counter(
            "rewake_rows_asked",
            "Customers' rows looked at for these, in slices between the chunks.",
        )
        self.changes_left_out = self._counter(
            "rewake_changes_left_out",
            "Changes of products that no customer was asked about: of more than 100,000 in one sync the largest drops "
            "of a price go first.",
        )
        self.emission_wait_seconds = self._histogram(
            "rewake_emission_wait_seconds",
            "A customer's proposals, from arising to the conclusion of all (wall clock only).",
            _SECONDS_TO_HOURS,
        )

        # -- what is held
        self.partitions_owned = self._gauge("rewake_partitions_owned", "Partitions this worker accepts records of.")
        self.rows = self._gauge("rewake_rows", "Customer rows held.")
        self.deadlines = self._gauge("rewake_deadlines", "Rows with a deadline ahead.")
        self.restored_rows = self._counter("rewake_restored_rows", "Rows read from the changelog on assignment.")
        self.restore_seconds = self._histogram(
            "rewake_restore_seconds",
            "From the assignment of a partition to accepting it.",
            _SECONDS_TO_HOURS,
        )

        # -- how far behind
        self.standby_rows = self._gauge(
            "rewake_standby_rows",
            "Rows of others' partitions held ready (`REWAKE_STANDBY`).",
        )
        self.records_lost = self._counter(
            "rewake_records_lost",
            "Offsets that retention had removed from a topic before they were read.",
            "topic",
        )
        self.lag_records = self._gauge(
            "rewake_lag_records",
            "Records not read yet, over the partitions owned.",
            "topic",
        )
        self.clock_behind_seconds = self._gauge(
            "rewake_clock_behind_seconds",
            "The slowest partition's event time behind the wall clock.",
        )
        self.still_seconds = self._gauge(
            "rewake_still_seconds",
            "How long the partition that has stood still the longest has made no progress, though it has something to "
            "do. The log says what it waits for.",
        )
        self.fetched_again = self._counter(
            "rewake_fetched_again",
            "Times that records lay unread in a topic and none came, so that fetching was begun anew where it stopped.",
            "topic",
        )
        self.emission_held = self._gauge(
            "rewake_emission_held",
            "1 while emission on the wall clock is stopped; `wall-clock`: it jumped, or differs from the broker's.",
            "reason",
        )

        # -- the loop
        self.chunk_records = self._histogram("rewake_chunk_records", "Records in one merged chunk.", _RECORDS)
        self.chunk_seconds = self._histogram(
            "rewake_chunk_seconds",
            "Computing one chunk, the commit not counted.",
            _MILLISECONDS_TO_SECONDS,
        )

        # -- delivery
        self.commit_seconds = self._histogram(
            "rewake_commit_seconds",
            "One commit of a chunk's output and offsets.",
            _MILLISECONDS_TO_SECONDS,
        )
        self.commits = self._counter("rewake_commits", "Chunks committed.")
        self.commit_failures = self._counter(
            "rewake_commit_failures",
            "Chunks whose commit failed; their partition is reloaded.",
            "reason",
        )
        self.reloads = self._counter(
            "rewake_reloads",
            "Partitions reloaded after a failure, without a rebalance.",
        )
        self.rebalances = self._counter("rewake_rebalances", "Assignments received.")

        # -- the ledger in Redis
        self.ledger_seconds = self._histogram(
            "rewake_ledger_seconds",
            "One call of the ledger for a whole chunk.",
            _MILLISECONDS_TO_SECONDS,
            "call",
        )
        self.ledger_asks = self._counter(
            "rewake_ledger_asks",
            "Touches the ledger was asked for: granted, repeated, full, away.",
            "answer",
        )
        self.ledger_failures = self._counter(
            "rewake_ledger_failures",
            "Calls Redis did not answer, by kind of error.",
            "reason",
        )
        self.ledger_away = self._gauge(
            "rewake_ledger_away",
            "1 while Redis, or some of it, does not answer, and what it would have to grant is not sent.",
        )

        self.ledger_refilling = self._gauge(
            "rewake_ledger_refilling",
            "1 while Redis, which came back empty, learns again who was sent what: caps by phone and budgets wait.",
        )
