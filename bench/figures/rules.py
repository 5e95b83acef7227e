"""Ten rules and two hundred of which ten can fire: what rules cost that concern nobody, in the engine alone.

The sample shop's events; of the 190 others half are for other towns, the rest for other tiers or larger carts. Then the
same with rules of every kind of trigger. The least of the rounds counts, as `bench.core` prints it.
"""

from __future__ import annotations

from typing import Any, Final

from bench import core
from bench.core_workloads import WORKLOADS
from bench.figures import Options
from bench.stack import say

ABOUT = "10 and 200 rules, and rules of all kinds, in the engine alone"
EVENTS: Final = 100_000
MOST: Final = {"rules200": 1.3, "mixed200": 2.0}
"""What an event is to cost at most with these rules, against what it costs with ten."""


def measure(options: Options) -> dict[str, Any]:
    workloads = {name: WORKLOADS[name](min(EVENTS, options.events)) for name in ("rules10", "rules200", "mixed10",
                                                                                "mixed200")}  # fmt: skip
    runs: list[dict[str, Any]] = []
    for number in range(options.rounds):
        for name, workload in workloads.items():
            runs.append({"rules": name, **core.measure(workload, 1)})
            say(f"{name} {number + 1}/{options.rounds}: {runs[-1]['event']} us")
    least = {name: min(run["event"] for run in runs if run["rules"] == name) for name in workloads}
    to_ten = {name: round(us / least["rules10"], 2) for name, us in least.items()}
    return {"events": min(EVENTS, options.events), "us_per_event": least, "to_ten": to_ten, "runs": runs}


def rows(result: dict[str, Any]) -> list[list[str]]:
    named = {
        "rules10": "10 rules of carts", "rules200": "200 rules of carts, the same 10 can fire",
        "mixed10": "10 rules of all kinds", "mixed200": "200 rules of all kinds, the same 10 can fire",
    }  # fmt: skip
    return [
        [f"the engine alone: {named[name]}", f"{ratio}x of 10 rules of carts{_wanted(name, ratio)}",
         f"{result['us_per_event'][name]} µs"]
        for name, ratio in result["to_ten"].items()
    ]  # fmt: skip


def _wanted(name: str, ratio: float) -> str:
    most = MOST.get(name)
    if most is None:
        return ""
    return f" ({most}x at most: {'kept' if ratio <= most else 'missed'})"
