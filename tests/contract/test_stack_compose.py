"""docker-compose.yml and the Dockerfile: what they would run is run here, outside containers."""

from __future__ import annotations

import http.server
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from streams import stacks
from streams.settings import Settings
from streams.stacks import real
from streams.stacks.process import Server, free_port, redis_answers

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = YAML(typ="safe").load(ROOT / "docker-compose.yml")["services"]
    return found


def rewake(*words: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("rewake")
    plain = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"}
    return subprocess.run([str(program), *words], capture_output=True, text=True, env=plain, check=False)


@pytest.mark.parametrize("service", ["topics", "worker", "dispatch"])
def test_our_services_run_commands_and_options_that_exist(services: dict[str, dict[str, Any]], service: str) -> None:
    command = services[service]["command"]
    shown = rewake(*itertools.takewhile(lambda word: not word.startswith("-"), command), "--help")
    assert shown.returncode == 0, shown.stderr
    for option in (word for word in command if word.startswith("--")):
        assert option in shown.stdout


def test_the_variables_given_to_our_services_are_settings(services: dict[str, dict[str, Any]]) -> None:
    known = {f"REWAKE_{name.upper()}" for name in Settings.model_fields}
    assert set(services["worker"]["environment"]) <= known
    in_image = set(re.findall(r"\b(REWAKE_[A-Z_]+)=", DOCKERFILE))
    assert in_image
    assert in_image <= known


def test_a_service_waits_only_for_services_that_exist(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services
            healthy = "healthcheck" in services[needed]
            assert how["condition"] == "service_completed_successfully" or healthy


def test_redis_starts_as_the_service_does_and_evicts_nothing(
    services: dict[str, dict[str, Any]], tmp_path: Path, redis_server: object
) -> None:
    program, *options = services["redis"]["command"]
    port = free_port()
    command = [shutil.which(program) or program, *options, "--port", str(port), "--dir", str(tmp_path)]
    server = Server(
        "redis", command, log=tmp_path / "log", ready=lambda: redis_answers(port), timeout=20, guard=None
    )
    try:
        server.wait()
        asked = subprocess.run(
            ["redis-cli", "-p", str(port), "config", "get", "maxmemory-policy"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert asked.stdout.split() == ["maxmemory-policy", "noeviction"]
        health = services["redis"]["healthcheck"]["test"][1:]
        answer = subprocess.run([health[0], "-p", str(port), *health[1:]], capture_output=True, text=True, check=True)
        assert answer.stdout.strip() == "PONG"
    finally:
        server.stop()


def kafka_properties(environment: dict[str, str]) -> dict[str, str]:
    """KAFKA_A_B=c as the image turns it into a.b=c."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment.items()
        if name.startswith("KAFKA_")
    }


def test_kafka_accepts_the_services_settings(services: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    try:
        java, libraries = real.find_java(), real.kafka_libraries()
    except stacks.StackFailed as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    environment = services["kafka"]["environment"]
    settings = kafka_properties(environment) | {"log.dirs": str(tmp_path / "data")}
    properties = tmp_path / "server.properties"
    properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    command = [java, "-cp", f"{libraries}/*", "kafka.tools.StorageTool", "format"]
    command += ["-t", environment["CLUSTER_ID"], "-c", str(properties)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    known = subprocess.run(
        [java, "-cp", f"{libraries}/*", str(ROOT / "tests" / "contract" / "KnownSettings.java")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(settings) - {"listener.security.protocol.map"} <= set(known.stdout.split())


def test_kafkas_health_check_tells_a_listening_broker_from_none(
    services: dict[str, dict[str, Any]], real_stack: stacks.Stack
) -> None:
    *shell, script = services["kafka"]["healthcheck"]["test"][1:]
    for port, code in ((real_stack.bootstrap.rpartition(":")[2], 0), (str(free_port()), 1)):
        asked = [*shell, script.replace("localhost/9092", f"127.0.0.1/{port}")]
        done = subprocess.run(asked, capture_output=True, check=False)
        assert done.returncode == code


@pytest.mark.parametrize(("answer", "healthy"), [(200, True), (503, False)])
def test_the_images_health_check_follows_readyz(answer: int, healthy: bool) -> None:
    class Readiness(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    found = re.search(r"HEALTHCHECK .*?CMD (\[.*?\])\n", DOCKERFILE, re.DOTALL)
    assert found is not None
    _, *arguments = json.loads(found[1])
    with http.server.HTTPServer(("127.0.0.1", 0), Readiness) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {**os.environ, "REWAKE_HTTP_PORT": str(server.server_port)}
        done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, check=False)
        server.shutdown()
    assert (done.returncode == 0) is healthy


def test_everything_the_image_copies_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    copied = [path for line in lines for path in line.split()[:-1]]
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert f"!{path}" in ignored


def test_the_image_runs_the_entry_point_of_the_package() -> None:
    assert re.search(r'^ENTRYPOINT \["rewake"\]$', DOCKERFILE, re.MULTILINE)
    default = re.search(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert default is not None
    assert rewake(*json.loads(default[1]), "--help").returncode == 0
