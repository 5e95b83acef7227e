"""The demo's own course: servers, topics, goods, worker, dispatcher, three days, the end, and what is to be said of it.

Everything that is started ends with the demo: by its own doing, and by the stack's guard if the demo itself is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from feeds.store import MemoryStore
from schemas.emitted import SendSms, decode_command
from schemas.instants import HOUR
from schemas.wire import DEFAULT_SHOP
from streams.demo import checks
from streams.demo.pacing import TICK, Player
from streams.demo.picture import Picture
from streams.demo.sample import Sample
from streams.demo.watcher import Watcher
from streams.dispatcher import REPORTED, Happening
from streams.dispatching import Dispatching
from streams.eventfiles import EventFiles
from streams.load import Loader
from streams.products import sync
from streams.provision import provide
from streams.replay import Replay
from streams.stacks import Stack, start
from streams.stacks.process import Server, free_port

APP: Final = "rewake-demo"
PARTITIONS: Final = 2
FAIL_RATE: Final = 0.02
"""Share of phones that the sandbox dispatcher finds unreachable, so that receipts of that kind are seen too."""

SHOWN: Final = 3
"""Messages remembered to be shown."""

_STEP: Final = 4 * HOUR
_LONGEST: Final = 30 * 24 * HOUR
"""After closing, journeys are followed for so long at most."""

_FRAME: Final = 0.25
"""Seconds between two drawings."""

_PATIENCE: Final = 60.0
"""Seconds without any progress after which the demo gives up."""


class DemoFailed(Exception):
    """It could not be carried through; the message says what happened and ends with the log of who failed."""


class Stopped(Exception):
    """The user asked for an end."""


@dataclass(slots=True)
class Show:
    """What can be shown at any moment. `clock`: the time that the worker has come to, microseconds."""

    sample: Sample
    picture: Picture = field(default_factory=Picture)
    phase: str = "starting"
    clock: int = 0
    published: int = 0
    rate: float = 0.0
    """Events that the worker takes in per second, over the last seconds."""
    messages: deque[Happening] = field(default_factory=lambda: deque(maxlen=SHOWN))
    """The last ones that left."""
    examples: dict[str, Happening] = field(default_factory=dict)
    """The last one of each step."""
    tally: dict[str, int] = field(default_factory=dict)
    http_port: int = field(default_factory=free_port)
    """Of the worker's /metrics, /healthz and /readyz."""

    @property
    def receipts(self) -> dict[str, int]:
        """Delivery receipts by status."""
        return {status: count for status, count in sorted(self.tally.items()) if status in REPORTED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a demo. Seconds are the wall's; `played` those in which events and markers were published."""

    show: Show
    checks: list[checks.Check]
    started: float
    played: float
    took: float


@dataclass(slots=True)
class Demo:
    """One run, in `folder`. `draw` is called some times a second, `say` for the steps before there is much to draw;
    `finished` as soon as the outcome is known, everything still running, which with `keep` it does until `stopped`."""

    sample: Sample
    seconds: float
    folder: Path
    stopped: Callable[[], bool]
    draw: Callable[[Show], None]
    say: Callable[[str], None]
    finished: Callable[[Outcome, Stack], None]
    keep: bool = False
    show: Show = field(init=False)
    _began: float = field(default_factory=time.monotonic)
    _over: bool = False

    def __post_init__(self) -> None:
        self.show = Show(self.sample)

    def run(self) -> None:
        """From nothing to nothing. Raises DemoFailed, Stopped, StackFailed; servers and worker are gone in any case."""
        with start("embedded", directory=str(self.folder)) as stack:
            self.say(f"The embedded stack is up: a Kafka-protocol broker on {stack.bootstrap}, and Valkey.")
            self.say("It keeps everything in memory and has no transactions: the worker delivers at least once here.")
            asyncio.run(self._run(stack))

    async def _run(self, stack: Stack) -> None:
        options = {"bootstrap_servers": stack.bootstrap}
        await provide(options, app=APP, partitions=PARTITIONS, default_partitions=PARTITIONS)
        at = time.time_ns() // 1000
        synced = await sync(self.sample.goods, MemoryStore(), DEFAULT_SHOP, options, at=at)
        self.say(f"Topics made, {PARTITIONS} partitions by customer; {synced.new} products of the feed published.")
        with self._worker(stack) as worker:
            watcher = Watcher(options, app=APP, picture=self.show.picture)
            dispatching = Dispatching(options, app=APP, clock="stream", show=self._happened, fail_rate=FAIL_RATE)
            loader = Loader(options)
            async with contextlib.AsyncExitStack() as connected:
                for party in (watcher, loader):
                    connected.push_async_callback(party.stop)
                    await party.start()
                player = Player(loader, self.sample, PARTITIONS)
                await self._together(
                    self._course(player, stack),
                    watcher.run(),
                    dispatching.run(stopped=lambda: False),
                    self._drawing(player, dispatching),
                    self._minding(watcher, stack, worker),
                )

    @contextlib.contextmanager
    def _worker(self, stack: Stack) -> Iterator[Server]:
        """`rewake worker` as a process of its own, on the stream clock."""
        settings = {
            "app_id": APP,
            "rules": str(self.sample.rules),
            "products_store": str(self.folder / "products"),
            "clock": "stream",
            "kafka_bootstrap": stack.bootstrap,
            "redis_url": stack.redis_url,
            "hmac_secret": secrets.token_hex(32),
            "http_port": str(self.show.http_port),
        }
        inherited = {name: "" for name in os.environ if name.startswith("REWAKE_")}  # an empty one counts as not set
        worker = Server(
            "worker",
            [sys.executable, "-P", "-c", "from streams.commands import main; main()", "worker"],
            log=self.folder / "worker.log",
            ready=lambda: True,  # it answers the first clock marker: see _course
            timeout=_PATIENCE,
            guard=stack.guard,
            environment=inherited | {f"REWAKE_{name.upper()}": value for name, value in settings.items()},
        )
        try:
            yield worker
        finally:
            worker.stop()

    @staticmethod
    async def _together(course: Coroutine[Any, Any, None], *others: Coroutine[Any, Any, None]) -> None:
        """Run `course` to its end; the others go on meanwhile, and an error of one of them is the end of all."""
        tasks = [asyncio.create_task(work) for work in (course, *others)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # -- the course

    async def _course(self, player: Player, stack: Stack) -> None:
        show, picture = self.show, self.show.picture
        alone = asyncio.create_task(asyncio.to_thread(self._alone))  # while the worker starts: there are two cores
        await player.advance(self.sample.begin)
        await _until(lambda: len(picture.partitions) == PARTITIONS)
        messages = await alone
        self.say("The worker has its partitions. The shop opens.")
        started = time.monotonic()
        show.phase = "open"
        await player.play(self.seconds)
        show.phase = "closed"
        await self._end_of_journeys(player)
        show.phase = "settling"
        played = time.monotonic() - started
        await self._settled(player)
        self._over = True
        show.published, show.clock = player.published, picture.reached(PARTITIONS)
        found = checks.check(
            picture,
            self.sample,
            published=player.published,
            tally=show.tally,
            receipts=sum(show.receipts.values()),
            alone=messages,
        )
        took = time.monotonic() - self._began
        self.finished(Outcome(show, found, started - self._began, played, took), stack)
        if self.keep:
            await _until(self.stopped)

    def _alone(self) -> dict[str, checks.Alone]:
        """Messages by command id, as the engine makes them without broker, Redis and worker (`rewake replay`)."""
        events = self.folder / "events.jsonl"
        events.write_bytes(b"".join(line.raw + b"\n" for line in self.sample.lines))
        replay = Replay(self.sample.book, self.sample.goods)
        files = EventFiles([str(events)])
        try:
            asyncio.run(replay.run(files, stopped=self.stopped))
        finally:
            files.close()
        replay.write(self.folder / "replay")
        lines = (self.folder / "replay" / "commands.jsonl").read_bytes().splitlines()
        commands = map(decode_command, lines)
        return {
            command.command_id: checks.Alone(command.customer_id, command.text)
            for command in commands
            if isinstance(command, SendSms)
        }

    async def _end_of_journeys(self, player: Player) -> None:
        """The shop is closed and time goes on, until no row waits for anything."""
        picture, most = self.show.picture, self.sample.end + _LONGEST
        while player.reached < most:
            if picture.reached(PARTITIONS) >= player.reached and not picture.undecided():
                latest = picture.last_deadline()
                if latest is None:
                    return
                await player.advance(min(player.reached + _STEP, max(latest, player.reached) + 1))
            await asyncio.sleep(TICK)

    async def _settled(self, player: Player) -> None:
        """Until everything published has been worked off, and all that was written has been seen."""
        show, picture = self.show, self.show.picture

        def settled() -> bool:
            named = {command_id for decision in picture.decisions.values() for command_id in decision.command_ids}
            dispatched = sum(show.tally.get(status, 0) for status in ("sent", "expired", "cancelled"))
            return (
                picture.reached(PARTITIONS) >= player.reached
                and picture.counters["in"] >= player.published + sum(show.receipts.values())
                and not picture.undecided()
                and named <= picture.messages.keys() | picture.crm
                and dispatched >= len(picture.messages)
            )

        await _until(settled)

    # -- beside it

    def _happened(self, happening: Happening) -> None:
        if happening.status == "sent":
            self.show.messages.append(happening)
            if happening.command is not None:
                self.show.examples[happening.command.step] = happening

    async def _drawing(self, player: Player, dispatching: Dispatching) -> None:
        """Keeps `show` up to date and has it drawn."""
        show = self.show
        past: deque[tuple[float, int]] = deque(maxlen=12)
        while True:
            show.clock = max(show.clock, show.picture.reached(PARTITIONS))
            show.published = player.published
            show.tally = dict(dispatching.tally)
            counted = show.picture.counters
            past.append((time.monotonic(), counted["in"] - counted["markers"]))
            seconds = past[-1][0] - past[0][0]
            show.rate = (past[-1][1] - past[0][1]) / seconds if seconds else 0.0
            if show.phase != "starting" and not self._over:
                self.draw(show)
            await asyncio.sleep(_FRAME)

    async def _minding(self, watcher: Watcher, stack: Stack, worker: Server) -> None:
        """Ends the demo when the user asks, when a process has died, and when nothing moves any more."""
        seen, since = -1, time.monotonic()
        while True:
            if self.stopped() and not self._over:
                raise Stopped
            if dead := [*stack.dead(), *(() if worker.alive() else ["worker"])]:
                raise DemoFailed(f"{' and '.join(dead)} ended by itself.{_tail(self.folder, dead)}")
            if watcher.read != seen or self._over:
                seen, since = watcher.read, time.monotonic()
            elif time.monotonic() - since > _PATIENCE:
                raise DemoFailed(f"Nothing has moved for {_PATIENCE:g} s.{_tail(self.folder, ['worker'])}")
            await asyncio.sleep(TICK)


async def _until(met: Callable[[], bool]) -> None:
    while True:
        if met():
            return
        await asyncio.sleep(TICK)


def _tail(folder: Path, names: list[str]) -> str:
    """The last lines of their logs."""
    said = ""
    for name in names:
        log = folder / f"{name}.log"
        lines = log.read_text("utf-8", "replace").splitlines()[-15:] if log.is_file() else []
        said += f" The end of {log}:\n" + "\n".join(lines)
    return said
