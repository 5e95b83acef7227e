"""A redis-server that a test may stop, freeze and empty; the session's shared one is not for that."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from streams.stacks.process import free_port
from tests.conftest import unavailable


class RedisProcess:
    """One redis-server on a port of its own, its data in `directory`.

    `configuration`: a redis.conf; `program`: another server than the redis-server of the PATH.
    """

    def __init__(
        self, directory: Path, *, tls: bool = False, configuration: Path | None = None, program: str | None = None
    ) -> None:
        program = program or shutil.which("redis-server")
        if program is None:
            unavailable("redis-server is not installed")
        self._program = program or ""
        self._directory = directory
        self._configuration = [str(configuration)] if configuration else []
        self._tls = tls
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"{'rediss' if self._tls else 'redis'}://localhost:{self.port}/0"

    def start(self) -> None:
        where = ["--port", "0", "--tls-port", str(self.port)] if self._tls else ["--port", str(self.port)]
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, *self._configuration, *where, "--dir", str(self._directory), "--save", ""],
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
