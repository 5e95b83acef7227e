"""What kind of seed a seed is: drawn first, and known without running it."""

from __future__ import annotations

import random
from dataclasses import replace

from streams.table import DECODED_ROWS
from tests.simulation.clocks import SECOND
from tests.simulation.rules import (
    STREAM,
    STREAM_GATED,
    STREAM_SERIES,
    WALL,
    WALL_GATED,
    WALL_LATER,
    WALL_THRICE,
    opting_in,
    with_feeds,
    with_figures,
    with_letters,
)
from tests.simulation.worker import Setting


def setting_of(seed: int) -> Setting:
    """What kind of seed it is, without running it."""
    return setting(drawn(seed))


def drawn(seed: int) -> random.Random:
    return random.Random(f"{seed}-world")


def setting(rng: random.Random) -> Setting:
    stream = rng.random() < 0.6
    rules = STREAM if stream else rng.choices([WALL, WALL_THRICE, WALL_LATER], [5, 4, 1])[0]
    apart = random.Random(repr(rng.getstate()[1][:2]))  # nothing else moves
    if rules is not WALL_LATER and apart.random() < 0.25:
        rules = STREAM_GATED if stream else WALL_GATED
    returning = apart.random() < (0.1 if stream else 0.35)
    beside_slow = returning and not stream and apart.random() < 0.4
    later = rules is WALL_LATER
    if returning and apart.random() < 0.5:
        rules = opting_in(rules)
    if rules is STREAM and not returning and apart.random() < 0.4:
        rules = STREAM_SERIES
    broadcasts = not returning and apart.random() < (0.35 if stream else 0.15)
    if broadcasts:
        rules = with_letters(rules)
    standby = rng.random() < 0.15
    made = Setting(
        stream=stream,
        transactions=rng.random() < 0.75,
        partitions=rng.randint(2 if standby else 1, 3),
        chunk_records=rng.choice([3, 10, 40]),
        interval=rng.choice([0.1, 0.3, 0.6]) if stream else rng.choice([0.2, 0.5]),
        grace=2 * SECOND,
        transaction_timeout=rng.choice([3.0, 6.0]),
        session=6.0,
        wait=rng.choice([0.2, 0.5]),
        beside_wait=3.0 if beside_slow else 0.0,
        fetch_bytes=rng.choice([1, 500, 1 << 20]),
        rules=rules,
        standby=standby,
        decoded_rows=rng.choice([DECODED_ROWS, DECODED_ROWS, 6]),
        rocks=rng.random() < 0.02,
        returning=returning,
        broadcasts=broadcasts,
        least=90.0 if later else 0.0,
    )
    if stream and broadcasts and made.transactions and apart.random() < 0.5:
        made = replace(made, figures=True, rules=with_figures(rules))
    if stream and not returning and apart.random() < 0.35:
        kept = apart.choice([None, None, 3, 12])
        made = replace(made, feeds=True, products_kept=kept, rules=with_feeds(made.rules, paced=made.figures))
    return made
