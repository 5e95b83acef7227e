"""What a turn took and caused, counted once: into the metrics, and into the partition's record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from streams.metrics import Metrics
from streams.partition.intake import Taken
from streams.timeline import Effects


def count(
    metrics: Metrics, counters: dict[str, int], topics: Mapping[int, str], taken: Taken, effects: Effects
) -> None:
    """in = applied + repeated + dead_lettered + markers, in both. Test messages are counted apart from all others.

    `counters` are the partition's own, over all topics, each of them counted where it happened. `topics`: name by rank;
    of a topic what was applied is what arrived and became nothing else.
    """
    for name, counted in (
        ("in", taken.arrived.total()),
        ("applied", effects.applied + taken.shared),
        ("repeated", effects.repeated.total()),
        ("dead_lettered", len(taken.letters)),
        ("markers", taken.markers.total()),
    ):
        counters[name] = counters.get(name, 0) + counted
    _events(metrics, topics, taken, effects)
    if taken.shared:  # one partition counts what all of them read
        metrics.changes_left_out.inc(sum(getattr(item[5], "left_out", 0) for item in taken.items))
    for topic, gone in taken.lost.items():
        counters["lost"] = counters.get("lost", 0) + gone
        metrics.records_lost.labels(topic=topic).inc(gone)
    for rule, fell_due in effects.proposals.items():
        metrics.proposals.labels(rule=rule).inc(fell_due)
    commands = (type(out.record).__name__ for out in effects.commands if not getattr(out.record, "test", False))
    for command, written in Counter(commands).items():
        metrics.commands.labels(type=command).inc(written)
    decisions = [out.record for out in effects.decisions if not out.record.test]
    for outcome, written in Counter(out.record.outcome for out in effects.decisions if out.record.test).items():
        metrics.tests.labels(outcome=outcome).inc(written)
    for (rule, outcome), written in Counter((one.rule, one.outcome) for one in decisions).items():
        metrics.decisions.labels(rule=rule, outcome=outcome).inc(written)
    verdicts = Counter((said.gate, said.verdict, said.reason) for one in decisions for said in one.verdicts)
    for (gate, answer, reason), said_so in verdicts.items():
        metrics.verdicts.labels(gate=gate, answer=answer, reason=reason).inc(said_so)


def _events(metrics: Metrics, topics: Mapping[int, str], taken: Taken, effects: Effects) -> None:
    repeated = Counter({topics[rank]: times for rank, times in effects.repeated.items()})
    letters = Counter((spec.name, found.reason) for spec, found in taken.letters)
    applied = taken.arrived - taken.markers - repeated  # keeps what is above zero
    for (topic, reason), written in letters.items():
        metrics.dead_letters.labels(topic=topic, reason=reason).inc(written)
        applied[topic] -= written
    for counter, by_topic in (
        (metrics.events_in, taken.arrived),
        (metrics.events_applied, applied),
        (metrics.events_repeated, repeated),
        (metrics.clock_markers, taken.markers),
    ):
        for topic, times in by_topic.items():
            counter.labels(topic=topic).inc(times)
