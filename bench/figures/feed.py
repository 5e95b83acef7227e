"""A large feed: read into a sorted store beside a bare loop over the same file, its second sync, and the product store.

The feed is made by `bench.big_feed`. Every job is a process of its own (`bench.feed_jobs`), the bare loop and ours take
turns. The figure fails when the second sync would publish anything but exactly the offers that differ. No broker.
"""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import orjson

from bench import big_feed
from bench.big_feed import Change
from bench.figures import Options
from bench.processes import ROOT, RunFailed
from bench.results import spreads
from bench.stack import say

ABOUT = "a large feed beside a bare loop, its second sync, the product store"
MOST_TIMES: Final = 2.0
MOST_MB: Final = 300
MOST_STORE_MB: Final = 200
STAGES: Final = ("elements", "judged", "encoded")


def measure(options: Options) -> dict[str, Any]:
    # Gigabytes are to go then, too.
    former = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        return _measured(options)
    finally:
        signal.signal(signal.SIGTERM, former)


def _measured(options: Options) -> dict[str, Any]:
    offers = options.offers
    with tempfile.TemporaryDirectory(prefix="rewake-bench-feed-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        first, later = folder / "first.xml", folder / "later.xml"
        size = big_feed.write(first, offers)
        big_feed.write(later, offers, later=True)
        say(f"two feeds of {offers:,} offers, {size / 1e6:,.0f} MB each")
        runs: list[dict[str, Any]] = []
        for turn in range(options.rounds):
            for job in ("bare", "sorted"):
                runs.append({"round": turn + 1, **_run(job, first, *([folder / "runs"] if job == "sorted" else []))})
        stages = [_run(job, first) for job in STAGES]
        first_fill = _run("fill", first, folder / "store.sqlite3")
        second = _run("sync", later, folder / "store.sqlite3", folder / "second")
        _check(second, offers)
        looked_up = _run("lookups", folder / "store.sqlite3", offers)
    by = {job: spreads([run for run in runs if run["job"] == job], "seconds", "cpu_seconds", "peak_mb")
          for job in ("bare", "sorted")}  # fmt: skip
    if any(run["offers"] != offers for run in runs):
        raise RunFailed(f"not every run found {offers:,} offers")
    return {
        "offers": offers, "bytes": size, **by,
        "times": round(by["sorted"]["seconds"]["median"] / by["bare"]["seconds"]["median"], 2),
        "times_cpu": round(by["sorted"]["cpu_seconds"]["median"] / by["bare"]["cpu_seconds"]["median"], 2),
        "stages": {run["job"]: run["cpu_seconds"] for run in stages}, "fill": first_fill, "second": second,
        "lookups": looked_up, "runs": runs,
    }  # fmt: skip


def _run(job: str, *given: Any) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.feed_jobs", job, *map(str, given)], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise RunFailed(f"{job} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    result: dict[str, Any] = {"job": job, **orjson.loads(done.stdout.splitlines()[-1])}
    say(f"{job}: {result['seconds']:.1f} s, {result['cpu_seconds']:.1f} s of CPU, {result['peak_mb']:.0f} MB at most")
    return result


def _check(second: dict[str, Any], offers: int) -> None:
    """RunFailed unless exactly what differs would be published, and as what it is."""
    due = {key: "gone" if change is Change.VANISHED else "there" for key, change in big_feed.changes(offers).items()}
    ids = hashlib.sha256("\n".join(f"{key} {what}" for key, what in sorted(due.items())).encode()).hexdigest()
    if (second["published"], second["ids"]) != (len(due), ids):
        raise RunFailed(f"the second sync would publish {second['published']:,} records; {len(due):,} offers differ")


def rows(result: dict[str, Any]) -> list[list[str]]:
    bare, ours, second, looked = result["bare"], result["sorted"], result["second"], result["lookups"]
    what = f"a feed of {result['offers']:,} offers, {result['bytes'] / 1e6:,.0f} MB"
    times = f"{result['times']}x the bare loop {_kept(result['times'], MOST_TIMES, 'x')}"
    peak, opened = ours["peak_mb"]["most"], max(looked["opened_mb"], looked["used_mb"])
    return [
        [f"{what}: a bare loop of `iterparse`", f"{bare['seconds']['median']:.1f} s",
         f"{bare['cpu_seconds']['median']:.1f} s of CPU, {bare['peak_mb']['most']:.0f} MB"],
        [f"{what}: read, judged and sorted on disk",
         f"{ours['seconds']['median']:.1f} s, {times}",
         f"{result['times_cpu']}x its CPU; {peak:.0f} MB {_kept(peak, MOST_MB, ' MB')}"],
        [f"{what}: its second sync, {second['published'] / result['offers']:.1%} changed",
         f"{second['seconds']:.1f} s, {second['by']['compared']:.1f} s of it comparing",
         f"{second['published']:,} records, exactly what differs; {second['peak_mb']:.0f} MB"],
        [f"look-ups among {looked['products']:,} products on disk",
         "; ".join(f"{name} p50 {looked[key]['p50']:.1f} µs, p99 {looked[key]['p99']:.1f} µs"
                   for name, key in (("recent", "hot_us"), ("random", "random_us"), ("from disk", "from_disk_us"))),
         f"{opened:.0f} MB resident {_kept(opened, MOST_STORE_MB, ' MB')}"],
    ]  # fmt: skip


def _kept(value: float, most: float, unit: str) -> str:
    return f"({most:g}{unit} at most: {'kept' if value <= most else 'missed'})"
