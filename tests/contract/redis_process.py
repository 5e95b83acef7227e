"""A redis-server that a test may stop, freeze and empty; the session's shared one is not for that."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

from streams.stacks.process import Guard, free_port
from tests.conftest import unavailable


class RedisProcess:
    """One redis-server on a port of its own, its data in `directory`.

    `configuration`: a redis.conf; `program`: another server than the redis-server of the PATH; `options`: of its
    command line.
    """

    def __init__(
        self,
        directory: Path,
        *,
        tls: bool = False,
        configuration: Path | None = None,
        program: str | None = None,
        options: Sequence[str] = (),
    ) -> None:
        program = program or shutil.which("redis-server")
        if program is None:
            unavailable("redis-server is not installed")
        self._program = program or ""
        self._directory = directory
        self._configuration = [str(configuration)] if configuration else []
        self._options = options
        self._tls = tls
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"{'rediss' if self._tls else 'redis'}://localhost:{self.port}/0"

    def start(self, *options: str) -> None:
        """`options`: of the command line, this once."""
        where = ["--port", "0", "--tls-port", str(self.port)] if self._tls else ["--port", str(self.port)]
        folder = ["--dir", str(self._directory), "--save", ""]
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, *self._configuration, *where, *folder, *self._options, *options],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError((self._directory / "redis.log").read_text())

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *words: str | bytes | int) -> Any:
        """One command, as an administrator sends it."""
        with contextlib.closing(redis.Redis(port=self.port, socket_timeout=10.0)) as client:
            return client.execute_command(*words)  # type: ignore[no-untyped-call]  # untyped in redis-py

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid


SLOTS = 16_384


class ClusterProcesses:
    """A Redis Cluster on this machine: `primaries` nodes that share the slots, and replicas where a test adds them.

    `program` as above. They end with this process, however it goes.
    """

    def __init__(self, directory: Path, *, primaries: int = 3, program: str | None = None) -> None:
        self._directory = directory
        self._program = program
        self._guard = Guard.start()
        self._buses: dict[int, int] = {}
        self.nodes: list[RedisProcess] = []
        try:
            for number in range(primaries):
                node = self._add()
                first, last = SLOTS * number // primaries, SLOTS * (number + 1) // primaries - 1
                node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
                node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            for node in self.nodes[1:]:
                self._introduce(node)
            self.until_whole()
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        """All of them, as REWAKE_REDIS_URL names a cluster."""
        return "redis://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def add_replica(self, of: RedisProcess) -> RedisProcess:
        """A new node that follows a primary."""
        replica = self._add()
        self._introduce(replica)
        master = of.ask("CLUSTER", "MYID").decode()
        _until(lambda: master in str(replica.ask("CLUSTER", "NODES")))
        replica.ask("CLUSTER", "REPLICATE", master)
        _until(lambda: b"master_link_status:up" in _raw_info(replica))
        self.until_whole()
        return replica

    def owner(self, slot: int) -> RedisProcess:
        """The primary that a slot lies on."""
        for first, last, primary, *_ in self.nodes[0].ask("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == primary[1])
        raise AssertionError(f"slot {slot} lies nowhere")

    def until_whole(self) -> None:
        """Wait until every node says that the cluster is."""
        _until(
            lambda: all(
                node.ask("CLUSTER", "INFO").startswith(b"cluster_state:ok")
                and len(node.ask("CLUSTER", "NODES").splitlines()) == len(self.nodes)
                and all(len(slots) >= 3 for slots in node.ask("CLUSTER", "SLOTS"))
                for node in self.nodes
            )
        )

    def flush(self) -> None:
        """Everything is forgotten, scripts too."""
        for node in self.nodes:
            with contextlib.suppress(redis.exceptions.ReadOnlyError):
                node.ask("FLUSHALL")
            node.ask("SCRIPT", "FLUSH")

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()
        self._guard.close()

    def _add(self) -> RedisProcess:
        bus = free_port()
        home = self._directory / f"node-{len(self.nodes)}"
        home.mkdir()
        options = [
            "--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-node-timeout", "1500",
            "--cluster-config-file", "nodes.conf", "--repl-diskless-sync-delay", "0", "--maxmemory", "64mb",
            "--cluster-replica-validity-factor", "0", "--bind", "127.0.0.1",
        ]  # fmt: skip
        node = RedisProcess(home, program=self._program, options=options)
        self._guard.watch(node.pid)
        self._buses[node.port] = bus
        self.nodes.append(node)
        return node

    def _introduce(self, node: RedisProcess) -> None:
        self.nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, self._buses[node.port])


def _raw_info(node: RedisProcess) -> bytes:
    with contextlib.closing(redis.Redis(port=node.port, socket_timeout=10.0)) as client:
        client.response_callbacks.pop("INFO", None)
        return bytes(client.execute_command("INFO", "replication"))  # type: ignore[no-untyped-call]  # untyped


def _until(happens: Any, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            raise AssertionError("the cluster did not come together")
        time.sleep(0.05)
