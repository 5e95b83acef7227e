"""What both stacks share: the handle, the order of starting and stopping, and the file that remembers a stack."""

from __future__ import annotations

import dataclasses
import shutil
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, Self

import orjson

from streams.stacks.process import Guard, Server, ServerFailed, is_running, terminate

Kind = Literal["embedded", "real"]
STATE: Final = "stack.json"
DATA: Final = "kafka"


class StackFailed(RuntimeError):
    """A stack cannot run here; the message says what is missing or wrong and what to do about it."""


@dataclasses.dataclass
class Stack:
    """Two running servers. `transactions` tells which delivery policy a worker can have on this broker."""

    kind: Kind
    bootstrap: str
    redis_url: str
    transactions: bool
    servers: list[Server] = dataclasses.field(default_factory=list, repr=False)
    guard: Guard | None = dataclasses.field(default=None, repr=False)

    def stop(self) -> None:
        """End both servers and wait until they are gone. A second call does nothing."""
        for server in reversed(self.servers):
            server.stop()
        self.servers.clear()
        if self.guard is not None:
            self.guard.close()
            self.guard = None

    def dead(self) -> list[str]:
        """Names of the servers that have ended by themselves."""
        return [server.name for server in self.servers if not server.alive()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self.stop()

    def remember(self, directory: Path) -> None:
        """Write the state file that `rewake stack down` and `status` read."""
        directory.mkdir(parents=True, exist_ok=True)
        state = {
            "kind": self.kind,
            "bootstrap": self.bootstrap,
            "redis_url": self.redis_url,
            "transactions": self.transactions,
            "servers": [{"name": s.name, "pid": s.pid, "program": s.program, "log": str(s.log)} for s in self.servers],
        }
        (directory / STATE).write_bytes(orjson.dumps(state, option=orjson.OPT_INDENT_2) + b"\n")


def assemble(
    kind: Kind,
    *,
    transactions: bool,
    detach: bool,
    start_kafka: Callable[[Guard | None], tuple[Server, int]],
    start_redis: Callable[[Guard | None], tuple[Server, int]],
) -> Stack:
    """Start both and wait for both; if either fails, the other is stopped and StackFailed names the log."""
    guard = None if detach else Guard.start()
    started: list[Server] = []
    try:
        kafka, kafka_port = start_kafka(guard)
        started.append(kafka)
        redis, redis_port = start_redis(guard)
        started.append(redis)
        for server in started:
            server.wait()
    except BaseException as error:
        for server in started:
            server.stop()
        if guard is not None:
            guard.close()
        if isinstance(error, ServerFailed):
            raise StackFailed(str(error)) from error
        raise
    return Stack(
        kind=kind,
        bootstrap=f"127.0.0.1:{kafka_port}",
        redis_url=f"redis://127.0.0.1:{redis_port}/0",
        transactions=transactions,
        servers=started,
        guard=guard,
    )


def recall(directory: Path) -> dict[str, Any] | None:
    """The remembered stack with `alive` set on every server, or None when there is none (or the file is not ours)."""
    try:
        state = orjson.loads((directory / STATE).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    if not isinstance(state, dict) or not isinstance(state.get("servers"), list):
        return None
    for server in state["servers"]:
        server["alive"] = is_running(server["pid"], server["program"])
    return state


def forget(directory: Path) -> list[str]:
    """Stop the remembered stack's servers that still run, remove the state file, and answer their names."""
    state = recall(directory)
    if state is None:
        return []
    living = [server for server in reversed(state["servers"]) if server["alive"]]
    for server in living:
        terminate(server["pid"], server["program"])
    clear(directory)
    return [server["name"] for server in living]


def clear(directory: Path) -> None:
    """Remove the state file and the broker's data; logs stay."""
    (directory / STATE).unlink(missing_ok=True)
    shutil.rmtree(directory / DATA, ignore_errors=True)
