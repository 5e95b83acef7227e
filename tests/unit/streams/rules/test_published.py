"""The topic `rules` as a worker follows it: what can't be read is a dead letter, and what was in force before stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemas.fields import Contract
from schemas.instants import MINUTE, parse_rfc3339, rfc3339
from schemas.rules import Appointment, RulePointer, RuleVersion
from streams.chunks.chunk import Columns
from streams.commands import build_root
from streams.rules.folder import NO_RULES, read_rulebook
from streams.rules.published import RulesFollower
from streams.rules.publishing import Publication, known_in, publish_to_file
from streams.rules.recorded import NoRuleRecords, is_rule_file, read_rule_file, rules_of_file
from triggers.rules.inforce import RulesInForce
from triggers.rules.publishing import key_of

T0 = parse_rfc3339("2026-11-22T09:00:00Z")
RULE = "rule: letter\ntrigger: {cart_abandoned: {idle: 60m}}\nsteps: [{sms: hello}]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One rule in two versions and then withdrawn, a minute each."""
    folder, file = tmp_path / "rules", tmp_path / "rules.jsonl"
    folder.mkdir()
    for number, text in enumerate((RULE, RULE.replace("60m", "30m"))):
        (folder / "letter.yaml").write_text(text)
        at = T0 + number * MINUTE
        assert publish_to_file(file, Publication(read_rulebook(folder), now=at - MINUTE, effective_at=at))
        assert publish_to_file(file, Publication(read_rulebook(folder), now=at, effective_at=at + MINUTE)) == []
    at = T0 + 2 * MINUTE
    publish_to_file(file, Publication(NO_RULES, now=at - MINUTE, effective_at=at, withdraw=[("main", "letter")]))
    return file


def columns(file: Path, start: int = 0) -> Columns:
    """As they would lie in the topic."""
    records = read_rule_file(file)
    offsets = list(range(start, start + len(records)))
    keys: list[bytes | None] = [key_of(record) for record, _ in records]
    values: list[bytes | None] = [raw for _, raw in records]
    return Columns(start, start + len(records), offsets, keys, values, [1] * len(records), False)


def test_a_follower_knows_what_a_file_says(file: Path) -> None:
    follower = RulesFollower(RulesInForce())
    heard: list[int] = []
    follower.changed = lambda: heard.append(follower.next)
    taken = columns(file)
    follower.take(taken)
    assert heard == [taken.next] and follower.letters(0) == []
    for at in (T0 - 1, T0, T0 + MINUTE, T0 + 2 * MINUTE):
        assert follower.rules.at("main", at) == rules_of_file(file).at("main", at)
    assert [len(follower.rules.at("main", T0 + at * MINUTE).rules) for at in (-1, 0, 1, 2)] == [0, 1, 1, 0]


def test_what_can_not_be_read_is_a_dead_letter_and_what_was_in_force_stays(file: Path) -> None:
    follower = RulesFollower(RulesInForce())
    good = columns(file)
    follower.take(good)
    before = follower.rules.at("main", T0 + MINUTE).rules
    records = [record for record, _ in read_rule_file(file)]
    version = next(one for one in records if isinstance(one, RuleVersion))
    pointer = [one for one in records if isinstance(one, RulePointer)][1]
    source = RULE.replace("cart_abandoned", "nonsense")
    nonsense = version.model_copy(update={"version": "x", "source": source})
    appointed = Appointment(version="x", effective_at=rfc3339(T0 + 2 * MINUTE))
    broken = pointer.model_copy(update={"history": [*pointer.history, appointed]})
    keys: list[bytes | None] = [b"main:letter", b"main:another", key_of(nonsense), key_of(broken), b"main:letter"]
    values: list[bytes | None] = [b"{", _raw(pointer), _raw(nonsense), _raw(broken), None]
    follower.take(Columns(100, 105, list(range(100, 105)), keys, values, [1] * 5, False))
    assert [letter.offset for letter in follower.letters(0)] == [100, 101, 103]
    assert [letter.offset for letter in follower.letters(102)] == [103]
    details = [dict(letter.record.headers)["detail"].decode() for letter in follower.letters(0)]
    assert details[1].startswith("invalid-value: the key names something else")
    assert details[2].startswith("main:letter:x:2:") and "nonsense" in details[2]
    assert dict(follower.letters(0)[0].record.headers)["origin_topic"] == b"rules"
    assert follower.rules.at("main", T0 + 2 * MINUTE).rules == before != ()


def _raw(record: Contract) -> bytes:
    return record.model_dump_json().encode()


def test_a_line_of_a_file_that_is_no_record_is_named(file: Path) -> None:
    assert is_rule_file(file) and not is_rule_file(file.parent / "rules")
    found = known_in(file)
    assert found.published.newest("main", "letter") is None and len(found.versions) == 2
    lines = len(file.read_bytes().splitlines())
    with file.open("ab") as more:
        more.write(b'{"type": "OrderPlaced"}\n')
    with pytest.raises(NoRuleRecords, match=rf"rules\.jsonl:{lines + 1}: unknown-type"):
        read_rule_file(file)


def test_a_file_with_a_version_that_can_not_be_read_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"cart_abandoned", b"nonsense"))
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(line for line in lines if b'"version":null' not in line))
    with pytest.raises(NoRuleRecords, match="unknown"):
        rules_of_file(file)


def test_of_a_publication_that_is_only_tried_nothing_is_written(file: Path, tmp_path: Path) -> None:
    (tmp_path / "rules" / "letter.yaml").write_text(RULE.replace("60m", "90m"))
    before = file.read_bytes()
    tried = Publication(read_rulebook(tmp_path / "rules"), now=T0, effective_at=T0 + 5 * MINUTE, dry_run=True)
    assert [one.rule for one in publish_to_file(file, tried)] == ["letter"]
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("publish", "--withdraw", "letter", "--shop", "shop.yaml"), "--shop gives the settings of a folder"),
        (("publish", ".", "--file", "a.jsonl", "--bootstrap", "localhost:1"), "--file and --bootstrap are two places"),
        (("history", "--file", "a.jsonl", "--bootstrap", "localhost:1"), "--file and --bootstrap are two places"),
    ],
)
def test_options_that_would_be_ignored_are_refused(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(build_root(), ["rules", *arguments])
    assert result.exit_code == 2
    assert said in result.stderr
