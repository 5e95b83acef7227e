"""The functional core alone, in one process: what each of its stages costs, in microseconds of CPU.

No broker, no Redis: chunks of records are decoded, each row is driven along its time as the worker drives it on the
stream clock, and the touched rows of a chunk are encoded as for the changelog. `python -m bench.core` prints a table:
the minimum of several rounds for each of three workloads (`bench.core_workloads`).
"""

from __future__ import annotations

import argparse
import gc
import time
from collections import defaultdict
from typing import Final

from bench.core_workloads import WORKLOADS, Workload
from schemas.emitted import encode
from schemas.wire import CustomerEvent, decode_batch
from streams.deadlines import DeadlineIndex
from streams.ledger import RowLedger
from triggers.customer import CustomerRow, decode_row, encode_row
from triggers.engine import Engine

CHUNK: Final = 2_000

PER_EVENT: Final = ("decode", "on_event")
PER_ROW: Final = ("encode_row", "decode_row")
PER_TOUCH: Final = ("on_deadline", "on_emit", "conclude", "encode")


class Drive:
    """One engine and the rows of one partition; `spent` in seconds of CPU by stage, `done` how often."""

    def __init__(self, workload: Workload) -> None:
        self.engine = Engine(workload.rules, workload.catalogue)
        self.rows: dict[str, CustomerRow] = {}
        self.deadlines = DeadlineIndex()
        self.ledger = RowLedger()
        self.spent: dict[str, float] = defaultdict(float)
        self.done: dict[str, int] = defaultdict(int)
        self.row_bytes = 0

    def run(self, workload: Workload) -> None:
        for values in _chunks(workload.known):
            for event in decode_batch(values):
                assert isinstance(event, CustomerEvent)
                self.engine.on_event(self._row(event), event, event.at)
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            for values in _chunks(workload.values):
                self._chunk(values)
            stored = [encode_row(row) for row in self.rows.values()]
            began = time.process_time()
            for data in stored:
                decode_row(data)
            self._spent("decode_row", began, len(stored))
        finally:
            gc.enable()

    def _chunk(self, values: list[bytes]) -> None:
        """Decode, fire what falls due within the chunk, apply, encode the touched rows."""
        began = time.process_time()
        events = decode_batch(values)
        self._spent("decode", began, len(values))
        touched: dict[str, CustomerRow] = {}
        rows, on_event = self.rows, self.engine.on_event
        judging, reached = 0.0, 0
        began = time.process_time()
        for event in events:
            assert isinstance(event, CustomerEvent)
            reached = event.at
            key = f"{event.shop_id}:{event.customer_id}"
            row = touched.get(key) or rows.get(key)
            if row is None:
                row = self._row(event)
            if row.deadline < event.at:
                since = time.process_time()
                self._fire(row, event.at)
                judging += time.process_time() - since
            on_event(row, event, event.at)
            touched[key] = row
        self.spent["on_event"] += time.process_time() - began - judging
        self.done["on_event"] += len(values)
        for key, row in touched.items():
            self.deadlines.note(key, row.deadline)
        while due := self.deadlines.pop_below(reached):
            for key in due:
                row = rows[key]
                if row.deadline < reached:
                    touched[key] = row
                    self._fire(row, reached)
                self.deadlines.note(key, row.deadline)
        began = time.process_time()
        encoded = [encode_row(row) for row in touched.values()]
        self._spent("encode_row", began, len(touched))
        self.row_bytes = sum(map(len, encoded)) // len(encoded)

    def _fire(self, row: CustomerRow, below: int) -> None:
        clock, engine = time.process_time, self.engine
        while row.deadline < below:
            began = clock()
            proposals = engine.on_deadline(row, row.deadline)
            self._spent("on_deadline", began)
            for proposal in proposals:
                began = clock()
                judgement = engine.on_emit(row, proposal, proposal.planned)
                self._spent("on_emit", began)
                answer = None if judgement.ask is None else self.ledger.decide(judgement.ask)
                began = clock()
                emitted = engine.conclude(row, judgement, answer)
                self._spent("conclude", began)
                began = clock()
                for command in emitted.commands:
                    encode(command)
                encode(emitted.decision)
                self._spent("encode", began)
                self.done["commands"] += len(emitted.commands)

    def _spent(self, stage: str, began: float, times: int = 1) -> None:
        self.spent[stage] += time.process_time() - began
        self.done[stage] += times

    def _row(self, event: CustomerEvent) -> CustomerRow:
        key = f"{event.shop_id}:{event.customer_id}"
        if key not in self.rows:
            self.rows[key] = self.engine.new_row(event.shop_id, event.customer_id)
        return self.rows[key]


def _chunks(values: list[bytes]) -> list[list[bytes]]:
    return [values[begin : begin + CHUNK] for begin in range(0, len(values), CHUNK)]


def _clock_costs() -> float:
    """What measuring itself adds to a stage that is measured one by one, in seconds."""
    drive, clock = Drive.__new__(Drive), time.process_time
    drive.spent, drive.done = defaultdict(float), defaultdict(int)
    for _ in range(20_000):
        began = clock()
        drive._spent("nothing", began)
    return drive.spent["nothing"] / 20_000


def measure(workload: Workload, rounds: int) -> dict[str, float]:
    """The stages' microseconds each, the least of all rounds, and what they are in sum for an event."""
    costs = _clock_costs()
    best: dict[str, float] = {}
    for _ in range(rounds):
        drive = Drive(workload)
        drive.run(workload)
        for stage, seconds in drive.spent.items():
            one_by_one = costs if stage in PER_TOUCH else 0.0
            each = max(0.0, seconds / drive.done[stage] - one_by_one) * 1e6
            best[stage] = min(best.get(stage, each), each)
    events = len(workload.values)
    sums = {stage: best[stage] * drive.done[stage] / events for stage in best if stage != "decode_row"}
    return {
        **{stage: round(best.get(stage, 0.0), 2) for stage in (*PER_EVENT, *PER_ROW, *PER_TOUCH)},
        "event": round(sum(sums.values()), 2),
        "touches": round(100 * drive.done["on_emit"] / events, 2),
        "deadlines": round(100 * drive.done["on_deadline"] / events, 2),
        "commands": drive.done["commands"],
        "encoded_rows": round(100 * drive.done["encode_row"] / events, 1),
        "row_bytes": drive.row_bytes,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", default=["peers", "shop", "rules"], help=", ".join(WORKLOADS))
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    results = {name: measure(WORKLOADS[name](given.events), given.rounds) for name in given.workloads}
    print(f"{'CPU us of':<16}" + "".join(f"{name:>10}" for name in results))
    for line in next(iter(results.values())):
        print(f"{line:<16}" + "".join(f"{result[line]:>10}" for result in results.values()))


if __name__ == "__main__":
    main()
