"""`rewake replay` gives the same bytes however its input is cut, split, stopped or doubled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from schemas.instants import parse_rfc3339
from streams import eventfiles
from streams.commands import build_root

RULES = "examples/tea-house"
FEED = "examples/tea-house/feed.xml"
OUTPUTS = ("commands.jsonl", "decisions.jsonl", "dead-letters.jsonl")
ROOT = Path(__file__).parents[2]


def rewake(*arguments: str | Path) -> Result:
    ran = CliRunner().invoke(build_root(), [str(argument) for argument in arguments])
    assert ran.exit_code == 0, ran.output
    return ran


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Five days of the sample shop, its products, and what replay makes of them."""
    folder = tmp_path_factory.mktemp("shop")
    files = {"events": folder / "events.jsonl", "products": folder / "products.jsonl", "out": folder / "out"}
    rewake("simulate", "--customers", "300", "--days", "5", "--out", files["events"])
    rewake("feed", "parse", ROOT / FEED, "--out", files["products"])
    replay(files, files["out"], files["events"])
    return files


def replay(shop: dict[str, Path], out: Path, *events: str | Path) -> dict[str, Any]:
    ran = rewake(
        "replay", "--rules", ROOT / RULES, "--products", shop["products"], "--out", out, "--json", *events
    )
    result: dict[str, Any] = json.loads(ran.stdout)
    return result


def same(one: Path, other: Path) -> None:
    for name in OUTPUTS:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def lines(shop: dict[str, Path], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shop["out"] / name).read_bytes().splitlines()]


def test_the_sample_shop_has_something_to_compare(shop: dict[str, Path]) -> None:
    sent = lines(shop, "commands.jsonl")
    assert len(sent) > 100
    assert {command["step"] for command in sent if command["type"] == "SendSms"} == {"reminder", "discount", "bonus"}
    outcomes = {decision["outcome"] for decision in lines(shop, "decisions.jsonl")}
    assert outcomes == {"emitted", "delayed", "refused", "skipped"}


def test_the_summary_says_why_and_adds_up(shop: dict[str, Path], tmp_path: Path) -> None:
    stop = json.loads(shop["events"].read_bytes().splitlines()[3000])["occurred_at"]
    marker = {"type": "ClockAdvanced", "event_id": "m", "occurred_at": "2026-11-02T00:00:00Z"}
    path = tmp_path / "events.jsonl"
    path.write_bytes(json.dumps(marker).encode() + b"\nnonsense\n" + shop["events"].read_bytes())
    ran = rewake("replay", "--rules", ROOT / RULES, "--until", stop, "--json", path)
    result = json.loads(ran.stdout)
    assert (result["markers"], result["dead_letters"]) == (1, {"not-json": 1})
    parts = ("applied", "repeated", "dead_lettered", "markers", "passed_over")
    assert result["read"] == sum(result[name] for name in parts)
    assert result["passed_over"] > 0
    for outcome in ("delayed", "refused", "skipped"):
        reasons = [why["count"] for why in result["reasons"] if why["outcome"] == outcome]
        assert sum(reasons) == result["decisions"].get(outcome, 0)
    assert {"outcome": "skipped", "gate": "message", "reason": "no-product-to-show"}.items() <= max(
        result["reasons"], key=lambda why: why["count"]
    ).items()
    assert "no --products were given" in ran.stderr


def test_other_blocks_give_the_same_bytes(
    shop: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventfiles, "BLOCK_LINES", 17)
    replay(shop, tmp_path, shop["events"])
    same(tmp_path, shop["out"])


def test_splitting_by_customer_over_files_gives_the_same_bytes(shop: dict[str, Path], tmp_path: Path) -> None:
    parts: list[list[bytes]] = [[], [], []]
    for line in shop["events"].read_bytes().splitlines(keepends=True):
        parts[sum(json.loads(line)["customer_id"].encode()) % 3].append(line)
    files = []
    for number, part in enumerate(parts):
        files.append(tmp_path / f"part-{number}.jsonl")
        files[-1].write_bytes(b"".join(part))
    replay(shop, tmp_path / "out", *files)
    same(tmp_path / "out", shop["out"])


def test_topics_in_files_of_their_own_give_the_same_bytes(shop: dict[str, Path], tmp_path: Path) -> None:
    parts: dict[str, list[bytes]] = {}
    for line in shop["events"].read_bytes().splitlines(keepends=True):
        parts.setdefault(json.loads(line)["type"], []).append(line)
    files = []
    for kind, part in sorted(parts.items()):
        files.append(tmp_path / f"{kind}.jsonl")
        files[-1].write_bytes(b"".join(part))
    replay(shop, tmp_path / "out", *files)
    assert len((tmp_path / "out" / "commands.jsonl").read_bytes().splitlines()) == len(lines(shop, "commands.jsonl"))


def test_every_record_doubled_gives_the_same_bytes(shop: dict[str, Path], tmp_path: Path) -> None:
    doubled = tmp_path / "doubled.jsonl"
    doubled.write_bytes(b"".join(line * 2 for line in shop["events"].read_bytes().splitlines(keepends=True)))
    result = replay(shop, tmp_path / "out", doubled)
    same(tmp_path / "out", shop["out"])
    assert result["repeated"] == result["applied"] == result["read"] // 2


def test_the_whole_file_given_twice_gives_the_same_bytes(shop: dict[str, Path], tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    again.write_bytes(shop["events"].read_bytes())
    replay(shop, tmp_path / "out", shop["events"], again)
    same(tmp_path / "out", shop["out"])


@pytest.mark.parametrize("pieces", [2, 5])
def test_stopped_and_gone_on_with_its_state_gives_the_same_bytes(
    shop: dict[str, Path], tmp_path: Path, pieces: int
) -> None:
    times = [json.loads(line)["occurred_at"] for line in shop["events"].read_bytes().splitlines()]
    stops = [times[len(times) * piece // pieces] for piece in range(1, pieces)]
    outputs = dict.fromkeys(OUTPUTS, b"")
    read = []
    for number, stop in enumerate([*stops, None]):
        out = tmp_path / f"out-{number}"
        until = ["--until", stop] if stop else []
        replay(shop, out, "--state", tmp_path / "state", *until, shop["events"])
        read.append(json.loads((tmp_path / "state" / "state.json").read_bytes())["reached"])
        for name in OUTPUTS:
            outputs[name] += (out / name).read_bytes()
    for name in OUTPUTS:
        assert outputs[name] == (shop["out"] / name).read_bytes(), name
    assert read == sorted(read)


def test_lines_out_of_order_are_put_in_order_within_a_customer(shop: dict[str, Path], tmp_path: Path) -> None:
    """Two neighbouring lines swapped: of other topics or not, what happens is decided by their times."""
    swapped = shop["events"].read_bytes().splitlines(keepends=True)
    for at in range(0, len(swapped) - 1, 2):
        swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    path = tmp_path / "swapped.jsonl"
    path.write_bytes(b"".join(swapped))
    replay(shop, tmp_path / "out", path)
    before = [(c["rule"], c["step"], c["customer_id"], c["due_at"]) for c in lines(shop, "commands.jsonl")]
    after = [
        (c["rule"], c["step"], c["customer_id"], c["due_at"])
        for c in map(json.loads, (tmp_path / "out" / "commands.jsonl").read_bytes().splitlines())
    ]
    assert after == before


def test_bad_lines_go_to_the_dead_letters_with_their_place_and_the_counts_add_up(
    shop: dict[str, Path], tmp_path: Path
) -> None:
    bad = [
        b"{not json", b'{"type":"Unheard"}', b'{"type":"OrderPlaced","event_id":"x"}', b"\xff\xfe", b"[]", b"null",
        b'{"type":"ProductViewed","event_id":"y","customer_id":"1","occurred_at":"9999-01-01T00:00:00Z","product_id":"p"}',
        b'{"type":"ProductViewed","event_id":"y","customer_id":"' + b"1" * 1_000_000 + b'"}',
    ]  # fmt: skip
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(bad) + b"\n" + shop["events"].read_bytes())
    result = replay(shop, tmp_path / "out", path)
    letters = [json.loads(line) for line in (tmp_path / "out" / "dead-letters.jsonl").read_bytes().splitlines()]
    assert [letter["line"] for letter in letters] == list(range(1, len(bad) + 1))
    assert all(letter["reason"] and letter["file"] == str(path) for letter in letters)
    assert letters[0]["value"] == "{not json"
    assert result["dead_lettered"] == len(bad)
    assert result["read"] == result["applied"] + result["repeated"] + result["dead_lettered"]
    assert (tmp_path / "out" / "commands.jsonl").read_bytes() == (shop["out"] / "commands.jsonl").read_bytes()


def test_nobody_of_the_sample_shop_is_touched_after_the_order(shop: dict[str, Path]) -> None:
    """A message leaves only while the cart it speaks of is still open: from its journey's start no order came before,
    and none came between the decision and `not_before` without a CancelSms."""
    orders: dict[str, list[str]] = {}
    for line in shop["events"].read_bytes().splitlines():
        event = json.loads(line)
        if event["type"] == "OrderPlaced":
            orders.setdefault(event["customer_id"], []).append(event["occurred_at"])
    decided = {d["command_ids"][0]: d for d in lines(shop, "decisions.jsonl") if d.get("command_ids")}
    cancelled = {c["cancels"] for c in lines(shop, "commands.jsonl") if c["type"] == "CancelSms"}
    checked = 0
    for command in lines(shop, "commands.jsonl"):
        if command["type"] != "SendSms" or command["command_id"] in cancelled:
            continue
        started = decided[command["command_id"]]["epoch"].split("-")[0]
        for at in orders.get(command["customer_id"], []):
            placed = int(parse_rfc3339(at))
            assert not int(started) <= placed <= parse_rfc3339(command["not_before"]), command
            checked += 1
    assert checked > 20


