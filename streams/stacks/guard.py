"""The program behind process.Guard: learns pids from standard input and ends them when it closes.

A line `+PID` entrusts a process, `-PID` releases it. Standard library alone: it is run without site-packages.
"""

import os
import signal
import sys
import time


def living(pids: set[int]) -> set[int]:
    """Those of `pids` that can still be signalled."""
    found = set()
    for pid in pids:
        try:
            os.kill(pid, 0)
        except OSError:
            continue
        found.add(pid)
    return found


def tell(pids: set[int], number: signal.Signals) -> None:
    for pid in living(pids):
        try:
            os.kill(pid, number)
        except OSError:
            continue  # gone in between


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the pipe alone decides
    watched: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        if line.startswith("+"):
            watched.add(pid)
        else:
            watched.discard(pid)
    tell(watched, signal.SIGTERM)
    until = time.monotonic() + 10
    while living(watched) and time.monotonic() < until:
        time.sleep(0.05)
    tell(watched, signal.SIGKILL)


if __name__ == "__main__":
    main()
