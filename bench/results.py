"""Results: medians and spread, the machine in a few facts, JSON files beside the code and tables in the docs."""

from __future__ import annotations

import os
import platform
import re
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from streams.stacks.real import KAFKA_VERSION

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "bench" / "results"
PAGE: Final = ROOT / "docs" / "benchmarks.md"


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def spreads(runs: Sequence[dict[str, Any]], *fields: str) -> dict[str, dict[str, float]]:
    """The spread of each field over runs that have it."""
    return {field: spread([run[field] for run in runs]) for field in fields if all(field in run for run in runs)}


def machine() -> dict[str, Any]:
    """What figures depend on, and nothing that names a machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(), "memory_gb": round(memory / 2**30), "system": platform.system(),
        "python": platform.python_version(), "kafka": KAFKA_VERSION, "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }  # fmt: skip


def save(name: str, result: dict[str, Any]) -> Path:
    """`bench/results/<name>.json`, the machine's facts with it."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_bytes(orjson.dumps({"machine": machine(), **result}, option=orjson.OPT_INDENT_2) + b"\n")
    return path


def load(name: str) -> dict[str, Any] | None:
    """What `save` wrote; None when it never ran."""
    path = RESULTS / f"{name}.json"
    return orjson.loads(path.read_bytes()) if path.exists() else None


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def between(values: dict[str, float], digits: int = 0) -> str:
    """`median (least to most)`; of a single run its value alone."""
    median, least, most = (f"{values[which]:,.{digits}f}" for which in ("median", "least", "most"))
    return median if values["least"] == values["most"] else f"{median} ({least} to {most})"


def replaced(page: str, name: str, text: str) -> str:
    """The page with `text` between the markers of this name. ValueError when it has no such markers."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise ValueError(f"the page needs one {begin} and one {end}")
    return pattern.sub(lambda _: f"{begin}\n{text}\n{end}", page)


def write_docs(name: str, text: str, page: Path = PAGE) -> None:
    """Put a table into docs/benchmarks.md."""
    page.write_text(replaced(page.read_text(encoding="utf-8"), name, text), encoding="utf-8")


def conditions(facts: dict[str, Any]) -> str:
    """The machine's facts as a sentence."""
    return (
        f"Measured {facts['date']} on {facts['cores']} cores ({facts['memory_gb']} GB, {facts['system']}) that also "
        f"ran the broker: Apache Kafka {facts['kafka']}, Python {facts['python']}."
    )
