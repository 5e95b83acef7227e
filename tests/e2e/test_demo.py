"""`rewake demo` as a newcomer runs it: a process of its own, judged by what it says and by what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.e2e.running import PATIENCE, REWAKE

SMALL = ("--customers", "200", "--seconds", "8")


class Run:
    """A demo. Whatever it starts inherits a mark in its environment, and is found by it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._mark = f"DEMO_TEST={uuid.uuid4().hex}"
        name, _, value = self._mark.partition("=")
        self.folder = folder
        self._said = folder / "said"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [REWAKE, "demo", *options],
                stdout=subprocess.PIPE,
                stderr=said,
                cwd=folder,
                env={**os.environ, name: value, "TMPDIR": str(folder), "REWAKE_KAFKA_BOOTSTRAP": "nowhere.invalid:1"},
            )

    def until_it_said(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while words not in self._said.read_text():
            assert self.process.poll() is None and time.monotonic() < deadline, self._said.read_text()
            time.sleep(0.05)

    def left_running(self) -> list[str]:
        """Command lines of living processes with the mark."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if self._mark.encode() in (place / "environ").read_bytes().split(b"\0"):
                    found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue  # gone, or another user's
        return found

    def until_nothing_runs(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while left := self.left_running():
            assert time.monotonic() < deadline, left
            time.sleep(0.1)


@contextmanager
def demo(folder: Path, *options: str) -> Iterator[Run]:
    run = Run(folder, *options)
    try:
        yield run
    finally:
        run.process.kill()
        run.process.communicate()


def test_the_demo_ends_by_itself_and_every_check_passes(tmp_path: Path) -> None:
    with demo(tmp_path, *SMALL, "--json") as run:
        out, _ = run.process.communicate(timeout=3 * PATIENCE)
        said = (tmp_path / "said").read_text()
        assert run.process.returncode == 0, said
        found: dict[str, Any] = orjson.loads(out)

        assert [check for check in found["checks"] if not check["passed"]] == []
        assert len(found["checks"]) == 8

        counted = found["counters"]
        assert counted["in"] == sum(counted[name] for name in ("applied", "repeated", "dead_lettered", "markers"))
        assert counted["in"] == found["published"] + sum(found["receipts"].values())
        assert counted["repeated"] == 3
        assert sum(found["dead_letters"].values()) == counted["dead_lettered"] == 6

        decisions, messages = found["decisions"], found["commands"]["SendSms"]
        assert messages == decisions["emitted"] > 100  # else nothing here would prove anything
        assert found["touches_due"] == sum(count for outcome, count in decisions.items() if outcome != "delayed")
        reasons = sum(reason["count"] for reason in found["reasons"])
        assert reasons == sum(count for outcome, count in decisions.items() if outcome != "emitted")
        assert sum(found["dispatched"].values()) == messages
        assert found["receipts"]["accepted"] == messages

        assert "no transactions" in said and "at least once" in said
        assert "touches due" in said
        assert "+7999" not in said and b"+7999" not in out
        assert run.left_running() == []
        assert list(tmp_path.glob("rewake-demo-*")) == []


def test_the_summary_shows_messages_reasons_and_what_to_try(tmp_path: Path) -> None:
    with demo(tmp_path, "--customers", "200", "--seconds", "3", "--days", "1", "--plain") as run:
        out, _ = run.process.communicate(timeout=3 * PATIENCE)
        text = out.decode()
        assert run.process.returncode == 0, text
    assert "TEAHOUSE" in text
    assert "1 day of" in text
    assert "delayed: quiet_hours, quiet" in text
    assert "refused: consent, no-consent" in text
    assert "What to try next" in text
    assert "✗" not in text
    assert "+7999" not in text


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_ctrl_c_leaves_nothing_running(tmp_path: Path) -> None:
    with demo(tmp_path, "--customers", "200", "--seconds", "60") as run:
        run.until_it_said("The shop opens.")
        assert len(run.left_running()) >= 4  # demo, broker, Valkey, worker
        run.process.send_signal(signal.SIGINT)
        out, _ = run.process.communicate(timeout=PATIENCE)
        assert run.process.returncode == 130
        assert out == b""
        assert run.left_running() == []
        assert list(tmp_path.glob("rewake-demo-*")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_what_it_started_ends_even_when_the_demo_is_killed(tmp_path: Path) -> None:
    with demo(tmp_path, "--customers", "200", "--seconds", "60") as run:
        run.until_it_said("The shop opens.")
        run.process.kill()
        run.until_nothing_runs()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_worker_that_dies_ends_the_demo_with_its_log(tmp_path: Path) -> None:
    with demo(tmp_path, "--customers", "200", "--seconds", "60") as run:
        run.until_it_said("The shop opens.")
        _kill_worker(run)
        run.process.communicate(timeout=PATIENCE)
        assert run.process.returncode == 1
        said = (tmp_path / "said").read_text()
        assert "worker ended by itself" in said
        assert "worker.log" in said
        assert run.left_running() == []


def _kill_worker(run: Run) -> None:
    children = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children").read_text().split()
    workers = [pid for pid in children if Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"\0worker\0")]
    assert len(workers) == 1
    os.kill(int(workers[0]), signal.SIGKILL)
