"""The servers Rewake talks to, started for a demo, a test or a first look: a Kafka broker and a Redis.

Two kinds, one interface. `embedded` needs nothing but the wheels of `pip install rewake[embedded]`; its broker
keeps everything in memory and has no transactions. `real` is Apache Kafka (KRaft, one node) and redis-server.
Neither is how production runs its servers: see docs/production.md.
"""

from __future__ import annotations

from streams.stacks.base import Kind, Stack, StackFailed

__all__ = ["Kind", "Stack", "StackFailed", "start"]


def start(
    kind: Kind = "embedded",
    *,
    directory: str = ".rewake",
    kafka_port: int | None = None,
    redis_port: int | None = None,
    detach: bool = False,
) -> Stack:
    """Start both servers and come back when both answer; `Stack.stop()` ends them.

    Ports: None takes any free one; a given one that is taken raises StackFailed. Logs and data lie in `directory`.
    Unless `detach`, the servers end with this process, however it ends.
    """
    from streams.stacks import embedded, real  # not above: both import this package's base

    starter = embedded.start if kind == "embedded" else real.start
    return starter(directory=directory, kafka_port=kafka_port, redis_port=redis_port, detach=detach)
