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


TEXTS = ["Hello", "«Ваш чайник» ждёт — 1 990 ₽: https://tea.example/a", "Чай: https://чай.рф/№1 " + "о" * 50]


def test_texts_are_measured_as_they_would_be_sent_beside_what_they_were() -> None:
    given = "\n".join(json.dumps(text) for text in TEXTS).encode()
    result = run("--transliterate", "mosmetro", "--smart", given=given)
    assert result.exit_code == 0
    hello, kettle, tea = (json.loads(line) for line in result.stdout.splitlines())
    plain = {"encoding": "gsm-7", "units": 5, "segments": 1}
    assert hello == {**plain, "text": "Hello", "before": plain}
    assert kettle == {
        "encoding": "gsm-7", "units": 55, "segments": 1,
        "text": '"Vash chaynik" zhdet - 1 990 RUB: https://tea.example/a',
        "before": {"encoding": "ucs-2", "units": 50, "segments": 1},
    }  # fmt: skip
    assert tea["text"] == "Chay: https://чай.рф/№1 " + "o" * 50
    assert (tea["segments"], tea["before"]["segments"]) == (2, 2)
    assert "3 texts: 4 segments instead of 4" in result.stderr


def test_either_of_the_two_ways_may_be_taken_alone() -> None:
    given = json.dumps("«Чай» — " + "о" * 100).encode() + b'\n"\xe2\x80\x9ctea\xe2\x80\x9d ' + b"o" * 100 + b'"\n'
    smart = run("--smart", given=given)
    assert [json.loads(line)["segments"] for line in smart.stdout.splitlines()] == [2, 1]
    assert "2 texts: 3 segments instead of 4" in smart.stderr
    latin = run("--transliterate", "wikipedia", given=given)
    assert json.loads(latin.stdout.splitlines()[0])["text"] == "«Chay» — " + "o" * 100


def test_a_scheme_that_is_none_is_used_wrongly_and_told_those_that_are() -> None:
    result = run("--transliterate", "metro", given=b'"a"')
    assert result.exit_code == 2
    assert "no such scheme" in result.stderr and "`mosmetro`" in result.stderr
    assert not result.stdout


def test_the_schemes_are_listed_with_what_becomes_cheaper_by_them() -> None:
    result = CliRunner().invoke(build_root(), ["sms", "schemes"])
    assert result.exit_code == 0
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in result.stdout.splitlines()}
    assert len(rows) == 29
    assert rows["mosmetro"] == "Moscow Metro map Yuliya, syesh esche etikh schey yes"
    assert rows["gost_779"].endswith("not with ё ж ч ш щ э ю я")
    assert rows["gost_779_alt"].endswith("with smart encoding")
    as_json = CliRunner().invoke(build_root(), ["sms", "schemes", "--json"])
    found = {one["name"]: one for one in json.loads(as_json.stdout)}
    assert found["mosmetro"] == {
        "name": "mosmetro", "origin": "Moscow Metro map", "sample": "Yuliya, syesh esche etikh schey",
        "dear": "", "dear_with_smart_encoding": "",
    }  # fmt: skip
    assert (found["gost_779_alt"]["dear"], found["gost_779_alt"]["dear_with_smart_encoding"]) == ("ъыьэ", "")
