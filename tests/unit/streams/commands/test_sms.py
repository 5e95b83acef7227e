"""`rewake sms measure`."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from streams.commands import build_root


def run(*arguments: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(build_root(), ["sms", "measure", *arguments], input=given)


def test_each_string_in_gives_one_object_out() -> None:
    texts = ["Hello", "Привет", "€" * 81, "🐳" * 36, ""]
    result = run(given="\n".join(json.dumps(text) for text in texts).encode())
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"encoding": "gsm-7", "units": 5, "segments": 1},
        {"encoding": "ucs-2", "units": 6, "segments": 1},
        {"encoding": "gsm-7", "units": 162, "segments": 2},
        {"encoding": "ucs-2", "units": 72, "segments": 2},
        {"encoding": "gsm-7", "units": 0, "segments": 1},
    ]


def test_a_file_and_a_dash_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_bytes(b'"a"\r\n"b"\n')
    from_file = run(str(tmp_path / "texts.jsonl"))
    assert from_file.exit_code == 0
    assert from_file.stdout == run("-", given=b'"a"\n"b"\n').stdout
    assert len(from_file.stdout.splitlines()) == 2


def test_lines_that_are_no_strings_are_named_and_the_rest_is_measured() -> None:
    result = run(given=b'"a"\n5\n"\xff"\n\n"unclosed\n"b"')
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 2
    for number in (2, 3, 4, 5):
        assert f"line {number}: not a JSON string" in result.stderr
    assert "4 lines could not be measured" in result.stderr


def test_a_file_that_is_not_there_is_used_wrongly() -> None:
    result = run("/no/such/file")
    assert result.exit_code == 2
    assert "No such file" in result.stderr


def test_nothing_in_gives_nothing_out() -> None:
    assert (run().exit_code, run().stdout) == (0, "")
