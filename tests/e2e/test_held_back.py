"""The table of docs/gates.md, made by its command from a part of the real data."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from bench.held_back.__main__ import main
from bench.held_back.playing import Played, Wrong, play
from bench.held_back.table import GATES, rendered
from bench.held_back.visitors import phone, share, with_profiles
from tests.clickstream import retailrocket

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gates.md"
TOTALS = ("held back", "emitted", "touches that fell due")


def cells(text: str) -> list[list[str]]:
    """The rows of the table that begins with `gate`, bold and ticks off."""
    lines = text.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith("| gate | reason |"))
    rows: list[list[str]] = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("*`") for cell in line.strip("|").split("|")])
    return rows


def number(cell: str) -> int:
    return int(cell.replace(",", "") or 0)


def agree(text: str) -> dict[str, int]:
    rows = cells(text)
    totals = {row[0]: number(row[2]) for row in rows if row[0] in TOTALS}
    reasons = [row for row in rows if row[0] not in TOTALS]
    assert sum(number(row[2]) for row in reasons) == totals["held back"]
    assert totals["held back"] + totals["emitted"] == totals["touches that fell due"]
    put_off = next(number(row[4]) for row in rows if row[0] == "held back")
    assert sum(number(row[4]) for row in reasons) == put_off
    named = [row[0] for row in reasons if not row[0].startswith("(")]
    assert list(dict.fromkeys(named)) == list(GATES), "a row for each gate, in the order of judgement"
    for row in reasons:
        assert row[5] == "" or number(row[5]) >= number(row[2]) + number(row[4])
    return totals


@pytest.fixture(scope="module")
def played(shared_data: Path) -> Played:
    """One visitor of twenty."""
    events = [event for event in retailrocket(shared_data) if share("sample", event["customer_id"]) * 20 < 1]
    return asyncio.run(play(with_profiles(events)))


def test_the_command_prints_a_table_whose_sums_agree(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--data", str(shared_data), "--every", "40"])
    totals = agree(capsys.readouterr().out)
    assert totals["emitted"] > 0 and totals["held back"] > 0


def test_the_table_in_the_docs_agrees_with_itself_and_is_of_all_the_data() -> None:
    text = PAGE.read_text()
    assert agree(text)["touches that fell due"] > 50_000
    assert " of 25,353 visitors" in text


def test_gates_are_asked_in_the_order_that_the_docs_name(played: Played) -> None:
    listed = re.search(r"asked in this order:\n\n(.*?)\n\n", PAGE.read_text(), re.DOTALL)
    assert listed is not None
    named: list[str] = []
    for item in re.split(r"^\d\. ", listed[1], flags=re.MULTILINE)[1:]:
        gates = re.match(r"[a-z_,\s]+?(?=: all|, where|, last)", item)
        assert gates is not None, item
        named += re.split(r",\s+", gates[0])
    assert named == list(GATES)
    for order in played.gates:
        assert list(order) == [gate for gate in named if gate in order]
    assert set(named) == {gate for order in played.gates for gate in order}, "every gate is asked of some touch"


def test_every_reason_that_held_a_touch_back_is_explained_in_the_docs(played: Played) -> None:
    text = PAGE.read_text()
    for gate, reason in played.against:
        assert f"`{reason}`" in text[: text.index("## What each of them holds back")], f"{gate}: {reason}"


def test_figures_that_do_not_agree_are_no_table(played: Played) -> None:
    played.check()
    lost = Played(touches=played.touches + 1, judged=played.judged, messages=played.messages, outcomes=played.outcomes,
                  decided=played.decided, against=played.against, waited_out=played.waited_out)  # fmt: skip
    with pytest.raises(Wrong, match="don't agree"):
        lost.check()
    with pytest.raises(Wrong, match="are not"):
        rendered(lost)


def test_what_is_made_up_of_a_visitor_is_the_same_each_time() -> None:
    first, again = ([phone(str(visitor)) for visitor in range(500)] for _ in range(2))
    assert first == again
    assert len(set(first)) > 400
