"""`rewake sms cost`, and budgets in `rewake rules check`."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from streams.commands import build_root

TEA = Path(__file__).parents[4] / "examples" / "tea-house"
RULE = """\
rule: cart
trigger: {cart_abandoned: {idle: 60m}}
budget: {segments: 1, per_thousand: 5000}
steps:
  - sms: "{{ cart.lines[0].name }}: {{ cart.lines[0].url }}"
  - after: 1h
    variants:
      - {name: short, sms: "Buy it"}
      - {name: dear, sms: "Купите {{ customer.answer('a', 'b') }}"}
"""


def feed(folder: Path, *names: str) -> Path:
    path = folder / "products.jsonl"
    lines = [
        {"product_id": f"p{number}", "name": name, "url": f"https://shop.example/{number}", "price": "10"}
        for number, name in enumerate(names)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def written(folder: Path, rule: str = RULE, prices: str = "currency: RUB\nsegment: 4\n") -> Path:
    (folder / "rules").mkdir()
    (folder / "rules" / "cart.yaml").write_text(rule)
    (folder / "prices.yaml").write_text(prices)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build_root(), [str(argument) for argument in arguments])


def cost(folder: Path, *more: object) -> Result:
    given = ("--rules", folder / "rules", "--products", folder / "products.jsonl", "--prices", folder / "prices.yaml")
    return run("sms", "cost", *given, *more)


def test_every_text_is_made_for_every_product_and_counted(tmp_path: Path) -> None:
    feed(written(tmp_path), "Tea", "T" * 200, "Tea pot")
    result = cost(tmp_path, "--json")
    assert result.exit_code == 0, result.output
    first, short, dear = json.loads(result.stdout)
    assert (first["step"], first["variant"], first["made"]) == ("1", None, 3)
    assert first["units"] == {"min": 27, "median": 31, "p99": 224, "max": 224}
    assert first["segments"] == {"min": 1, "median": 1, "p99": 2, "max": 2}
    assert (first["worst"]["product_id"], first["worst"]["segments"]) == ("p1", 2)
    assert (first["per_thousand"], first["currency"]) == ("5333.33", "RUB")
    assert (short["variant"], short["segments"]["max"], short["per_thousand"]) == ("short", 1, "4000.00")
    assert (dear["variant"], dear["made"], dear["refused"]) == ("dear", 0, {"missing-value": 3})
    assert (dear["per_thousand"], dear["missing"]) == (None, ['customer.answer("a", "b")'])


def test_people_are_shown_the_dearest_product_and_what_could_not_be_made(tmp_path: Path) -> None:
    feed(written(tmp_path), "Tea", "T" * 200)
    result = cost(tmp_path)
    assert "cart 1: 2 segments, 224 units for p1: TTT" in result.stdout
    missing = "missing-value (customer.answer(\"a\", \"b\"))"
    assert f"cart 2 dear: not made for 2 products: {missing}" in result.stdout


def test_what_does_not_fit_is_shown_at_its_worst_and_why_products_can_not_be_shown(tmp_path: Path) -> None:
    rule = RULE.replace("steps:", "writing: {max_segments: 1}\nsteps:")
    path = feed(written(tmp_path, rule), "1 " * 90, "Tea", "1 " * 180)
    with path.open("a") as lines:
        lines.write('\n{"product_id": "p3", "name": "No link"}\n{"product_id": "p4", "url": "https://shop.example/4"}\n')
    printed = cost(tmp_path).stdout
    assert "cart 1: not made for 2 products: too-many-segments" in printed
    assert "cart 1: with all given up that may be it still needs 3 segments, 383 units for p2: 1 1 1" in printed
    assert "1 product can't be shown: product-unlinked" in printed
    assert "1 product can't be shown: product-unnamed" in printed
    first, short, _ = json.loads(cost(tmp_path, "--json").stdout)
    assert (first["unfit"]["product_id"], first["unfit"]["segments"], first["unfit"]["units"]) == ("p2", 3, 383)
    assert short["unfit"] is None


def test_without_a_file_of_prices_the_shops_own_price_counts(tmp_path: Path) -> None:
    feed(written(tmp_path), "Tea")
    (tmp_path / "shop.yaml").write_text("currency: EUR\nsms_price: 0.05\n")
    result = run("sms", "cost", "--rules", tmp_path, "--products", tmp_path / "products.jsonl", "--json")
    first, *_ = json.loads(result.stdout)
    assert (first["per_thousand"], first["currency"]) == ("50.00", "EUR")


def test_the_only_shop_is_meant_whatever_it_is_called_and_of_several_one_must_be_named(tmp_path: Path) -> None:
    products = feed(tmp_path, "Tea")
    given = ("sms", "cost", "--rules", tmp_path, "--products", products, "--json")
    (tmp_path / "shops" / "tea" / "rules").mkdir(parents=True)
    (tmp_path / "shops" / "tea" / "rules" / "cart.yaml").write_text(RULE)
    result = run(*given)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["made"] == 1
    (tmp_path / "shops" / "pots" / "rules").mkdir(parents=True)
    result = run(*given)
    assert result.exit_code == 2
    assert "has several shops" in result.stderr and "--shop pots or tea" in result.stderr
    assert run(*given, "--shop", "tea").exit_code == 0


def test_the_price_of_the_shops_country_counts(tmp_path: Path) -> None:
    feed(written(tmp_path, prices="currency: RUB\nsegment: 4\ncountries: {KZ: 12}\n"), "Tea")
    (tmp_path / "shop.yaml").write_text("default_region: KZ\n")
    result = run(
        "sms", "cost", "--rules", tmp_path, "--products", tmp_path / "products.jsonl", "--prices",
        tmp_path / "prices.yaml", "--json",
    )  # fmt: skip
    assert json.loads(result.stdout)[0]["per_thousand"] == "12000.00"


def test_wrong_prices_are_told_with_their_place(tmp_path: Path) -> None:
    feed(written(tmp_path, prices="currency: RUB\nsegment: none\ncountries: {Kazakhstan: 12}\n"), "Tea")
    result = cost(tmp_path)
    assert result.exit_code == 2
    assert "prices.yaml:2:10: `none` is no sum of money" in result.stderr
    assert "prices.yaml:3:" in result.stderr and "`Kazakhstan` is no country" in result.stderr


def test_a_feed_without_products_is_said(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "products.jsonl").write_text('{"product_id": ""}\n')
    result = cost(tmp_path)
    assert result.exit_code == 1
    assert "has no sound product" in result.stderr or "refused" in result.stderr


def test_a_text_over_its_rules_budget_fails_the_check_with_its_place_and_product(tmp_path: Path) -> None:
    feed(written(tmp_path), "Tea", "T" * 200, "Чай", "T" * 170)
    given = ("--products", tmp_path / "products.jsonl", "--prices", tmp_path / "prices.yaml")
    result = run("rules", "check", tmp_path / "rules", *given)
    assert result.exit_code == 1
    assert "cart.yaml:3:9: step `1` needs 2 segments where the budget is 1, for product p1: TTT" in result.stdout
    assert "step `1` costs 6,000.00 RUB per thousand where the budget is 5,000" in result.stdout
    assert "2 mistakes" in result.stdout


def test_texts_within_their_budget_pass_and_without_products_it_is_said_that_nothing_was_checked(
    tmp_path: Path,
) -> None:
    feed(written(tmp_path), "Tea")
    given = ("--products", tmp_path / "products.jsonl", "--prices", tmp_path / "prices.yaml")
    assert run("rules", "check", tmp_path / "rules", *given).exit_code == 0
    result = run("rules", "check", tmp_path / "rules")
    assert result.exit_code == 0
    assert "1 budget not checked" in result.stderr


def test_a_text_that_costs_nothing_because_it_is_never_sent_is_warned_of(tmp_path: Path) -> None:
    feed(written(tmp_path, RULE.replace("steps:", "writing: {max_segments: 1}\nsteps:")), "Tea", "1 " * 90)
    given = ("--products", tmp_path / "products.jsonl", "--prices", tmp_path / "prices.yaml")
    result = run("rules", "check", tmp_path / "rules", *given)
    assert result.exit_code == 0
    place = "cart.yaml:3:9: step"
    assert f"{place} `1` can't be sent for 1 of 2 products, 1 too-many-segments (warning)" in result.stdout
    dear = "2 missing-value (customer.answer(\"a\", \"b\")) (warning)"
    assert f"{place} `2`, variant `dear`, can't be sent for 2 of 2 products, {dear}" in result.stdout
    assert "variant `short`" not in result.stdout


def test_prices_without_products_are_refused_rather_than_ignored(tmp_path: Path) -> None:
    written(tmp_path)
    result = run("rules", "check", tmp_path / "rules", "--prices", tmp_path / "prices.yaml")
    assert result.exit_code == 2
    assert "--prices says what a text costs" in result.stderr and "add --products FEED" in result.stderr


def test_products_and_prices_that_no_budget_asks_for_are_said_to_be_of_no_use(tmp_path: Path) -> None:
    feed(written(tmp_path, RULE.replace("budget: {segments: 1, per_thousand: 5000}\n", "")), "Tea")
    given = ("rules", "check", tmp_path / "rules", "--products")
    result = run(*given, tmp_path / "products.jsonl")
    assert result.exit_code == 0
    assert "no rule has a `budget`" in result.stderr
    missing = run(*given, tmp_path / "product.jsonl")
    assert missing.exit_code == 2 and "product.jsonl" in missing.stderr
    (tmp_path / "rules" / "cart.yaml").write_text(RULE.replace(", per_thousand: 5000", ""))
    result = run(*given, tmp_path / "products.jsonl", "--prices", tmp_path / "prices.yaml")
    assert result.exit_code == 0
    assert "no budget is of money" in result.stderr


def test_of_rules_with_mistakes_it_is_said_that_no_budget_was_checked(tmp_path: Path) -> None:
    feed(written(tmp_path, RULE + "color: red\n"), "T" * 200)
    result = run("rules", "check", tmp_path / "rules", "--products", tmp_path / "products.jsonl")
    assert result.exit_code == 1
    assert "unknown field `color`" in result.stdout and "the budgets are not checked" in result.stderr


def test_programs_are_told_why_a_feed_cannot_be_costed(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "products.jsonl").write_text("<yml_catalog/>")
    for command in (("sms", "cost", "--rules"), ("preview", "cart", "--rules"), ("rules", "check")):
        result = run(*command, tmp_path / "rules", "--products", tmp_path / "products.jsonl", "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)["refused"]["reason"] == "nothing-sound"


def test_prices_in_another_currency_than_the_budget_are_refused(tmp_path: Path) -> None:
    feed(written(tmp_path, prices="currency: USD\nsegment: 0.05\n"), "Tea")
    (tmp_path / "shop.yaml").write_text("currency: RUB\n")
    given = ("--products", tmp_path / "products.jsonl", "--prices", tmp_path / "prices.yaml")
    result = run("rules", "check", tmp_path, *given)
    assert result.exit_code == 2
    assert "the prices are in USD, the budgets of shop main in RUB" in result.stderr


def test_the_shipped_example_can_be_costed_over_its_own_feed() -> None:
    result = run("sms", "cost", "--rules", TEA, "--products", TEA / "feed.xml", "--json")
    assert [(one["step"], one["made"], one["refused"]) for one in json.loads(result.stdout)] == [
        ("reminder", 30, {}), ("discount", 30, {}), ("bonus", 30, {}),
    ]  # fmt: skip
