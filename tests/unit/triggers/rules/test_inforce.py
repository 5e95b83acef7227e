"""Which rules are in force when: as their pointers say, each version as it was when it was published."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.contracts import read_event
from schemas.fields import Contract
from schemas.instants import MINUTE, parse_rfc3339, rfc3339
from schemas.rules import RulePointer, RuleVersion, ShopPointer, ShopVersion
from streams.rules.folder import read_rulebook
from triggers.rules.inforce import FixedRules, RulesInForce, settings_in_force
from triggers.rules.model import RuleBook, Shop
from triggers.rules.publishing import CannotPublish, Published, key_of, to_publish

T0 = parse_rfc3339("2026-11-22T09:00:00Z")
RECORDS = (RuleVersion, RulePointer, ShopVersion, ShopPointer)

SHOP = """\
name: Tea House
currency: RUB
time_zone: Europe/Moscow
segments: {once: audiences.buyers and orders.count == 1}
"""
AUDIENCES = {
    "buyers": "audience: buyers\nwhere: orders.count >= 1\n",
    "loyal": "audience: loyal\nwhere: audiences.buyers and orders.count >= 4\n",
    "idle": "audience: idle\nwhere: orders.count == 0\n",
}
LETTER = "rule: letter\ntrigger: {cart_abandoned: {idle: 60m}}\naudience: loyal\nsteps:\n  - sms: come back\n"
PLAIN = "rule: plain\ntrigger: {cart_abandoned: {idle: 90m}}\nsteps:\n  - sms: hello\n"


class Marketer:
    """A folder, and the topic to which it is published."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log: list[Contract] = []
        self.write({"shop.yaml": SHOP, **{f"audiences/{name}.yaml": text for name, text in AUDIENCES.items()}})
        self.write({"rules/letter.yaml": LETTER, "rules/plain.yaml": PLAIN})

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def publish(self, effective_at: int, **more: Any) -> list[str]:
        read = read_rulebook(self.folder)
        assert not read.errors, read.errors
        published = Published()
        for record in self.topic():
            published.take(record)
        at = effective_at - MINUTE
        records, changes = to_publish(read.book, read.written, published, at=at, effective_at=effective_at, **more)
        self.log += records
        return [f"{change.what} {change.rule or 'settings'}" for change in changes]

    def topic(self) -> list[Any]:
        """What compaction leaves, as bytes hold it."""
        last = {key_of(record): record for record in self.log}
        return [read_event(record.model_dump_json().encode(), RECORDS) for record in last.values()]

    def in_force(self, **more: Any) -> RulesInForce:
        rules = RulesInForce(**more)
        for record in self.topic():
            rules.take(record)
        return rules


@pytest.fixture
def marketer(tmp_path: Path) -> Marketer:
    return Marketer(tmp_path)


def versions(rules: RulesInForce, at: int) -> dict[str, str]:
    return {rule.name: rule.version for rule in rules.at("main", at).rules}


def test_what_is_published_means_what_the_folder_means(marketer: Marketer) -> None:
    marketer.publish(T0)
    rules, folder = marketer.in_force(), read_rulebook(marketer.folder).book
    assert rules.book(T0) == folder
    assert rules.at("main", T0 - 1).rules == ()
    assert [rules.changes("main", at) for at in (T0 - 1, T0)] == [T0, None]


def test_publishing_the_same_again_writes_nothing(marketer: Marketer) -> None:
    assert marketer.publish(T0) == ["new settings", "new letter", "new plain"]
    written = len(marketer.log)
    marketer.write({"rules/plain.yaml": "# a comment\n" + PLAIN, "shop.yaml": SHOP + "# another\n"})
    assert marketer.publish(T0 + MINUTE) == []
    assert len(marketer.log) == written


def test_a_version_holds_all_that_it_uses_and_nothing_else(marketer: Marketer) -> None:
    marketer.publish(T0)
    used = {record.rule: sorted(record.audiences) for record in marketer.log if isinstance(record, RuleVersion)}
    assert used == {"letter": ["buyers", "loyal"], "plain": ["buyers"]}  # a segment is built on one


@pytest.mark.parametrize(
    ("files", "changed"),
    [
        ({"audiences/buyers.yaml": AUDIENCES["buyers"].replace("1", "2")}, ["settings", "letter"]),
        ({"audiences/idle.yaml": AUDIENCES["idle"].replace("0", "1")}, ["settings"]),
        ({"shop.yaml": SHOP + "compete: 2h\n"}, ["settings", "letter", "plain"]),
        ({"shop.yaml": SHOP + 'test_list: {anna: "42"}\n'}, ["settings"]),
        ({"shop.yaml": SHOP.replace("Tea House", "Coffee House")}, ["settings"]),
        ({"rules/plain.yaml": PLAIN.replace("hello", "hello, {{ shop.name }}")}, ["plain"]),
    ],
)
def test_a_version_covers_its_audiences_and_the_settings_that_it_uses(
    marketer: Marketer, files: dict[str, str], changed: list[str]
) -> None:
    marketer.publish(T0)
    marketer.write(files)
    assert [change.split()[1] for change in marketer.publish(T0 + MINUTE)] == changed


def test_each_version_holds_from_its_time_on_and_a_rule_that_is_withdrawn_no_more(marketer: Marketer) -> None:
    marketer.publish(T0)
    first = versions(marketer.in_force(), T0)
    marketer.write({"rules/plain.yaml": PLAIN.replace("90m", "2h")})
    assert marketer.publish(T0 + MINUTE, migrate="restart") == ["changed plain"]
    assert marketer.publish(T0 + 2 * MINUTE, withdraw=[("main", "plain")]) == ["withdrawn plain"]
    rules = marketer.in_force()
    assert versions(rules, T0 + MINUTE - 1) == first
    second = versions(rules, T0 + MINUTE)
    assert second["letter"] == first["letter"] and second["plain"] != first["plain"]
    assert list(versions(rules, T0 + 2 * MINUTE)) == ["letter"]
    assert [rules.at("main", T0 + after).migrate["plain"] for after in (0, MINUTE)] == ["continue", "restart"]
    known = rules.former("main", "plain", first["plain"])
    assert known is not None and known[0].trigger.idle == 90 * MINUTE


def test_a_version_that_comes_back_is_not_written_twice(marketer: Marketer) -> None:
    marketer.publish(T0)
    marketer.write({"rules/plain.yaml": PLAIN.replace("90m", "2h")})
    marketer.publish(T0 + MINUTE)
    marketer.write({"rules/plain.yaml": PLAIN})
    assert marketer.publish(T0 + 2 * MINUTE) == ["changed plain"]
    written = [record.version for record in marketer.log if isinstance(record, RuleVersion) and record.rule == "plain"]
    assert len(written) == len(set(written)) == 2
    rules = marketer.in_force()
    assert versions(rules, T0) == versions(rules, T0 + 2 * MINUTE) != versions(rules, T0 + MINUTE)


def test_nothing_is_published_for_a_time_before_the_last_change(marketer: Marketer) -> None:
    marketer.publish(T0)
    marketer.write({"rules/plain.yaml": PLAIN.replace("90m", "2h")})
    with pytest.raises(CannotPublish, match="the rule plain of main change at 2026-11-22T09:00:00Z already"):
        marketer.publish(T0)
    with pytest.raises(CannotPublish, match="no rule `nobody` of shop main"):
        marketer.publish(T0 + MINUTE, withdraw=[("main", "nobody")])


def test_a_version_that_can_not_be_read_is_passed_over_and_the_former_stays(marketer: Marketer) -> None:
    marketer.publish(T0)
    before = versions(marketer.in_force(), T0)
    pointer = next(one for one in marketer.log if isinstance(one, RulePointer) and one.rule == "plain")
    for version, source in (("broken", "rule: plain\ntrigger: {nonsense: {}}\n"), ("another", LETTER)):
        written = next(one for one in marketer.log if isinstance(one, RuleVersion) and one.rule == "plain")
        broken = written.model_copy(update={"version": version, "source": source})
        appointed = pointer.history[0].model_copy(update={"version": version, "effective_at": rfc3339(T0 + MINUTE)})
        rules = marketer.in_force()
        rules.take(broken)
        changed = pointer.model_copy(update={"history": [*pointer.history, appointed]})
        rules.take(changed)
        assert versions(rules, T0 + MINUTE) == before
        (why,) = rules.broken(changed)
        assert f"main:plain:{version}" in str(why)
        assert rules.former("main", "plain", version) is None
    missing = RulesInForce()
    missing.take(pointer)
    assert versions(missing, T0) == {} and "not in the topic" in str(missing.broken(pointer)[0])


def test_settings_that_can_not_be_kept_here_are_passed_over(marketer: Marketer) -> None:
    marketer.publish(T0)
    marketer.write({"shop.yaml": SHOP + "caps: [2 per 7d]\n"})
    marketer.publish(T0 + MINUTE)
    kept = marketer.in_force().at("main", T0 + MINUTE).shop.caps
    refusing = marketer.in_force(refuses=lambda shop: "no caps here" if shop.caps else None)
    assert kept and refusing.at("main", T0 + MINUTE).shop.caps == ()


def test_what_comes_too_late_holds_from_where_time_has_come_to(marketer: Marketer) -> None:
    marketer.publish(T0)
    rules = marketer.in_force()
    marketer.write({"rules/plain.yaml": PLAIN.replace("90m", "2h")})
    marketer.publish(T0 + MINUTE)
    late = sum(rules.take(record, T0 + 5 * MINUTE) for record in marketer.topic())
    assert late == 1
    assert rules.changes("main", T0) == T0 + 5 * MINUTE
    assert versions(rules, T0 + 5 * MINUTE - 1) == versions(rules, T0)
    assert sum(rules.take(record, T0 + 9 * MINUTE) for record in marketer.topic()) == 0  # read again: known
    assert rules.changes("main", T0) == T0 + 5 * MINUTE
    assert marketer.in_force().changes("main", T0) == T0 + MINUTE


def test_a_folder_is_in_force_for_ever(marketer: Marketer) -> None:
    book = read_rulebook(marketer.folder).book
    rules = FixedRules(book)
    for at in (-(1 << 61), T0, 1 << 61):
        assert rules.at("main", at).rules == book.rules["main"]
    assert rules.changes("main", 0) is None and FixedRules(RuleBook()).at("nobody", 0).rules == ()


@settings(deadline=None, max_examples=10)
@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["30m", "60m", "2h", None])), max_size=4))
def test_at_any_time_the_last_that_was_published_before_it_holds(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str | None]]
) -> None:
    marketer = Marketer(tmp_path_factory.mktemp("rules"))
    marketer.publish(T0)
    at, expected = T0, [(T0, "90m")]
    held: str | None = "90m"
    for wait, idle in steps:
        at += wait * MINUTE
        if idle is None:
            marketer.publish(at, withdraw=[("main", "plain")])
        else:
            marketer.write({"rules/plain.yaml": PLAIN.replace("90m", idle)})
            marketer.publish(at)
        held = idle
        expected.append((at, held or ""))
    rules = marketer.in_force()
    for number, (since, idle_then) in enumerate(expected):
        until = expected[number + 1][0] if number + 1 < len(expected) else since + 1
        for now in (since, until - 1):
            assert _idle(rules.at("main", now).rules) == MINUTES[idle_then]


MINUTES = {"90m": 90, "30m": 30, "60m": 60, "2h": 120, "": None}


def _idle(rules: Iterable[Any]) -> int | None:
    return next((rule.trigger.idle // MINUTE for rule in rules if rule.name == "plain"), None)


def test_a_shops_settings_are_those_in_force_at_the_instant(marketer: Marketer) -> None:
    marketer.publish(T0)
    marketer.write({"shop.yaml": SHOP + "sender: LATER\n"})
    marketer.publish(T0 + MINUTE)
    asked = settings_in_force(marketer.in_force())
    assert [asked("main", at).sender for at in (T0 + MINUTE - 1, T0 + MINUTE)] == ["SHOP", "LATER"]
    assert asked("another", T0) == Shop(id="another")
    fixed = settings_in_force(RuleBook({"tea": Shop(id="tea", sender="TEA")}))
    assert [fixed(shop_id, 0).sender for shop_id in ("tea", "cup")] == ["TEA", "SHOP"]
