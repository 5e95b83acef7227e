"""Every console example of the README and the docs is run, and prints what the page says.

A page's ```console blocks are one session in an empty folder that has `examples/` in it. `$ ` begins a command (a
backslash continues it), the lines after it are its output: each must come, in this order; `...` stands for any lines
and, within a line, for any text. A command ending in `&` runs until the end of the page; `# exits 1` names an exit code
other than 0. Blocks marked `file=NAME` are written to NAME. `make`, `docker` and `git` lines are not run here
(`make` targets must exist; CI runs them).
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from schemas.carts import CartItemAdded
from schemas.contracts import read_event
from schemas.partitioner import partition_of
from streams.provision import specs_of
from streams.settings import PREFIX, Settings, secret_fields
from tests.conftest import Kafka, Redis
from tests.e2e.running import Shop
from tests.topics import delete, recreate

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = ("make", "docker", "git", "kubectl", "cd", "pip", "python3")
START_SECONDS = 4
"""How long a background command gets before the next one; it must still run then."""


@dataclass
class Command:
    line: str
    expected: list[str] = field(default_factory=list)
    exits: int = 0


def commands(block: str) -> list[Command]:
    found: list[Command] = []
    continued = False
    for line in block.splitlines():
        if continued:
            found[-1].line += "\n" + line
        elif line.startswith("$ "):
            found.append(Command(line[2:]))
        elif found and line.strip():
            found[-1].expected.append(line.rstrip())
        continued = found != [] and line.endswith("\\")
    for command in found:
        if match := re.search(r"\s+# exits (\d)$", command.line):
            command.exits = int(match[1])
            command.line = command.line[: match.start()]
    return found


def pattern(line: str) -> re.Pattern[str]:
    """A line of the docs as it must be found: runs of spaces are one, `...` is anything."""
    words = [r"\s+".join(map(re.escape, part.split())) for part in line.split("...")]
    return re.compile(".*".join(words))


def check(command: Command, output: str) -> None:
    lines = output.splitlines()
    at = 0
    for expected in command.expected:
        if expected.strip() == "...":
            continue
        wanted = pattern(expected)
        found = next((i for i in range(at, len(lines)) if wanted.search(lines[i])), None)
        assert found is not None, f"`{command.line}` did not print {expected!r} (in order); it printed:\n{output}"
        at = found + 1


def pages_with_commands() -> list[Path]:
    return [page for page in PAGES if "```console" in page.read_text()]


@pytest.mark.parametrize("page", pages_with_commands(), ids=lambda page: page.name)
def test_the_examples_of_a_page_do_what_the_page_says(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "COLUMNS": "200", "NO_COLOR": "1"}
    text = page.read_text()
    if re.search(r"^\$ rewake (worker|load|topics|dispatch|feed sync|suppress)", text, re.MULTILINE):
        bootstrap = request.getfixturevalue("kafka").bootstrap
        asyncio.run(delete(bootstrap, {spec.name for spec in specs_of("rewake")}))
        env["REWAKE_KAFKA_BOOTSTRAP"] = bootstrap
        env.setdefault("REWAKE_HMAC_SECRET", "an example of thirty-two characters")
        env["REWAKE_REDIS_URL"] = request.getfixturevalue("redis_server").url
    running: list[tuple[Command, subprocess.Popen[bytes]]] = []
    try:
        for language, info, body in FENCE.findall(text):
            if name := re.search(r"file=(\S+)", info):
                target = tmp_path / name[1]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(body)
            if language != "console":
                continue
            for command in commands(body):
                run(command, tmp_path, env, running)
        for command, process in running:
            assert process.poll() is None, f"`{command.line}` ended by itself with {process.returncode}"
    finally:
        for _, process in running:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def run(
    command: Command, folder: Path, env: dict[str, str], running: list[tuple[Command, subprocess.Popen[bytes]]]
) -> None:
    words = command.line.split()
    if words[0] == "make" and len(words) > 1:
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"no `{command.line}`"
    if words[0] in ELSEWHERE:
        return
    if command.line.endswith("&"):
        line = command.line.removesuffix("&")
        log = folder / f"background-{len(running)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {line}"], cwd=folder, env=env, stdout=out, stderr=out, start_new_session=True
            )
        running.append((command, process))
        time.sleep(START_SECONDS)
        assert process.poll() is None, f"`{command.line}` ended: {log.read_text()}"
        return
    ran = subprocess.run(
        ["bash", "-c", command.line], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == command.exits, f"`{command.line}` exited {ran.returncode}:\n{ran.stdout}{ran.stderr}"
    check(command, ran.stdout + ran.stderr)


PUBLISH = (ROOT / "docs" / "publish-events.md").read_text()


@pytest.mark.parametrize("client", ["kafka", "confluent_kafka"])
async def test_the_documented_producers_publish_a_right_event_to_its_right_partition(
    kafka: Kafka, redis_server: Redis, prefix: str, tmp_path: Path, client: str
) -> None:
    await recreate(kafka.bootstrap, app=prefix, partitions=12)
    (example,) = re.findall(rf"^```python needs={client}\n(.*?)^```$", PUBLISH, re.MULTILINE | re.DOTALL)
    event = (
        '{"type": "CartItemAdded", "event_id": "e1", "customer_id": "42", "product_id": "sku-7",'
        ' "occurred_at": "2026-11-21T10:00:00Z"}'
    )
    program = example.replace("localhost:9092", kafka.bootstrap)
    if client == "confluent_kafka":
        program = f"event = {event!r}\n{program}"
    (tmp_path / "publish.py").write_text(program)
    await asyncio.to_thread(
        lambda: subprocess.run([sys.executable, tmp_path / "publish.py"], check=True, timeout=60)
    )  # fmt: skip
    (found,) = await Shop(tmp_path, prefix, kafka.bootstrap, redis_server.url).records("cart-events")
    assert isinstance(read_event(found.value), CartItemAdded)
    assert found.key == b"main:42"
    assert found.partition == partition_of(found.key, 12)
    assert orjson.loads(found.value)["customer_id"] == "42"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_shown_in_the_docs_are_settings(page: Path) -> None:
    for language, _, body in FENCE.findall(page.read_text()):
        if language != "sh":
            continue
        for line in body.splitlines():
            variable = line.partition("=")[0]
            assert variable.startswith(PREFIX), f"{page.name}: {line!r} is neither a setting nor run by a test"
            name = variable.removeprefix(PREFIX).lower()
            secret = name.removesuffix("_file") in secret_fields()
            assert name in Settings.model_fields or secret, f"{page.name}: there is no setting {variable}"


def test_every_public_page_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in readme, f"the README does not lead to docs/{page.name}"
    rules = (ROOT / "docs" / "rules.md").read_text()
    for page in (ROOT / "docs" / "triggers").glob("*.md"):
        assert f"(triggers/{page.name})" in rules, f"docs/rules.md does not lead to docs/triggers/{page.name}"
