"""Faults as they strike, and how all of them end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.simulation.clocks import SECOND
from tests.simulation.crew import Crew
from tests.simulation.faults import Fault
from tests.simulation.loop import Process
from tests.simulation.retention import Retention
from tests.simulation.trace import Trace
from tests.simulation.worker import CHANGELOG, Setting, Surroundings, Worker


class Striking:
    """Of one history. `about_to_compact` is called before what rows once were is gone, `hit` with each that struck."""

    def __init__(
        self,
        setting: Setting,
        around: Surroundings,
        crew: Crew,
        retention: Retention,
        trace: Trace,
        *,
        hit: Callable[[str], None],
        about_to_compact: Callable[[], None],
    ) -> None:
        self._setting = setting
        self._around = around
        self._loop = around.loop
        self._crew = crew
        self._retention = retention
        self._trace = trace
        self._hit = hit
        self._about_to_compact = about_to_compact

    def expect(self, faults: Iterable[Fault]) -> float:
        """Each at its time. When the last of them is over."""
        ends = [0.0]
        for fault in faults:
            self._loop.call_at(fault.at, self._strike, fault, context=self._loop.outside)
            ends.append(fault.at + (fault.seconds if fault.kind != "clock" else fault.share))
        return max(ends)

    def heal(self) -> None:
        """All faults end, and somebody is at work."""
        self._fast()
        self._whole()
        self._ledger_back()
        self._around.weather.unknown.clear()
        for worker in self._crew.all():
            worker.clocks.ahead = 0
            if not worker.ended and worker.process.frozen:
                worker.process.thaw()
        if not self._crew.running():
            self._crew.start(0)
        self._trace.note("healed", who="fault")

    def _strike(self, fault: Fault) -> None:
        running = self._crew.running()
        said = f"{fault.kind} {fault.what} {fault.seconds:g} s".replace("  ", " ")
        if running:
            number = running[fault.whom % len(running)]
            said += f" {self._crew[number].name}"
            self._strike_worker(fault, number, self._crew[number], alone=len(running) == 1)
        if fault.kind == "join":
            for number in self._crew.free()[:1]:
                self._crew.start(number)
        elif fault.kind == "outage":
            for each in running:
                self._crew.kill(each, self._crew[each], fault.seconds)
            self._loop.call_later(0.9 * fault.seconds, self._cut_off, context=self._loop.outside)
        else:
            self._strike_servers(fault)
        self._hit(fault.kind)
        self._trace.note("fault", said, "fault")

    def _strike_worker(self, fault: Fault, number: int, worker: Worker, *, alone: bool) -> None:
        loop = self._loop
        process: Process = worker.process
        if fault.kind == "crash":
            process.after_steps(fault.steps, lambda: self._crew.kill(number, worker, fault.seconds))
        elif fault.kind in ("freeze", "pause"):
            process.after_steps(fault.steps, lambda: self._crew.freeze(worker, fault.seconds))
        elif fault.kind == "silent":
            worker.line.silent_until = loop.time() + fault.seconds
        elif fault.kind == "leave":
            if not alone:
                worker.stop()
        elif fault.kind == "clock":
            worker.clocks.ahead += round(fault.seconds * SECOND)
            loop.call_later(fault.share, self._set_right, worker, context=loop.outside)

    def _strike_servers(self, fault: Fault) -> None:
        loop, weather = self._loop, self._around.weather
        if fault.kind == "unknown":
            weather.unknown[fault.what] += int(fault.share)
        elif fault.kind == "slow":
            weather.slow = fault.share
            loop.call_later(fault.seconds, self._fast, context=loop.outside)
        elif fault.kind == "lossy":
            weather.lossy = fault.share
            loop.call_later(fault.seconds, self._whole, context=loop.outside)
        elif fault.kind == "away":
            weather.away_until = loop.time() + fault.seconds
        elif fault.kind == "compact":
            self._about_to_compact()
            self._around.broker.compact(CHANGELOG)
        elif fault.kind == "retention":
            self._cut_off()
        elif fault.kind == "ledger lost":
            self._around.ledger.lose_everything()
        elif fault.kind in ("ledger away", "ledger lossy"):
            if fault.kind == "ledger away":
                self._around.ledger_weather.away = True
            else:
                self._around.ledger_weather.lossy = fault.share
            loop.call_later(fault.seconds, self._ledger_back, context=loop.outside)

    def _cut_off(self) -> None:
        # At least once, rows may be ahead of the offsets: nobody could say what of them is lost.
        nobody = not self._crew.running() and self._around.broker.at_rest and self._setting.transactions
        if self._retention.strike(unread=nobody):
            self._hit("records lost unread")
            # A touch that came of them may still be reserved for a worker that is no more, and would count.
            self._around.ledger.lose_everything()

    def _set_right(self, worker: Worker) -> None:
        """Somebody notices, or NTP does."""
        worker.clocks.ahead = 0

    def _fast(self) -> None:
        self._around.weather.slow = 0.0

    def _whole(self) -> None:
        self._around.weather.lossy = 0.0

    def _ledger_back(self) -> None:
        self._around.ledger_weather.away = False
        self._around.ledger_weather.lossy = 0.0
