"""A log read once for many: each reader gets all of it in order, and only so much is kept."""

from __future__ import annotations

import random

from streams.chunks.chunk import Columns
from streams.kept import PIN_SECONDS, Kept
from tests.unit.streams.chunking import columns


class Log:
    """A log of 1,000 records, and who reads it for `kept` in chunks of 10."""

    def __init__(self, kept: Kept, begins: int = 0) -> None:
        self.kept = kept
        self.begins = begins
        self.at = begins
        self.now = 0.0
        self.most = 0

    def step(self) -> None:
        back = self.kept.back(self.now)
        if back is not None:
            self.at = max(back, self.begins)
        if self.at < 1000 and not self.kept.full(self.now):
            end = min(self.at + 10, 1000)
            self.kept.add(columns([b"%d" % n for n in range(self.at, end)], start=self.at), self.now)
            self.at = end
        self.most = max(self.most, len(self.kept))


class Reader:
    def __init__(self, kept: Kept, position: int = 0) -> None:
        self.kept, self.position = kept, position
        self.had: list[int] = []

    def step(self) -> None:
        for found in self.kept.since(self.position):
            part: Columns = found.after(self.position)
            self.had += part.offsets
            self.position = part.next


def test_readers_that_stop_and_start_anywhere_get_everything_once_and_in_order() -> None:
    for seed in range(200):
        chance = random.Random(seed)
        log = Log(Kept(0, most=50))
        readers = [Reader(log.kept, chance.randrange(0, 1000, 7)) for _ in range(3)]
        starts = [reader.position for reader in readers]
        for _ in range(20_000):
            chance.choice([log.step, *(reader.step for reader in readers)])()
            if all(reader.position == 1000 for reader in readers):
                break
        for reader, start in zip(readers, starts, strict=True):
            assert reader.had == list(range(start, 1000)), seed
        assert log.most <= 70


def test_what_has_been_passed_is_dropped() -> None:
    log = Log(Kept(0, most=50))
    for _ in range(100):
        log.step()
    assert len(log.kept) == 50 and log.kept.first == 950


def test_a_reader_that_needs_what_the_log_has_lost_goes_on_with_what_is_left() -> None:
    log = Log(Kept(500, most=50), begins=500)
    for _ in range(50):
        log.step()
    reader = Reader(log.kept, 100)
    for _ in range(500):
        reader.step()
        log.step()
    assert reader.had == list(range(500, 1000))


def test_a_reader_that_is_gone_holds_nobody_up_for_long() -> None:
    log = Log(Kept(0, most=50))
    for _ in range(100):
        log.step()
    Reader(log.kept, 0).step()
    for _ in range(50):
        log.step()
    assert log.kept.full(log.now) and log.at < 100
    log.now += PIN_SECONDS + 1
    for _ in range(100):
        log.step()
    assert log.at == 1000 and len(log.kept) == 50
