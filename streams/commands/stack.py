"""`rewake stack`: the servers for a first look, started and stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from streams.commands.console import CHECK_FAILED, JsonOption, fail, note, say, say_json, stopping_cleanly

if TYPE_CHECKING:
    from streams.stacks import Stack

app = typer.Typer(help="The servers for a first look: a Kafka broker and a Redis.", no_args_is_help=True)

KAFKA_PORT: Final = 9092
REDIS_PORT: Final = 6379

DirectoryOption = Annotated[Path, typer.Option(help="Where logs, data and the stack's state lie.")]
_DIRECTORY: Final = Path(".rewake")


@app.callback()
def _group() -> None:
    """The servers for a first look: a Kafka broker and a Redis."""


@app.command()
def up(
    real: Annotated[
        bool, typer.Option("--real", help="Apache Kafka (needs Java 17, the first time Maven) and redis-server.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Leave them running and come back.")] = False,
    kafka_port: Annotated[int | None, typer.Option(help="Default: 9092, or any free one where that is taken.")] = None,
    redis_port: Annotated[int | None, typer.Option(help="Default: 6379, or any free one where that is taken.")] = None,
    directory: DirectoryOption = _DIRECTORY,
    json: JsonOption = False,
) -> None:
    """Start both servers and, unless --detach, keep them until Ctrl-C. Data is empty at every start.

    Example: rewake stack up --detach
    """
    from streams.stacks import StackFailed, start
    from streams.stacks.base import clear, recall
    from streams.stacks.process import port_is_free

    state = recall(directory)
    if state is not None and any(server["alive"] for server in state["servers"]):
        fail(f"a stack is up already, on {state['bootstrap']}", "stop it with: rewake stack down")
    with stopping_cleanly() as stop:
        try:
            stack = start(
                "real" if real else "embedded",
                directory=str(directory),
                kafka_port=kafka_port or (KAFKA_PORT if port_is_free(KAFKA_PORT) else None),
                redis_port=redis_port or (REDIS_PORT if port_is_free(REDIS_PORT) else None),
                detach=detach,
            )
        except StackFailed as error:
            fail(str(error))
        try:
            stack.remember(directory)
            if json:
                say_json(_facts(stack))
            else:
                _introduce(stack, detach)
            if detach:
                return
            while not stop.asked and not stack.dead():
                time.sleep(0.2)
            dead = stack.dead()
        except BaseException:
            stack.stop()
            raise
        stack.stop()
        clear(directory)
    if dead:
        fail(f"{' and '.join(dead)} ended by itself", f"its log lies in {directory}")
    note("stopped")


def _facts(stack: Stack) -> dict[str, Any]:
    return {
        "kind": stack.kind,
        "bootstrap": stack.bootstrap,
        "redis_url": stack.redis_url,
        "transactions": stack.transactions,
    }


def _introduce(stack: Stack, detach: bool) -> None:
    if stack.kind == "embedded":
        note("The embedded stack: a Kafka-protocol broker in memory, and Valkey. It has no transactions, so a worker")
        note("delivers at least once here: a crash may repeat a command with the same command_id. Not for production.")
    else:
        note("The real stack on one node: Apache Kafka with transactions, and Redis. Not for production as it is.")
    say(f"export REWAKE_KAFKA_BOOTSTRAP={stack.bootstrap}")
    say(f"export REWAKE_REDIS_URL={stack.redis_url}")
    note("Running. Stop with: rewake stack down" if detach else "Running. Ctrl-C stops both.")


@app.command()
def down(directory: DirectoryOption = _DIRECTORY, json: JsonOption = False) -> None:
    """Stop what `up` started. Nothing to stop is fine too."""
    from streams.stacks.base import forget

    stopped = forget(directory)
    if json:
        say_json({"stopped": stopped})
    else:
        say(f"stopped {' and '.join(stopped)}" if stopped else "nothing was up")


@app.command()
def status(directory: DirectoryOption = _DIRECTORY, json: JsonOption = False) -> None:
    """Tell whether both servers are up (exit code 0) or not (1)."""
    from streams.stacks.base import recall

    state = recall(directory)
    servers = [] if state is None else state["servers"]
    healthy = bool(servers) and all(server["alive"] for server in servers)
    if json:
        say_json({**({} if state is None else state), "up": healthy})
    elif state is None:
        say("no stack is up")
    else:
        say(f"{state['kind']} stack, Kafka on {state['bootstrap']}, Redis on {state['redis_url']}")
        for server in servers:
            said = f"up, pid {server['pid']}" if server["alive"] else f"gone; its log: {server['log']}"
            say(f"  {server['name']:<7} {said}")
    if not healthy:
        raise typer.Exit(CHECK_FAILED)


def register(root: typer.Typer) -> None:
    """Hang `stack` on the root."""
    root.add_typer(app, name="stack")
