"""Live traffic: the peers' events, dated now, at a steady pace. A process of its own, so that nobody's clock waits.

`python -m bench.live --bootstrap HOST:PORT --rate 20000 --seconds 60 --customers 50000`; its last line is how many it
sent in how many seconds.
"""

from __future__ import annotations

import argparse
import random
import time

from bench import job as jobs
from bench.job import TOPICS
from bench.publishing import Publisher, placed

TURN = 0.005
"""Seconds between two handfuls."""


def drive(bootstrap: str, rate: int, seconds: float, customers: int) -> tuple[int, float]:
    """Events sent, seconds taken. Behind its pace it sends what is missing at once."""
    publisher = Publisher(bootstrap, linger_ms=5)
    dice = random.Random(7)
    chance, bits, below = dice.random, dice.getrandbits, dice.randrange
    began, sent = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < seconds:
        at = time.time_ns() // 1_000_000
        for _ in range(int(elapsed * rate) - sent):
            customer, kind_of = below(customers), chance()
            kind = jobs.VIEW if kind_of < 0.70 else jobs.ADD if kind_of < 0.95 else jobs.ORDER
            value = jobs.encoded(kind, bits(128), jobs.name(customer), at, below(2_000), "19.90")
            key, partition = placed(customer)
            publisher.put(TOPICS[kind], partition, key, value)
            sent += 1
        publisher.poll()
        time.sleep(TURN)
    publisher.flush()
    return sent, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.live", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--customers", type=int, default=50_000)
    given = parser.parse_args()
    sent, seconds = drive(given.bootstrap, given.rate, given.seconds, given.customers)
    print(sent, f"{seconds:.3f}")


if __name__ == "__main__":
    main()
