"""A long run that is stopped keeps what it has measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench import __main__ as command
from bench import passes, results
from bench.figures import Options, Stopped, soak
from bench.job import Job


@contextmanager
def nothing(*given: Any, **named: Any) -> Iterator[Any]:
    yield SimpleNamespace(bootstrap="", pid=0), Path()


@contextmanager
def no_worker(*given: Any, **named: Any) -> Iterator[Any]:
    yield SimpleNamespace(pid=0)


@pytest.fixture
def stopped_after(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[int], None]:
    """No servers and no worker; Ctrl-C once so many events are through."""

    def set_up(reached: int) -> None:
        def until(stack: Any, workers: Any, looked: Callable[[Any], bool], pause: Any) -> None:
            for events in range(0, reached + 1, 100):
                if looked(SimpleNamespace(events=events)):
                    return
            raise KeyboardInterrupt

        publishing = SimpleNamespace(
            provide_topics=lambda *given: None, publish_customers=lambda *given: 0, publish_job=lambda *given: 0,
            publish_markers=lambda *given: None, ends=lambda *given: [],
        )  # fmt: skip
        monkeypatch.setattr(soak, "servers", nothing)
        monkeypatch.setattr(soak, "Worker", no_worker)
        monkeypatch.setattr(soak, "publishing", publishing)
        monkeypatch.setattr(soak, "shops", SimpleNamespace(one_rule=lambda folder: folder))
        monkeypatch.setattr(soak, "memory_of", lambda pid: 100.0)
        for name in ("shorten", "forget"):
            monkeypatch.setattr(soak, name, lambda *given: None)
        monkeypatch.setattr(passes, "until", until)
        monkeypatch.setattr(results, "RESULTS", tmp_path)

    return set_up


def test_a_soak_that_is_stopped_keeps_its_samples_and_says_how_far_it_came(
    stopped_after: Callable[[int], None],
) -> None:
    stopped_after(2_500)
    with pytest.raises(Stopped):
        command.done("soak", Options(soak_events=5_000))
    saved = results.load("soak-stopped")
    assert saved is not None and results.load("soak") is None
    assert (saved["events"], saved["of_events"], saved["grown_mb"]) == (2_500, 5_000, 0.0)
    assert saved["samples"][-1] == {"events": 2_500, "rss_mb": 100.0}
    assert "2,500 events (stopped; 5,000 were asked for)" in command.rendered()


def test_a_soak_that_is_stopped_does_not_displace_a_whole_one(stopped_after: Callable[[int], None]) -> None:
    stopped_after(2_500)
    whole = [{"events": 7_000.0, "rss_mb": 200.0}]
    results.save("soak", soak.result(Job(customers=100), 7_000, whole))
    with pytest.raises(Stopped):
        command.done("soak", Options(soak_events=5_000))
    text = command.rendered()
    assert "7,000 events, 100 customers" in text and "stopped" not in text


def test_a_soak_that_is_stopped_before_memory_is_warm_claims_no_growth() -> None:
    stopped = soak.result(Job(customers=100), 5_000, [{"events": 1_000.0, "rss_mb": 150.0}])
    assert "grown_mb" not in stopped
    assert soak.rows(stopped)[0][1:] == ["150 MB at the end, before it was warm", ""]


def test_a_soak_that_has_measured_nothing_yet_saves_nothing(
    stopped_after: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_after(0)

    def at_once(*given: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.figures.soak.publishing.publish_customers", at_once)
    with pytest.raises(KeyboardInterrupt) as caught:
        command.done("soak", Options(soak_events=5_000))
    assert not isinstance(caught.value, Stopped) and results.load("soak-stopped") is None
