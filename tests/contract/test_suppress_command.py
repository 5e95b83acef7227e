"""`rewake suppress` on both stacks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from schemas.instants import parse_rfc3339
from streams import stacks
from streams.commands import build_root
from streams.privacy import phone_hmac
from streams.shared_log import SharedLog
from streams.suppressions.merged import SuppressionStore
from streams.suppressions.records import record, write
from tests import topics
from tests.unit.streams.suppressions.test_merged import ANNA, BORIS, SECRET
from tests.unit.triggers.driving import DAY
from triggers.gates.phone import phone

NOW = 1_800_000_000_000_000
"""Later than the tests are run, so that what lasts for days holds then: 2027-01-15."""


@pytest.fixture(params=["embedded", "real"])
def stack(request: pytest.FixtureRequest) -> stacks.Stack:
    found: stacks.Stack = request.getfixturevalue(f"{request.param}_stack")
    return found


@pytest.fixture
def shop(stack: stacks.Stack, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> stacks.Stack:
    asyncio.run(topics.recreate(stack.bootstrap, app=prefix))
    (tmp_path / "rules").mkdir()
    (tmp_path / "shop.yaml").write_text("default_region: RU\n")
    for name, value in {
        "APP_ID": prefix, "KAFKA_BOOTSTRAP": stack.bootstrap, "HMAC_SECRET": SECRET.get_secret_value(),
        "RULES": str(tmp_path),
    }.items():
        monkeypatch.setenv(f"REWAKE_{name}", value)
    return stack


def rewake(*arguments: str, exits: int = 0, stdin: str | None = None) -> Result:
    result = CliRunner().invoke(build_root(), ["suppress", *arguments], input=stdin)
    assert result.exit_code == exits, (result.output, result.exception)
    for part in ("9990000", "999 000", "999-000"):
        assert part not in result.output  # neither a result nor a mistake shows a phone
    return result


def listed(*arguments: str, exits: int = 0) -> Sequence[dict[str, Any]]:
    said = json.loads(rewake("list", *arguments, "--json", exits=exits).stdout)
    assert said["count"] == len(said["suppressions"])
    return list(said["suppressions"])


def reasons(stack: stacks.Stack, *phones: str, at: int = NOW, shop: str = "main") -> list[str | None]:
    """What a worker's gate would be told of these phones."""
    store = SuppressionStore(SECRET)

    async def read() -> None:
        shared = SharedLog({"bootstrap_servers": stack.bootstrap}, [], {"suppressions": store.take})
        try:
            await shared.start()
            async with asyncio.timeout(30):
                await shared.caught_up("suppressions")
        finally:
            await shared.stop()

    asyncio.run(read())
    return [store.reason(shop, phone, at) for phone in phones]


def test_who_is_added_is_suppressed_as_workers_look_phones_up(shop: stacks.Stack) -> None:
    said = rewake("add", "8 (999) 000-00-42", "--reason", "complaint", "--source", "a call")
    assert "+7******0042 is suppressed for ever: complaint" in said.stdout
    as_judged, _ = phone("89990000042", "RU")
    assert as_judged == ANNA and reasons(shop, ANNA, BORIS) == ["complaint", None]
    (found,) = listed()
    assert found.pop("since")
    assert found == {
        "shop_id": "main", "phone_hmac": phone_hmac(SECRET, ANNA), "reason": "complaint", "until": None,
        "source": "a call", "ended": False, "unreadable": False,
    }


def test_a_phone_is_looked_up_and_one_that_is_free_leaves_with_1(shop: stacks.Stack) -> None:
    rewake("add", ANNA)
    shown = rewake("list", "--phone", "8 999 000 00 42").stdout
    assert phone_hmac(SECRET, ANNA)[:12] in shown and phone_hmac(SECRET, ANNA) not in shown
    assert "+7******0042 is suppressed" in shown
    assert "+7******0043 is not suppressed" in rewake("list", "--phone", BORIS, exits=1).stdout
    assert listed("--phone", BORIS, exits=1) == []


def test_the_list_is_by_shop_and_reason_and_without_what_is_over(shop: stacks.Stack) -> None:
    rewake("add", ANNA, "--reason", "complaint")
    rewake("add", ANNA, "--reason", "blocked", "--shop", "tea", "--region", "ru")
    ended = record(SECRET, "main", BORIS, "old", since=0, until=parse_rfc3339("2020-01-01T00:00:00Z"))
    asyncio.run(write({"bootstrap_servers": shop.bootstrap}, [ended]))
    assert [one["reason"] for one in listed()] == ["complaint", "blocked"]
    assert [one["shop_id"] for one in listed("--reason", "blocked")] == ["tea"]
    assert [(one["reason"], one["ended"]) for one in listed("--shop", "main", "--ended")] == [
        (reason, ended)
        for _, reason, ended in sorted(
            [(phone_hmac(SECRET, ANNA), "complaint", False), (phone_hmac(SECRET, BORIS), "old", True)]
        )
    ]
    assert "(over)" in rewake("list", "--ended").stdout
    assert reasons(shop, ANNA, shop="tea") == ["blocked"]


def test_what_is_removed_is_written_to_again_but_an_opt_out_stays_unless_it_is_named(shop: stacks.Stack) -> None:
    rewake("add", ANNA, "--reason", "complaint")
    rewake("add", ANNA, "--reason", "opted_out")
    said = rewake("remove", ANNA, exits=1)
    assert "is no longer suppressed: complaint" in said.output and "stays suppressed: opted_out" in said.output
    assert reasons(shop, ANNA) == ["opted_out"]
    rewake("remove", ANNA, "--reason", "opted_out")
    assert reasons(shop, ANNA) == [None]
    assert listed("--ended") == []
    assert "was not suppressed" in rewake("remove", ANNA).stdout


def test_a_suppression_ends_when_it_is_said_to(shop: stacks.Stack) -> None:
    rewake("add", ANNA, "--until", "2027-01-31T00:00:00+03:00")
    assert reasons(shop, ANNA, at=NOW) == ["manual"] and reasons(shop, ANNA, at=NOW + 30 * DAY) == [None]
    assert "is over" in rewake("add", ANNA, "--until", "2020-01-01T00:00:00Z", exits=2).output


def test_a_list_is_imported_with_what_each_line_says(shop: stacks.Stack, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"phone;reason;until;source\n8 999 000 00 42;opted_out;;old gateway\n{BORIS};;;\n")
    said = rewake("import", str(file), "--reason", "imported", "--until", "365d", "--source", "spring clean")
    assert "2 suppressions of 2 phones written; 0 bad lines" in said.stdout
    found = {one["phone_hmac"]: one for one in listed()}
    anna, boris = found[phone_hmac(SECRET, ANNA)], found[phone_hmac(SECRET, BORIS)]
    assert (anna["reason"], anna["source"]) == ("opted_out", "old gateway")
    assert (boris["reason"], boris["source"]) == ("imported", "spring clean") and boris["until"]


def test_a_list_with_a_bad_line_is_not_imported_in_part_unless_that_is_asked_for(
    shop: stacks.Stack, tmp_path: Path
) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{ANNA}\n+7999\n{BORIS}\n")
    said = rewake("import", str(file), exits=1)
    assert "list.txt:2: +**99 has a length" in said.output and "nothing was written" in said.output
    assert reasons(shop, ANNA, BORIS) == [None, None]
    told = json.loads(rewake("import", str(file), "--skip-bad", "--json", exits=1).stdout)
    assert (told["suppressed"], told["phones"], [bad["line"] for bad in told["bad_lines"]]) == (2, 2, [2])
    assert reasons(shop, ANNA, BORIS) == ["manual", "manual"]


def test_a_long_list_is_written_whole(shop: stacks.Stack) -> None:
    phones = [f"+7999{number:07}" for number in range(20_000)]
    said = CliRunner().invoke(build_root(), ["suppress", "import", "-"], input="\n".join(phones))
    assert (said.exit_code, said.stdout) == (0, "20,000 suppressions of 20,000 phones written; 0 bad lines\n")
    assert reasons(shop, *phones) == ["manual"] * len(phones)


def test_a_dry_run_writes_nothing(shop: stacks.Stack, tmp_path: Path) -> None:
    assert "would be suppressed" in rewake("add", ANNA, "--dry-run").stdout
    assert "would be written" in rewake("import", "-", "--dry-run", stdin=ANNA).stdout
    assert reasons(shop, ANNA) == [None]
    rewake("add", ANNA)
    assert "would be no longer suppressed: manual" in rewake("remove", ANNA, "--dry-run").stdout
    assert reasons(shop, ANNA) == ["manual"]


def test_without_the_secret_nothing_is_hashed_and_that_is_said(
    shop: stacks.Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REWAKE_HMAC_SECRET")
    for arguments in (["add", ANNA], ["remove", ANNA], ["import", "-"], ["list", "--phone", ANNA]):
        assert "REWAKE_HMAC_SECRET is not set" in rewake(*arguments, exits=2, stdin=ANNA).output
    assert "nobody is suppressed" in rewake("list").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "89990000042", "--shop", "elsewhere"],  # a shop without a region
        ["add", ANNA, "--region", "XX"],
        ["add", ANNA, "--shop", "a:b"],
        ["add", ANNA, "--reason", "No Word"],
        ["add", ANNA, "--until", "soon"],
        ["import", "/no/such/file"],
    ],
)
def test_what_is_used_wrongly_leaves_with_2(shop: stacks.Stack, arguments: list[str]) -> None:
    rewake(*arguments, exits=2)


def test_without_the_topic_it_says_how_to_make_it(shop: stacks.Stack) -> None:
    asyncio.run(topics.delete(shop.bootstrap, {"suppressions"}))
    assert "rewake topics create" in rewake("list", exits=1).output


def test_without_a_broker_it_says_where_it_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REWAKE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    assert "Kafka at 127.0.0.1:1" in rewake("list", exits=1).output
