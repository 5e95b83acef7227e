"""The house itself: files that must be there, locks that name no machine, ignores that say why, imports that point one
way."""

from __future__ import annotations

import re
import subprocess
import sys
import tokenize
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "triggers", "feeds", "streams")
LOCKS = ("requirements.lock", "requirements-worker.lock", "requirements-peers.lock", "requirements-fuzz.lock")
SOURCES = sorted(
    path for folder in (*PACKAGES, "tests", "bench") for path in (ROOT / folder).rglob("*.py") if path.is_file()
)


@pytest.mark.parametrize(
    "name",
    [
        "README.md", "pyproject.toml", "Makefile", ".ci/run", "docker-compose.yml", "Dockerfile", "docs/settings.md",
        "docs/metrics.md", "docs/production.md", *LOCKS, *(f"{package}/py.typed" for package in PACKAGES),
    ],
)  # fmt: skip
def test_the_files_that_people_look_for_are_there_and_not_empty(name: str) -> None:
    path = ROOT / name
    assert path.is_file()
    assert path.stat().st_size or name.endswith("py.typed")


def test_ci_runs_as_it_is() -> None:
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


@pytest.mark.parametrize("target", ["setup", "demo", "test", "check", "bench", "bench-quick", "bench-peers", "soak"])
def test_make_has_the_targets_that_were_promised(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_package_by_hash_and_names_no_registry_or_machine(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^[a-z0-9][a-z0-9._-]*==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-zA-Z]", text, re.MULTILINE)) > 40
    named = ("://", "--index-url", "--extra-index", "--trusted-host", "--find-links", "@ file", "/home/", "/root/")
    assert [trace for trace in named if trace in text] == []


def test_the_worker_runs_the_versions_that_the_tests_ran() -> None:
    tested, shipped = (
        dict(re.findall(r"^(\S+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)) for lock in LOCKS[:2]
    )
    assert shipped.items() <= tested.items()


def comments(path: Path) -> list[tuple[int, str]]:
    with tokenize.open(path) as source:
        return [(t.start[0], t.string) for t in tokenize.generate_tokens(source.readline) if t.type == tokenize.COMMENT]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_ignore_says_why(path: Path) -> None:
    for number, comment in comments(path):
        found = re.search(r"#\s*(?:noqa|type:\s*ignore)(?P<codes>:\s*[A-Z0-9, ]+|\[[\w, -]+\])?(?P<reason>.*)", comment)
        if found is not None:
            assert found["codes"], f"{path}:{number} names no rule"
            assert re.search(r"\w{2,}", found["reason"]), f"{path}:{number} gives no reason"


def test_imports_point_one_way_and_the_core_does_no_io() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(program), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # CycleError names the circle


def test_no_import_connects_or_reads_the_environment_for_servers() -> None:
    """Everything is wired in build_app: importing every module opens no socket."""
    script = (
        "import importlib, pkgutil, socket\n"
        "def refuse(*_): raise AssertionError('connected at import')\n"
        "socket.socket.connect = refuse\n"
        f"for name in {PACKAGES!r}:\n"
        "    package = importlib.import_module(name)\n"
        "    for found in pkgutil.walk_packages(package.__path__, name + '.'):\n"
        "        importlib.import_module(found.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
