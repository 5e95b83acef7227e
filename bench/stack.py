"""A broker and a Redis of a benchmark's own, in a folder that is gone afterwards, whatever happens."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from bench.processes import RunFailed
from bench.publishing import PublishingFailed
from streams import stacks
from streams.stacks import Stack


@contextlib.contextmanager
def servers() -> Iterator[tuple[Stack, Path]]:
    """Apache Kafka and Redis with empty storage, and a folder for logs and state. SIGTERM cleans up like Ctrl-C."""
    former = signal.signal(signal.SIGTERM, _leave)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="rewake-bench-", ignore_cleanup_errors=True) as folder,
            stacks.start("real", directory=f"{folder}/servers") as stack,
        ):
            yield stack, Path(folder)
    finally:
        signal.signal(signal.SIGTERM, former)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


@contextlib.contextmanager
def failing_loudly() -> Iterator[None]:
    """What makes a run worthless ends the program with its reason, without a trace of calls."""
    try:
        yield
    except (RunFailed, PublishingFailed, stacks.StackFailed) as failure:
        sys.exit(f"failed, nothing is saved: {failure}")


def broker_pid(stack: Stack) -> int:
    return next(server.pid for server in stack.servers if server.name == "kafka")


def say(text: str) -> None:
    """Progress, for whoever waits; results go to standard output."""
    print(text, file=sys.stderr, flush=True)
