"""Processes that are measured: what they used, and a `rewake worker` with its own metrics."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Final

from streams.stacks import Stack
from streams.stacks.process import free_port

ROOT: Final = Path(__file__).parents[1]
REWAKE: Final = str(Path(sys.executable).with_name("rewake"))
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_SAMPLE: Final = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
_LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class RunFailed(RuntimeError):
    """A measured process ended, stood still or wrote something else than it must; nothing of the run counts."""


def cpu_of(pid: int) -> float:
    """Seconds of CPU, user and system, of all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_of(pid: int, field: str = "VmRSS") -> float:
    """Resident MB now (`VmRSS`) or at most so far (`VmHWM`)."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


class Scrape:
    """One reading of a worker's /metrics."""

    def __init__(self, text: str) -> None:
        self._samples: list[tuple[str, dict[str, str], float]] = []
        for line in text.splitlines():
            if line and line[0] != "#" and (found := _SAMPLE.match(line)):
                self._samples.append((found[1], dict(_LABEL.findall(found[2] or "")), float(found[3])))

    def total(self, name: str, **labels: str) -> float:
        """The sum over a metric's label values, those given fixed; 0 where there are none."""
        wanted = labels.items()
        return sum(value for found, has, value in self._samples if found == name and wanted <= has.items())

    def by(self, name: str, label: str) -> dict[str, int]:
        """A counter by one of its labels."""
        counts: dict[str, int] = {}
        for found, has, value in self._samples:
            if found == name and label in has:
                counts[has[label]] = counts.get(has[label], 0) + int(value)
        return counts


class Process:
    """A child with its log in a file; ended at the end of its `with`, and by the stack's guard if we are killed."""

    def __init__(self, stack: Stack, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        self._guard = stack.guard
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("REWAKE_")}
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                command, env=inherited | environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=log.parent
            )
        if self._guard is not None:
            self._guard.watch(self.process.pid)

    @property
    def pid(self) -> int:
        return self.process.pid

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def alive(self) -> bool:
        return self.process.poll() is None

    def check(self) -> None:
        """Raises RunFailed with the end of the log when it has ended."""
        if not self.alive():
            raise RunFailed(f"{self.log.stem} ended with {self.process.returncode}:\n{self.tail()}")

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def finished(self, patience: float) -> str:
        """Its last line once it has ended well by itself. Raises RunFailed."""
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise RunFailed(f"{self.log.stem} did not end:\n{self.tail()}") from None
        if code:
            raise RunFailed(f"{self.log.stem} ended with {code}:\n{self.tail()}")
        return self.tail().strip().splitlines()[-1]

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that does not help within 30 s."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self._guard is not None:
            self._guard.release(self.process.pid)
            self._guard = None


class Worker(Process):
    """One real `rewake worker`. `settings` are REWAKE_ variables without the prefix, lower case."""

    def __init__(self, stack: Stack, folder: Path, app: str, name: str = "one", **settings: str) -> None:
        self.port = free_port()
        self.name = name
        wanted = {
            "app_id": app, "kafka_bootstrap": stack.bootstrap, "redis_url": stack.redis_url, "clock": "stream",
            "delivery": "transactions", "products_store": str(folder / f"{app}-{name}"), "http_port": str(self.port),
            "log_level": "info", **settings,
        }  # fmt: skip
        environment = {f"REWAKE_{setting.upper()}": value for setting, value in wanted.items()}
        super().__init__(stack, [REWAKE, "worker"], environment, folder / f"{app}-{name}.log")

    def __enter__(self) -> Worker:
        return self

    def scrape(self) -> Scrape | None:
        """Its metrics; None while it does not answer yet. Raises RunFailed when it has ended."""
        self.check()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as page:
                return Scrape(page.read().decode())
        except OSError:
            return None

    def ready(self) -> bool:
        """Every partition it was assigned is its own and accepted."""
        self.check()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as page:
                return bool(page.status == 200)
        except OSError:
            return False

    def until_ready(self, patience: float = 300.0) -> None:
        """Raises RunFailed when it takes longer (seconds)."""
        deadline = time.monotonic() + patience
        while not self.ready():
            if time.monotonic() > deadline:
                raise RunFailed(f"{self.name} was not ready within {patience:g} s:\n{self.tail()}")
            time.sleep(0.05)
