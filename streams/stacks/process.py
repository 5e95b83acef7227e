"""One server process: started with its log in a file, asked until it answers, and ended for certain.

A server must not outlive the program that started it, not even one that is killed. `Guard` sees to that in a way that
works on Linux and macOS: a small process that reads a pipe, whose other end closes when we die.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

STOP_AFTER: Final = 15.0  # seconds from SIGTERM to SIGKILL; Kafka's own clean stop takes about two


class ServerFailed(RuntimeError):
    """A server ended or stayed silent; the message carries the end of its log."""


class Guard:
    """Ends the servers entrusted to it when this process is gone, however it went."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @classmethod
    def start(cls) -> Guard:
        program = Path(__file__).with_name("guard.py")
        return cls(
            subprocess.Popen(  # -S -E: it needs the standard library alone, and starts in 15 ms
                [sys.executable, "-S", "-E", str(program)], stdin=subprocess.PIPE, start_new_session=True, bufsize=0
            )
        )

    def _say(self, line: str) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # someone ended the guard: servers still end with stop()
                self._process.stdin.write(line.encode())

    def watch(self, pid: int) -> None:
        self._say(f"+{pid}\n")

    def release(self, pid: int) -> None:
        """The server has been stopped: its pid may now be somebody else's."""
        self._say(f"-{pid}\n")

    def close(self) -> None:
        """End the guard, and with it whatever it still watches."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


class Server:
    """A child process, its log, and the question that tells that it is ready."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        ready: Callable[[], bool],
        timeout: float,
        guard: Guard | None,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Starts at once. `timeout`: seconds until `wait` gives up. Its own session: Ctrl-C is for us to handle."""
        self.name = name
        self.log = log
        self.program = command[0]
        self._ready = ready
        self._timeout = timeout
        self._guard = guard
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **environment} if environment else None,
                start_new_session=True,
            )
        if guard is not None:
            guard.watch(self._process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> None:
        """Until it answers. Raises ServerFailed when it ends first or `timeout` seconds pass."""
        until = time.monotonic() + self._timeout
        while True:
            if self._process.poll() is not None:
                raise ServerFailed(f"{self.name} ended with status {self._process.returncode}.{self._tail()}")
            if self._ready():
                return
            if time.monotonic() > until:
                raise ServerFailed(f"{self.name} did not answer within {self._timeout:g} s.{self._tail()}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_AFTER)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._guard is not None:
            self._guard.release(self._process.pid)

    def kill(self) -> None:
        """SIGKILL, as a crash: for tests of what survives one."""
        self._process.kill()
        self._process.wait()
        if self._guard is not None:
            self._guard.release(self._process.pid)

    def _tail(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines()[-12:]
        return f" The end of {self.log}:\n" + "\n".join(lines) if lines else f" Its log {self.log} is empty."


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def kafka_answers(port: int) -> bool:
    """Whether a broker answers a Metadata request (v1, no topics) on 127.0.0.1 and names itself."""
    header = struct.pack(">hhih", 3, 1, 7, 6) + b"rewake"
    request = header + struct.pack(">i", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as line:
            line.sendall(struct.pack(">i", len(request)) + request)
            answer = _read(line, 12)
    except OSError:
        return False
    return len(answer) == 12 and struct.unpack(">iii", answer)[2] > 0


def redis_answers(port: int) -> bool:
    """Whether a Redis (or Valkey) on 127.0.0.1 answers PING with PONG, which it does not while it loads."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as line:
            line.sendall(b"PING\r\n")
            return _read(line, 5) == b"+PONG"
    except OSError:
        return False


def _read(line: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = line.recv(size - len(data))
        if not more:
            break
        data += more
    return data


def is_running(pid: int, program: str) -> bool:
    """Whether `pid` is alive and still runs `program`: a pid of an old state file may be somebody else's by now."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode("utf-8", "replace")
    except OSError:
        if sys.platform == "linux":
            return False
        shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        command = shown.stdout.strip()
    # redis-server rewrites its title to "<program> <address>"
    return command.startswith(program)


def terminate(pid: int, program: str) -> None:
    """End a server that another process started: SIGTERM, then SIGKILL, then wait until it is gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + STOP_AFTER
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        while time.monotonic() < until:
            if not is_running(pid, program):
                return
            time.sleep(0.05)
