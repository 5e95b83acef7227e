"""Starting and ending servers: nothing is left behind, and nothing that is not ours is touched."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from streams import stacks
from streams.stacks.base import STATE, forget, recall
from streams.stacks.process import Server, ServerFailed, is_running, redis_answers

REWAKE = str(Path(sys.executable).with_name("rewake"))
PATIENCE = 30  # seconds until a process that should end is said to have stayed

START = """
import sys, time, orjson
from streams import stacks
with stacks.start("embedded", directory=sys.argv[1]) as stack:
    print(orjson.dumps([[s.pid, s.program] for s in stack.servers]).decode(), flush=True)
    time.sleep(600)
"""


def gone(servers: list[tuple[int, str]]) -> bool:
    until = time.monotonic() + PATIENCE
    while any(is_running(pid, program) for pid, program in servers):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], list[tuple[int, str]]]]:
    """A program that has started an embedded stack, and the stack's processes."""
    with subprocess.Popen(
        [sys.executable, "-c", START, str(tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as program:
        assert program.stdout is not None
        yield program, [tuple(pair) for pair in json.loads(program.stdout.readline())]
        program.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_servers_end_with_the_program_that_started_them_however_it_ends(
    starter: tuple[subprocess.Popen[str], list[tuple[int, str]]], number: signal.Signals
) -> None:
    program, servers = starter
    assert len(servers) == 2
    assert all(is_running(*server) for server in servers)
    program.send_signal(number)
    program.wait(PATIENCE)
    assert gone(servers)


def rewake(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([REWAKE, *words], capture_output=True, text=True, check=False)


def test_up_detached_then_status_then_down(tmp_path: Path) -> None:
    where = ("--directory", str(tmp_path))
    assert rewake("stack", "status", *where).returncode == 1
    up = rewake("stack", "up", "--detach", "--json", *where)
    try:
        assert up.returncode == 0, up.stderr
        bootstrap = json.loads(up.stdout)["bootstrap"]
        status = json.loads(rewake("stack", "status", "--json", *where).stdout)
        assert (status["up"], status["bootstrap"], status["transactions"]) == (True, bootstrap, False)
        again = rewake("stack", "up", "--detach", *where)
        assert (again.returncode, bootstrap in again.stderr) == (1, True)
    finally:
        down = rewake("stack", "down", "--json", *where)
    assert json.loads(down.stdout) == {"stopped": ["redis", "broker"]}
    assert gone([(server["pid"], server["program"]) for server in status["servers"]])
    assert rewake("stack", "status", *where).returncode == 1


def test_ctrl_c_ends_up_and_its_servers(tmp_path: Path) -> None:
    with subprocess.Popen(
        [REWAKE, "stack", "up", "--directory", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as up:
        assert up.stdout is not None
        assert up.stdout.readline().startswith("export REWAKE_KAFKA_BOOTSTRAP=")
        state = recall(tmp_path)
        assert state is not None
        up.send_signal(signal.SIGINT)
        _, said = up.communicate(timeout=PATIENCE)
        assert (up.returncode, said.splitlines()[-1]) == (0, "stopped")
    assert gone([(server["pid"], server["program"]) for server in state["servers"]])
    assert not (tmp_path / STATE).exists()


def test_a_taken_port_is_refused_by_name(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(stacks.StackFailed, match=f"Port {port}"):
            stacks.start("embedded", directory=str(tmp_path), redis_port=port)
    assert recall(tmp_path) is None


def test_a_server_that_ends_at_once_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such option: --fast')"]
    server = Server("broker", command, log=tmp_path / "log", ready=lambda: False, timeout=20, guard=None)
    with pytest.raises(ServerFailed, match=r"(?s)broker ended with status 1.*no such option: --fast"):
        server.wait()


def test_a_state_file_that_names_another_program_s_process_ends_nothing(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        state = {
            "kind": "embedded",
            "bootstrap": "127.0.0.1:1",
            "redis_url": "redis://127.0.0.1:1/0",
            "transactions": False,
            "servers": [{"name": "redis", "pid": bystander.pid, "program": "/opt/valkey-server", "log": "redis.log"}],
        }
        (tmp_path / STATE).write_bytes(orjson.dumps(state))
        assert forget(tmp_path) == []
        assert bystander.poll() is None
        os.kill(bystander.pid, 0)
    finally:
        bystander.kill()
        bystander.wait()


def test_a_state_file_that_is_no_state_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text("[1, 2")
    assert recall(tmp_path) is None


def test_nobody_answers_on_a_free_port() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert redis_answers(closed.getsockname()[1]) is False
