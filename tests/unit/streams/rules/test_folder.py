"""Folders of rules on disk, in each of their layouts, and the command that checks them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.commands import build_root
from streams.rules.folder import read_rulebook
from triggers.rules.model import Cap
from triggers.rules.written import KINDS

EXAMPLE = Path(__file__).parents[4] / "examples" / "tea-house"


def rule(name: str, on_order: str = "cart") -> str:
    return f"rule: {name}\ntrigger: {{cart_abandoned: {{idle: 60m, on_order: {on_order}}}}}\nsteps: [{{sms: hello}}]\n"


def folder(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def names(root: Path) -> dict[str, list[str]]:
    read = read_rulebook(root)
    assert not read.errors, read.errors
    return {shop: [rule.name for rule in rules] for shop, rules in read.book.rules.items()}


def test_a_lone_folder_of_rules_is_the_shop_main(tmp_path: Path) -> None:
    assert names(folder(tmp_path, {"b.yaml": rule("b"), "a.yml": rule("a"), "README.md": "# ours"})) == {
        "main": ["a", "b"]
    }


def test_a_shop_with_its_settings_is_the_shop_main(tmp_path: Path) -> None:
    root = folder(
        tmp_path, {"shop.yaml": "caps: [3 per 7d]\n", "rules/a.yaml": rule("a"), "rules/more/b.yaml": rule("b")}
    )
    assert names(root) == {"main": ["a", "b"]}
    assert read_rulebook(root).book.shops["main"].caps == (Cap(3, 7 * 86_400_000_000),)


def test_a_folder_of_shops_has_each_by_its_id(tmp_path: Path) -> None:
    files = {
        "shops/tea/rules/a.yaml": rule("a"),
        "shops/tea/shop.yaml": "currency: RUB",
        "shops/cup/rules/a.yaml": rule("a"),
    }
    root = folder(tmp_path, files)
    assert names(root) == names(root / "shops") == {"cup": ["a"], "tea": ["a"]}
    book = read_rulebook(root).book
    assert (book.shops["tea"].currency, book.shops["cup"].currency) == ("RUB", None)
    assert book.rules["tea"][0].shop_id == "tea"


def test_the_order_in_which_rules_lie_changes_nothing(tmp_path: Path) -> None:
    apart = folder(tmp_path / "one", {"1.yaml": rule("b"), "2.yaml": rule("a")})
    together = folder(tmp_path / "two", {"1.yaml": rule("a") + "---\n" + rule("b")})
    assert read_rulebook(apart).book == read_rulebook(together).book


def test_a_lone_folder_of_rules_takes_settings_from_elsewhere(tmp_path: Path) -> None:
    root = folder(tmp_path, {"rules/a.yaml": rule("a"), "given.yaml": "sender: TEAHOUSE\n"})
    read = read_rulebook(root / "rules", root / "given.yaml")
    assert not read.errors
    assert read.book.shops["main"].sender == "TEAHOUSE"


def test_settings_from_elsewhere_do_not_fit_many_shops(tmp_path: Path) -> None:
    root = folder(tmp_path, {"shops/tea/rules/a.yaml": rule("a"), "given.yaml": ""})
    assert "go with the rules of one shop" in str(read_rulebook(root, root / "given.yaml").errors[0])


def test_one_name_is_one_rule(tmp_path: Path) -> None:
    root = folder(tmp_path, {"a.yaml": rule("a"), "b.yaml": "# again\n" + rule("a")})
    (error,) = read_rulebook(root).errors
    assert (Path(error.file).name, error.line, error.column) == ("b.yaml", 2, 7)
    assert error.message == "a second rule `a`"
    assert error.hint == f"the first is at {tmp_path}/a.yaml:1; a name is one rule's for good"


def test_all_cart_rules_of_a_shop_treat_an_order_alike(tmp_path: Path) -> None:
    (error,) = read_rulebook(folder(tmp_path, {"a.yaml": rule("a"), "b.yaml": rule("b", "items")})).errors
    assert (Path(error.file).name, error.line, error.column) == ("b.yaml", 2, 39)
    assert error.message == "`on_order: items` here and `cart` in the rule `a`"


def test_two_shops_may_treat_an_order_differently(tmp_path: Path) -> None:
    files = {"shops/tea/rules/a.yaml": rule("a"), "shops/cup/rules/a.yaml": rule("a", "items")}
    assert not read_rulebook(folder(tmp_path, files)).errors


def test_a_shop_without_caps_is_warned_of(tmp_path: Path) -> None:
    folder(tmp_path, {"rules/a.yaml": rule("a")})
    (warning,) = read_rulebook(tmp_path).warnings
    assert warning.message == "nothing limits how often a customer is written to"
    folder(tmp_path, {"shop.yaml": "caps: [3 per 7d]"})
    assert read_rulebook(tmp_path).warnings == ()


def test_a_mistake_in_a_shops_settings_is_told_alone_and_not_as_the_want_of_the_others(tmp_path: Path) -> None:
    settings = "nam: Tea\ncart_url: https://tea.example/cart\nopt_out_text: STOP to opt out\ncaps: [3 each 7d]\n"
    asks = rule("a").replace("hello", '"Cart: {{ shop.cart_url }}"') + "opt_out: true\n"
    read = read_rulebook(folder(tmp_path, {"shop.yaml": settings, "rules/a.yaml": asks}))
    assert [(error.line, error.column) for error in read.errors] == [(1, 1), (4, 8)]
    assert read.warnings == ()


def test_audiences_are_read_wherever_they_lie_beside_the_rules(tmp_path: Path) -> None:
    asks = rule("a") + "audience: vip\n"
    audience = "audience: vip\nwhere: orders.count > 3\n"
    layouts: dict[str, dict[str, str]] = {
        "several": {"shops/tea/rules/a.yaml": asks, "shops/tea/audiences/of/tea.yaml": audience},
        "one": {"rules/a.yaml": asks, "audiences/vip.yml": audience},
        "inside": {"a.yaml": asks, "audiences/vip.yaml": audience},
    }
    for name, files in layouts.items():
        read = read_rulebook(folder(tmp_path / name, files))
        assert (name, read.errors) == (name, ())
        ((shop, known),) = read.book.audiences.items()
        assert (shop, set(known)) == ("tea" if name == "several" else "main", {"vip"})
    beside = tmp_path / "one" / "rules"
    assert read_rulebook(beside).errors == read_rulebook(beside / "a.yaml").errors == ()


def test_a_rule_that_excludes_others_of_which_there_are_none_is_warned_of(tmp_path: Path) -> None:
    files = {"rules/a.yaml": rule("a") + "exclusive: sleep\n", "rules/b.yaml": rule("b")}
    folder(tmp_path, {"shop.yaml": "caps: [3 per 7d]"})
    (warning,) = read_rulebook(folder(tmp_path, files)).warnings
    assert warning.message == "no other rule is in the group `sleep` of `exclusive`"
    assert (Path(warning.file).name, warning.line) == ("a.yaml", 1)
    folder(tmp_path, {"rules/b.yaml": rule("b") + "exclusive: sleep\n"})
    assert read_rulebook(tmp_path).warnings == ()


def test_nothing_that_was_written_is_passed_over_in_silence(tmp_path: Path) -> None:
    root = folder(tmp_path, {"rules/a.yaml": rule("a"), "audiences/vip.yaml": "x: 1", "shop.yaml": "caps: [1 per 1d]"})
    assert "unknown field `x`" in str(read_rulebook(root).errors[-1])
    (root / "audiences" / "vip.yaml").write_text("audience: vip\nwhere: audiences.vip\n")
    assert [error.message for error in read_rulebook(root).errors] == ["an audience is built on itself: `vip -> vip`"]
    (root / "rules" / "a.yaml").unlink()
    assert "has no rules" in str(read_rulebook(root).warnings[-1])


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert "there is no such folder" in str(read_rulebook(tmp_path / "none").errors[0])
    (tmp_path / "shops" / "my shop").mkdir(parents=True)
    assert "is no shop id" in str(read_rulebook(tmp_path).errors[0])


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(build_root(), ["rules", *words])
    return result.exit_code, result.output


def test_the_sample_shop_is_without_mistakes_and_warnings() -> None:
    assert run("check", str(EXAMPLE)) == (0, "1 rule right\n")


def test_check_leaves_with_1_and_names_each_mistake(tmp_path: Path) -> None:
    path = folder(tmp_path, {"a.yaml": rule("a").replace("idle", "idel")}) / "a.yaml"
    code, output = run("check", str(tmp_path))
    assert code == 1
    assert output.splitlines() == [
        f"{path}:2:28: unknown field `idel`, did you mean `idle`?",
        "0 rules right, 1 mistake",
    ]


def test_check_leaves_with_0_for_warnings(tmp_path: Path) -> None:
    code, output = run("check", str(folder(tmp_path, {"a.yaml": rule("a")})))
    assert code == 0
    assert output.splitlines()[0].endswith("(warning)")
    assert output.splitlines()[-1] == "1 rule right, 1 warning"


def test_check_tells_programs_the_same(tmp_path: Path) -> None:
    code, output = run("check", "--json", str(folder(tmp_path, {"a.yaml": rule("a b")})))
    told = json.loads(output)
    assert (code, told["rules"], told["warnings"]) == (1, 0, [])
    assert [(error["line"], error["column"]) for error in told["errors"]] == [(1, 7)]
    assert set(told["errors"][0]) == {"file", "line", "column", "message", "hint"}


def test_check_of_a_folder_without_rules_fails(tmp_path: Path) -> None:
    code, output = run("check", str(tmp_path))
    assert code == 1
    assert "no rule was found" in output


def test_check_of_no_folder_is_used_wrongly(tmp_path: Path) -> None:
    assert run("check", str(tmp_path / "none"))[0] == 2
    assert run("list")[0] == 2


def test_list_shows_name_trigger_steps_and_version() -> None:
    code, output = run("list", str(EXAMPLE))
    version = read_rulebook(EXAMPLE).book.rules["main"][0].version
    assert code == 0
    assert output.splitlines()[1].split("  ")[0] == "abandoned-cart"
    assert output.splitlines()[1].endswith(f"reminder, discount +23h, bonus +2d  {version[:8]}")
    (told,) = json.loads(run("list", str(EXAMPLE), "--json")[1])
    assert (told["rule"], told["version"], told["steps"]) == (
        "abandoned-cart",
        version,
        ["reminder", "discount", "bonus"],
    )


def test_list_shows_transactional_rules_by_themselves(tmp_path: Path) -> None:
    marketing = {"rules/left.yaml": rule("left")}
    order = {"rules/order.yaml": rule("order") + "purpose: transactional\n"}
    first, *rest = run("list", str(folder(tmp_path / "both", marketing | order)))[1].splitlines()
    assert first.split() == ["rule", "trigger", "steps", "version"]
    assert [line.split("  ")[0].strip() for line in rest] == [
        "left", "", "1 transactional rule: no consent is asked for, no advertising allowed", "rule", "order",
    ]
    alone = run("list", str(folder(tmp_path / "alone", order)))[1].splitlines()
    assert alone[0].startswith("1 transactional rule: ") and len(alone) == 3
    assert "transactional" not in run("list", str(folder(tmp_path / "none", marketing)))[1]


def test_list_shows_the_kinds_of_triggers() -> None:
    assert [kind["kind"] for kind in json.loads(run("list", "--kinds", "--json")[1])] == list(KINDS)
    assert "cart_abandoned" in run("list", "--kinds")[1]
    assert run("list", "--kinds", "examples")[0] == 2


@pytest.mark.parametrize(("kind", "field"), [("rule", "steps"), ("shop", "quiet_hours")])
def test_schema_prints_the_editors_schema(kind: str, field: str) -> None:
    code, output = run("schema", "--kind", kind)
    assert code == 0
    assert field in json.loads(output)["properties"]
