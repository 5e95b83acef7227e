"""Every metric is named in one place, documented, and readable by Prometheus."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from streams.metrics import Metrics
from streams.reference import metrics_page

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_the_page_of_metrics_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == metrics_page(), "run: python -m streams.reference"


def test_what_is_counted_is_exposed_as_prometheus_text() -> None:
    metrics = Metrics()
    metrics.events_in.labels("cart-events").inc(3)
    metrics.dead_letters.labels("cart-events", "not-json").inc()
    metrics.outbox_rows.set(7)
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }
    assert samples[("rewake_events_in_total", "cart-events")] == 3
    assert samples[("rewake_dead_letters_total", "cart-events", "not-json")] == 1
    assert samples[("rewake_outbox_rows",)] == 7
    assert ("process_cpu_seconds_total",) in samples


def test_two_workers_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.commits.inc()
    assert b"rewake_commits_total 1.0" in one.exposition()
    assert b"rewake_commits_total 0.0" in other.exposition()


def test_names_say_rewake_and_no_label_is_about_a_person() -> None:
    definitions = Metrics().definitions
    assert len({definition.name for definition in definitions}) == len(definitions)
    for definition in definitions:
        assert re.fullmatch(r"rewake_[a-z_]+", definition.name)
        assert definition.meaning.endswith(".")
        assert not {"customer", "customer_id", "phone", "shop_id", "key"} & set(definition.labels)


def test_every_metric_of_the_registry_stands_in_the_page() -> None:
    metrics = Metrics()
    exposed = set(re.findall(r"^# TYPE (rewake_\w+) ", metrics.exposition().decode(), re.MULTILINE))
    documented = {definition.name for definition in metrics.definitions}
    assert {name for name in exposed if not name.endswith("_created")} == documented
