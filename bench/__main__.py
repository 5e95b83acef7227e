"""`python -m bench`: start Apache Kafka and Redis, measure, print a table and one JSON object as the last line."""

from __future__ import annotations

import argparse
import tempfile

import orjson

from bench.worker import bench
from streams import stacks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=400_000, help="events of the sample shop")
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="rewake-bench-stack-") as folder,
        stacks.start("real", directory=folder) as stack,
    ):
        result = bench(stack, given.events, given.customers, given.rounds)
    print(f"{'engine':<26}{'events/s':>12}{'CPU us/event':>15}")
    for engine, figures in result.items():
        if isinstance(figures, dict):
            print(f"{engine:<26}{figures['events_per_s']:>12,.0f}{figures['cpu_us_per_event']:>15.2f}")
    print(orjson.dumps(result).decode())


if __name__ == "__main__":
    main()
