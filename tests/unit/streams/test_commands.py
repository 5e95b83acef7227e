"""The command line as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from streams.commands import build_root, console


def commands() -> list[Any]:
    found: list[Any] = []
    waiting: list[Any] = [typer.main.get_command(build_root())]
    while waiting:
        command = waiting.pop()
        inner = getattr(command, "commands", {})
        waiting.extend(inner.values())
        if not inner:
            found.append(command)
    return found


def test_help_does_not_wait_for_what_commands_need() -> None:
    script = (
        "import sys, json; from streams.commands import build_root; build_root(); "
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    loaded = json.loads(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout)
    assert not {"faust", "aiokafka", "redis", "lxml", "pydantic", "babel", "phonenumbers", "httpx"} & set(loaded)


def test_every_command_says_what_it_does() -> None:
    assert len(commands()) > 3
    for command in commands():
        assert command.help, command.name


def test_a_command_that_is_none_is_used_wrongly() -> None:
    assert CliRunner().invoke(build_root(), ["nonsense"]).exit_code == 2


def test_the_version_is_shown() -> None:
    result = CliRunner().invoke(build_root(), ["--version"])
    assert (result.exit_code, result.output.split()[0]) == (0, "rewake")


def test_failing_says_why_on_stderr_and_chooses_the_exit_code() -> None:
    root = typer.Typer()

    @root.command()
    def broken() -> None:
        console.fail("[no] markup", "try again", code=console.USED_WRONGLY)

    result = CliRunner().invoke(root, [])
    assert result.exit_code == 2
    assert result.stderr == "error: [no] markup\nhint: try again\n"
    assert result.stdout == ""


def test_long_lines_are_not_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    console.say("x" * 500)
    console.say_columns([["a", "b"], ["x" * 200, "y"]])
    assert [len(line) for line in capsys.readouterr().out.splitlines()] == [500, 203, 203]


def test_json_for_programs_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.say_json({"a": [1, "чай"]})
    assert capsys.readouterr().out == '{"a":[1,"чай"]}\n'
