"""The kinds of trigger are found by themselves and answer the engine's questions."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from schemas import wire
from schemas.catalogue import EmptyCatalogue
from tests.unit.triggers.driving import DAY, HOUR, MINUTE, MONDAY, added, drive, ordered, rule, shopper
from triggers import kinds
from triggers.customer import NEVER
from triggers.kinds import KINDS, KindWorld, find
from triggers.kinds.cart_abandoned import CartAbandoned
from triggers.rules.model import Shop
from triggers.rules.written import KINDS as LINES
from triggers.rules.written import trigger_of

NEW_KIND = '''
from dataclasses import dataclass
from typing import ClassVar
from triggers.kinds import KindBase, WrittenKind
from triggers.rules.values import Duration

@dataclass(frozen=True, slots=True)
class Waved:
    within: int
    kind: ClassVar[str] = "waved"

class WrittenWaved(WrittenKind):
    """The customer waved at a camera. Of more than one the nearest counts."""
    within: Duration

class WavedKind(KindBase):
    name, code, stage, settings, trigger, watches = "waved", 1000, 5, WrittenWaved, Waved, frozenset()

KIND = WavedKind()
'''


def test_a_file_dropped_into_the_folder_is_a_kind_that_is_listed_and_in_the_editors_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "more_kinds"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "_shared.py").write_text("raise AssertionError('what kinds share is no kind')")
    (folder / "waved.py").write_text(NEW_KIND)
    monkeypatch.syspath_prepend(tmp_path)
    found = find([str(folder)], "more_kinds")
    assert [kind.name for kind in found.values()] == ["waved"]
    written = trigger_of([*KINDS.values(), *found.values()])
    assert written.model_fields["waved"].description == "The customer waved at a camera."
    assert written.model_validate({"waved": {"within": "3d"}}).kind == "waved"
    schema = written.model_json_schema()
    assert schema["properties"]["waved"]["description"] == "The customer waved at a camera."
    assert schema["$defs"]["WrittenWaved"]["required"] == ["within"]


def test_no_two_kinds_have_one_number_in_rows() -> None:
    codes = [kind.code for kind in KINDS.values()]
    assert len(set(codes)) == len(codes)
    assert all(0 < code < 128 for code in codes)  # one byte


def test_a_kinds_line_is_what_the_editor_and_the_list_say_of_it() -> None:
    assert LINES["cart_abandoned"] == "Goods lie in the cart and nothing has changed for `idle`."
    assert list(LINES) == sorted(kind.name for kind in KINDS.values())


def test_every_module_of_kinds_is_registered_by_its_trigger() -> None:
    modules = [info.name for info in iter_modules(kinds.__path__) if not info.name.startswith("_")]
    assert "cart_abandoned" in modules
    assert {kind.name for kind in KINDS.values()} == set(modules)
    for trigger, kind in KINDS.items():
        assert import_module(f"triggers.kinds.{kind.name}").KIND is kind
        assert kind.trigger is trigger


def test_a_carts_next_look_is_idle_after_its_last_change_until_it_was_looked_at() -> None:
    kind, made, other = KINDS[CartAbandoned], rule(), rule(idle=5 * HOUR, name="other")
    world = KindWorld(Shop(), EmptyCatalogue())
    one, late, both = kind.watch([made], world), kind.watch([other], world), kind.watch([other, made], world)
    driven = drive(made, events=[*shopper(MONDAY)])
    assert one.next_look(driven.row, driven.now) == both.next_look(driven.row, driven.now) == NEVER
    assert not both.due(driven.row, MONDAY + DAY)
    driven.feed(added(MONDAY))
    assert one.next_look(driven.row, driven.now) == both.next_look(driven.row, driven.now) == MONDAY + HOUR
    assert late.next_look(driven.row, driven.now) == MONDAY + 5 * HOUR
    assert not both.due(driven.row, MONDAY + HOUR - 1)
    assert [begin.rule for begin in both.due(driven.row, MONDAY + HOUR)] == [made]
    assert {begin.rule.name for begin in both.due(driven.row, MONDAY + 5 * HOUR)} == {made.name, "other"}
    driven.fire(MONDAY + 2 * HOUR)
    assert one.next_look(driven.row, driven.now) == NEVER
    assert late.next_look(driven.row, driven.now) == both.next_look(driven.row, driven.now) == MONDAY + 5 * HOUR


def test_with_on_order_items_the_rest_of_the_cart_is_a_change_of_the_same_life() -> None:
    bought = [added(MONDAY), added(MONDAY, "sku-2"), ordered(MONDAY + MINUTE, items=[])]
    made = drive(rule(on_order="items"), events=[*shopper(MONDAY), *bought]).drain()
    assert len(made.sent) == 1
    epoch = made.decisions[0].epoch
    assert epoch.startswith(f"{MONDAY}-")


def test_with_on_order_items_an_order_ends_the_journey_and_the_rest_is_used_up_per_cart_only() -> None:


    events = [
        *shopper(MONDAY), added(MONDAY), added(MONDAY, "sku-2"),
        ordered(MONDAY + 2 * HOUR, items=[wire.Item("sku-1")]),
    ]
    assert len(drive(rule(on_order="items"), events=events).drain().sent) == 1
    assert len(drive(rule(on_order="items", reenter="each_spell"), events=events).drain().sent) == 2
