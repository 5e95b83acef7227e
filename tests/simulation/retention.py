"""Logs lose their beginning: what has been read, and while nobody runs also what has not."""

from __future__ import annotations

import random

from tests.simulation.broker.broker import Broker
from tests.simulation.broker.interface import Place
from tests.simulation.trace import Trace
from tests.simulation.worker import APP, INPUTS
from tests.simulation.world import World


class Retention:
    """What is lost unread is gone from the world's log too, so nobody is asked to know of it."""

    def __init__(self, world: World, broker: Broker, rng: random.Random, trace: Trace) -> None:
        self._world = world
        self._broker = broker
        self._rng = rng
        self._trace = trace

    def strike(self, *, unread: bool) -> int:
        """Cut every input's log off, as far as its group has read or, where it may be `unread`, beyond. Answers how
        many records nobody has read."""
        lost = 0
        for spec in INPUTS:
            for number in range(self._world.partitions):
                place = (spec.name, number)
                done = self._broker.group(APP).offsets.get(place, 0)
                beyond = self._beyond(place, done) if unread else []
                to = self._rng.choice(beyond) if beyond else self._rng.randint(0, done)
                self._broker.delete_records(*place, to)
                lost += self._forget(place, done, to)
        return lost

    def _beyond(self, place: Place, done: int) -> list[int]:
        """Where the log may begin anew. No event there has happened before one that is lost: else the partition, which
        may have read that one without getting to apply it, would rightly take the event for a late one, and it is not.
        """
        stable = self._broker.logs[place].last_stable
        found, latest, first = [], 0, True
        for one in self._world.log.get(place, []):
            if not done <= one.offset < stable:
                continue
            if not first and one.sent.happened and one.sent.happened >= latest:
                found.append(one.offset)
            latest, first = max(latest, one.sent.happened), False
        return found

    def _forget(self, place: Place, done: int, to: int) -> int:
        logged = self._world.log.get(place, [])
        kept = [one for one in logged if not done <= one.offset < to]
        lost = len(logged) - len(kept)
        if lost:
            self._world.log[place] = kept
            self._world.events -= lost
            self._trace.note("lost unread", f"{place[0]}/{place[1]} {done} up to {to}: {lost}", "fault")
        return lost
