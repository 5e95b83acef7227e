"""Engines over the same job on the same broker, one at a time, in rounds: A B C, A B C, ..."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from bench import passes, publishing, shops
from bench.job import FLUSHERS, Job
from bench.peers.engines import ROOT, Engine
from bench.processes import Process, RunFailed, Worker, memory_of
from bench.publishing import PEER_EVENTS
from bench.reading import check_commands
from bench.results import spreads
from bench.stack import say
from streams.stacks import Stack

SMALL_EVENTS: Final = 150_000
"""For engines that would take minutes over all."""

PEER_EVENTS_SMALL: Final = "peer-events-small"
SLOWEST: Final = 600.0
"""Seconds that one run may take."""


@dataclass(frozen=True, slots=True)
class Published:
    """What lies in the topics: a job, the topic of the peers, and how many commands it must lead to."""

    job: Job
    topic: str
    commands: int


class Contest:
    """A broker with the job published once, and any number of runs over it."""

    def __init__(self, stack: Stack, folder: Path, job: Job, engines: Sequence[Engine]) -> None:
        self._stack = stack
        self._folder = folder
        self._runs = 0
        self._rules = shops.one_rule(folder)
        bootstrap = stack.bootstrap
        began = time.monotonic()
        publishing.provide_topics(bootstrap, "bench")
        publishing.create(bootstrap, PEER_EVENTS, PEER_EVENTS_SMALL)
        self._customers = publishing.publish_customers(bootstrap, job)
        commands = publishing.publish_job(bootstrap, job, peers=PEER_EVENTS)
        publishing.publish_markers(bootstrap, job.end_ms)
        self.whole = Published(job, PEER_EVENTS, commands)
        self.small = self.whole
        publishing.check_published(bootstrap, {PEER_EVENTS: job.events + FLUSHERS})
        if job.events > SMALL_EVENTS and any(engine.small for engine in engines):
            few = replace(job, events=SMALL_EVENTS)
            commands = publishing.publish_job(bootstrap, few, ours=False, peers=PEER_EVENTS_SMALL)
            self.small = Published(few, PEER_EVENTS_SMALL, commands)
        say(
            f"published {job.events:,} events of {job.customers:,} customers in {time.monotonic() - began:.0f} s; "
            f"{self.whole.commands:,} commands are due"
        )

    def run(self, engine: Engine) -> dict[str, Any]:
        """One measured run, checked. Raises RunFailed."""
        self._runs += 1
        app = f"run-{self._runs}-{engine.name}"
        try:
            result = self._peer(engine, app) if engine.command else self._ours(app)
        finally:
            publishing.delete(self._stack.bootstrap, app)
            shutil.rmtree(self._folder / app, ignore_errors=True)
        say(
            f"{engine.name:<18}{result['events_per_s']:>10,} events/s{result['cpu_us_per_event']:>9.2f} us"
            f"{result['rss_mb']:>8.0f} MB"
        )
        return {"engine": engine.name, **result}

    def _ours(self, app: str) -> dict[str, Any]:
        bootstrap, job = self._stack.bootstrap, self.whole.job
        publishing.provide_topics(bootstrap, app)
        since = publishing.ends(bootstrap, "sms-commands")
        with Worker(self._stack, self._folder, app, rules=str(self._rules), ledger="rows") as worker:
            measured = passes.measure(self._stack, [worker], customers=self._customers, events=job.events)
            check_commands(bootstrap, "sms-commands", since, self.whole.commands)
        return asdict(measured)

    def _peer(self, engine: Engine, app: str) -> dict[str, Any]:
        bootstrap, published = self._stack.bootstrap, self.small if engine.small else self.whole
        state, commands = self._folder / app, f"{app}-commands"
        state.mkdir()
        report = state / "report.json"
        publishing.create(bootstrap, commands)
        environment = {
            "PEER_BOOTSTRAP": bootstrap, "PEER_APP": app, "PEER_TOPIC": published.topic, "PEER_COMMANDS": commands,
            "PEER_EVENTS": str(published.job.events + FLUSHERS), "PEER_STATE": str(state / "state"),
            "PEER_REPORT": str(report), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **engine.environment,
        }  # fmt: skip
        with Process(self._stack, list(engine.command), environment, state / f"{engine.name}.log") as process:
            deadline = time.monotonic() + SLOWEST
            while not report.exists():
                process.check()
                if time.monotonic() > deadline:
                    raise RunFailed(f"{engine.name} was not done within {SLOWEST:g} s:\n{process.tail()}")
                time.sleep(0.05)
            told = orjson.loads(report.read_bytes())
            rss = told["rss_mb"] if "rss_mb" in told else memory_of(process.pid, "VmHWM")
            if engine.writes:
                check_commands(bootstrap, commands, [0] * publishing.PARTITIONS, published.commands)
        events, seconds = int(told["events"]), float(told["seconds"])
        return {
            "events": events, "seconds": round(seconds, 3), "events_per_s": round(events / seconds),
            "cpu_us_per_event": round(told["cpu_seconds"] / events * 1e6, 2), "rss_mb": round(rss, 1),
        }  # fmt: skip


def rounds(
    contest: Contest, engines: Sequence[Engine], number: int, seconds: float = math.inf
) -> list[dict[str, Any]]:
    """`number` rounds of all engines, interleaved: what drifts, drifts under all of them. After the first one no round
    begins that would probably not end within `seconds`."""
    runs: list[dict[str, Any]] = []
    began = time.monotonic()
    for turn in range(number):
        spent = time.monotonic() - began
        if turn and spent * (turn + 1) / turn > seconds:
            say(f"no time for round {turn + 1}")
            break
        say(f"round {turn + 1} of {number}")
        runs += [{"round": turn + 1, **contest.run(engine)} for engine in engines]
    return runs


FIELDS: Final = ("events_per_s", "cpu_us_per_event", "rss_mb")


def by_engine(runs: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Median and spread of each engine."""
    return {
        name: spreads([run for run in runs if run["engine"] == name], *FIELDS)
        for name in dict.fromkeys(run["engine"] for run in runs)
    }
