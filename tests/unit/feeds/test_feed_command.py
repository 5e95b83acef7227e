"""`rewake feed` as people and programs use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from feeds.store import MemoryStore, load_jsonl
from streams.commands import build_root
from tests.unit.feeds.reading import offer, yml


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(build_root(), ["feed", *arguments], input=stdin)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.xml"
    path.write_bytes(yml(offer(1), offer(2, "<x>"), offer(1), offer(3, "<price>-1</price>")))
    return path


def test_the_summary_counts_products_and_problems_and_shows_the_first_with_their_lines(feed: Path) -> None:
    done = run("parse", str(feed))
    assert done.exit_code == 0
    assert "2  products" in done.stdout
    assert "1  rejected: broken-xml" in done.stdout
    assert "1  rejected: duplicate-id" in done.stdout
    assert "line 3: 2 broken-xml: " in done.stdout
    assert "line 4: 1 duplicate-id: the id was used in line 2" in done.stdout
    assert "line 5: 3 bad-price: " in done.stdout


def test_json_says_the_same_to_programs(feed: Path) -> None:
    done = run("parse", str(feed), "--json")
    said = json.loads(done.stdout)
    assert (said["format"], said["products"], said["complete"]) == ("yml", 2, True)
    assert said["rejected"] == {"broken-xml": 1, "duplicate-id": 1}
    assert said["repaired"] == {"bad-price": 1}
    assert [(each["line"], each["kind"]) for each in said["first"]] == [
        (3, "rejected"),
        (4, "rejected"),
        (5, "repaired"),
    ]


def test_the_products_written_are_those_that_replay_loads(feed: Path, tmp_path: Path) -> None:
    out = tmp_path / "products.jsonl"
    assert run("parse", str(feed), "--out", str(out), "--shop", "tea").exit_code == 0
    store = MemoryStore()
    assert load_jsonl(store, out.read_bytes().splitlines()) == 2
    assert [product.product_id for product in store.products("tea")] == ["1", "3"]
    assert set(tmp_path.iterdir()) == {feed, out}


def test_a_feed_comes_from_standard_input_too() -> None:
    done = run("parse", "-", "--json", stdin=yml(offer(1)))
    assert json.loads(done.stdout)["products"] == 1


def test_a_feed_without_a_sound_product_exits_with_1_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.xml").write_bytes(yml())
    done = run("parse", str(tmp_path / "empty.xml"), "--out", str(tmp_path / "p.jsonl"))
    assert done.exit_code == 1
    assert "no sound product" in done.stderr
    assert not (tmp_path / "p.jsonl").exists()


def test_a_refused_feed_exits_with_1_and_keeps_the_former_file(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_bytes(b"customer,total\n1,x\n")
    (tmp_path / "p.jsonl").write_text("former")
    done = run("parse", str(tmp_path / "feed.csv"), "--out", str(tmp_path / "p.jsonl"))
    assert done.exit_code == 1
    assert "unknown-format" in done.stderr
    assert (tmp_path / "p.jsonl").read_text() == "former"
    assert len(list(tmp_path.iterdir())) == 2


def test_products_are_not_written_over_the_feed_that_they_are_read_from(feed: Path) -> None:
    before = feed.read_bytes()
    done = run("parse", str(feed), "--out", f"{feed.parent}/./feed.xml")
    assert (done.exit_code, feed.read_bytes()) == (2, before)
    assert "--out is the feed itself" in done.stderr


def test_a_folder_of_settings_that_is_named_and_not_there_is_told(feed: Path) -> None:
    done = run("sync", str(feed), "--shops", "nowhere")
    assert (done.exit_code, "there is no folder nowhere" in done.stderr) == (2, True)


@pytest.mark.parametrize("wrong", [["parse", "no-such-file"], ["parse", "."], ["parse", "-", "--shop", "a:b"]])
def test_wrong_use_exits_with_2(wrong: list[str]) -> None:
    assert run(*wrong).exit_code == 2


def test_programs_are_told_why_a_feed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_bytes(b"customer,total\n1,x\n")
    done = run("parse", str(tmp_path / "feed.csv"), "--json")
    said = json.loads(done.stdout)
    assert (done.exit_code, list(said)) == (1, ["refused"])
    assert (said["refused"]["reason"], said["refused"]["hint"]) == ("unknown-format", None)
    assert done.stderr == f"error: the feed is refused: unknown-format: {said['refused']['detail']}\n"


@pytest.mark.parametrize("command", [["parse"], ["sync", "--state", "state"]])
def test_programs_are_told_of_a_feed_without_a_sound_product_what_it_has(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.xml").write_bytes(yml("<offer><name>x</name></offer>"))
    done = run(*command, "empty.xml", "--json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["products"], said["rejected"]) == (1, 0, {"no-id": 1})
    assert said["refused"]["reason"] == "nothing-sound"


@pytest.mark.parametrize(
    ("source", "what", "reason"),
    [
        ("http://127.0.0.1:9/feed.xml", "failed", "private-address"),
        ("http://169.254.169.254/", "failed", "forbidden-address"),
        ("-", "refused", "unknown-format"),
    ],
)
def test_programs_are_told_why_a_sync_came_to_nothing(tmp_path: Path, source: str, what: str, reason: str) -> None:
    done = run("sync", source, "--json", "--state", str(tmp_path), stdin=b"our shop is closed")
    said = json.loads(done.stdout)
    assert (done.exit_code, list(said), said[what]["reason"]) == (1, [what], reason)
    assert said[what]["detail"] in done.stderr and (said[what]["hint"] or "") in done.stderr


def test_programs_are_told_that_nothing_is_held(tmp_path: Path) -> None:
    done = run("accept", "--json", "--state", str(tmp_path))
    assert (done.exit_code, json.loads(done.stdout)["failed"]["reason"]) == (1, "nothing-held")


def test_a_sync_from_inside_the_house_is_refused_without_asking_kafka(tmp_path: Path) -> None:
    done = run("sync", "http://127.0.0.1:9/feed.xml", "--state", str(tmp_path))
    assert done.exit_code == 1
    assert "private-address" in done.stderr
    assert "--allow-private" in done.stderr


@pytest.mark.parametrize("source", ["ftp://shop.example/feed.xml", "shop.example/feed.xml", "https:/shop.example/feed"])
@pytest.mark.parametrize("command", ["parse", "sync"])
def test_an_address_that_is_none_is_told_from_a_file_that_is_missing(command: str, source: str) -> None:
    done = run(command, source)
    assert (done.exit_code, done.stderr) == (
        2,
        f"error: no such file: {source}\n"
        "hint: an address begins with http:// or https://, and `rewake feed sync` fetches it\n",
    )


def test_a_password_in_what_is_no_address_is_not_shown() -> None:
    done = run("sync", "ftp://shop:secret@shop.example/feed.xml")
    assert (done.exit_code, "secret" in done.stderr) == (2, False)


def test_the_metadata_of_a_cloud_is_no_feed_whatever_is_allowed(tmp_path: Path) -> None:
    done = run("sync", "http://169.254.169.254/latest", "--allow-private", "--state", str(tmp_path))
    assert done.exit_code == 1
    assert "forbidden-address: 169.254.169.254 is link-local, or where" in done.stderr
    assert "hint: nothing allows it" in done.stderr and "--allow-private" not in done.stderr


@pytest.mark.parametrize("file", ["x" * 300, "a\0b", "/proc/self/mem"])
def test_a_name_that_no_file_can_have_and_a_file_that_can_not_be_read_are_told(file: str) -> None:
    done = run("parse", file)
    assert (done.exit_code, "error: " in done.stderr, "\0" in done.stderr) == (2, True, False), done.stderr
