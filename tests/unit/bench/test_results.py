"""Medians, tables, and their places in the docs."""

from __future__ import annotations

import pytest

from bench.figures.latency import percentiles
from bench.peers.__main__ import with_ratios
from bench.results import PAGE, between, machine, replaced, spread, spreads, table


def test_a_spread_is_the_median_with_the_least_and_the_most() -> None:
    assert spread([3, 1, 2]) == {"median": 2, "least": 1, "most": 3}
    assert between(spread([3000, 1000, 2000])) == "2,000 (1,000 to 3,000)"
    assert between(spread([2.5]), 1) == "2.5"


def test_a_field_that_some_run_lacks_has_no_spread() -> None:
    assert spreads([{"a": 1, "b": 1}, {"a": 2}], "a", "b") == {"a": {"median": 1.5, "least": 1, "most": 2}}


def test_text_goes_between_its_own_markers_and_nowhere_else() -> None:
    page = "a\n<!-- begin x -->\nold\n<!-- end x -->\n<!-- begin y -->\nkept\n<!-- end y -->\n"
    found = replaced(page, "x", r"new \1")
    assert found == page.replace("old", r"new \1")
    assert replaced(found, "x", "old") == page


def test_a_page_without_the_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="begin peers"):
        replaced("nothing", "peers", "text")


@pytest.mark.parametrize("name", ["peers", "figures"])
def test_the_docs_have_a_place_for_each_table(name: str) -> None:
    assert "| a |" in replaced(PAGE.read_text(), name, table(["a"], [["1"]]))


def test_ratios_are_ours_to_theirs_by_medians() -> None:
    def engine(rate: float, cpu: float) -> dict[str, dict[str, float]]:
        return {"events_per_s": spread([rate]), "cpu_us_per_event": spread([cpu])}

    found = with_ratios({"rewake": engine(100, 10), "other": engine(40, 25)})
    assert (found["other"]["rewake_events_ratio"], found["other"]["rewake_cpu_ratio"]) == (2.5, 0.4)
    assert "rewake_events_ratio" not in found["rewake"]


def test_a_percentile_is_a_latency_that_was_seen() -> None:
    found = percentiles([number / 1000 for number in range(100, 0, -1)])
    assert found == {"p50_ms": 51.0, "p95_ms": 96.0, "p99_ms": 100.0, "most_ms": 100.0}


def test_what_is_said_of_the_machine_does_not_name_it() -> None:
    assert set(machine()) == {"cores", "memory_gb", "system", "python", "kafka", "date"}
