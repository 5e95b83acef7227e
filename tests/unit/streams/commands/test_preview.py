"""`rewake preview`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.commands import build_root

TEA = Path(__file__).parents[4] / "examples" / "tea-house"
EVENTS = [
    {"type": "CustomerUpdated", "event_id": "1", "customer_id": "42", "occurred_at": "2026-11-20T09:00:00Z",
     "phone": "+79990000042", "first_name": "Мария", "language": "ru"},
    {"type": "CartItemAdded", "event_id": "2", "customer_id": "42", "occurred_at": "2026-11-20T10:00:00Z",
     "product_id": "tea-02", "price": "640.00", "currency": "RUB"},
]  # fmt: skip


LONG = """\
rule: cart
trigger: {cart_abandoned: {idle: 60m}}
writing: {max_segments: 1}
steps:
  - sms: >-
      {{ cart.lines[0].name }} ждёт вас, и ещё столько слов, что они не поместятся ни в какое одно сообщение
      {%- optional %}, {{ customer.first_name }}{% endoptional %}: {{ cart.lines[0].url }}
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build_root(), [str(argument) for argument in arguments])


def preview(*more: object) -> Result:
    return run("preview", "abandoned-cart", "--rules", TEA, *more)


def test_samples_get_every_step_with_products_of_the_feed() -> None:
    result = preview("--products", TEA / "feed.xml", "--sample", 2, "--json")
    assert result.exit_code == 0, result.output
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["customer_id"], one["step"]) for one in shown] == [
        (f"sample-{number}", step) for number in (1, 2) for step in ("reminder", "discount", "bonus")
    ]
    assert shown[0]["text"] == "Анна, Лун Цзин, 100 г за 890 ₽ ждёт: https://tea.example/p/tea-01"
    assert (shown[0]["encoding"], shown[0]["units"], shown[0]["segments"]) == ("ucs-2", 65, 1)
    assert shown[3]["text"].startswith("Александра, Sencha Asamushi")


def test_people_see_the_text_below_what_it_costs() -> None:
    result = preview("--products", TEA / "feed.xml", "--sample", 1, "--step", "reminder")
    assert result.stdout.splitlines() == [
        "sample-1, abandoned-cart reminder: ucs-2, 65 units, 1 segment",
        "  Анна, Лун Цзин, 100 г за 890 ₽ ждёт: https://tea.example/p/tea-01",
    ]


def test_without_products_a_text_about_them_says_what_it_lacks() -> None:
    result = preview("--sample", 1, "--step", "reminder")
    assert result.exit_code == 1
    assert "no text" in result.stdout and "message: no-product-to-show" in result.stdout
    assert "--products FEED" in result.stderr


def test_a_name_that_looks_like_an_emojis_is_shown_as_it_is(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    product = {"product_id": "1", "name": "Набор :rocket: [b]", "url": "https://tea.example/1", "price": "5"}
    feed.write_text(json.dumps(product))
    assert "Набор :rocket: [b] за" in preview("--products", feed, "--sample", 1, "--step", "reminder").stdout


def test_a_state_without_a_customer_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    result = preview("--state", tmp_path)
    assert result.exit_code == 2
    assert "--customer" in result.stderr


def test_a_customer_of_a_replays_state_gets_the_text_and_what_speaks_against_it(tmp_path: Path) -> None:
    events = tmp_path / "events.jsonl"
    events.write_text("\n".join(json.dumps(one) for one in EVENTS))
    state = tmp_path / "state"
    replayed = run(
        "replay", "--rules", TEA, "--state", state, "--out", tmp_path / "out", "--until", "2026-11-20T10:00:01Z", events
    )
    assert replayed.exit_code == 0, replayed.output
    given = ("--customer", "42", "--state", state, "--products", TEA / "feed.xml", "--step", "reminder")
    result = preview(*given, "--json")
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert shown["text"] == "Мария, Sencha Asamushi, 50 g за 640 ₽ ждёт: https://tea.example/p/tea-02"
    assert any(against.startswith("consent: ") for against in shown["against"])
    assert "+7999" not in preview(*given).output


def test_a_customer_or_a_rule_that_is_not_known_is_said(tmp_path: Path) -> None:
    assert "there is no rule 'cart'" in run("preview", "cart", "--rules", TEA).stderr
    result = preview("--step", "third")
    assert result.exit_code == 2
    assert "steps are: reminder, discount, bonus" in result.stderr
    missing = preview("--customer", "42", "--state", tmp_path)
    assert missing.exit_code == 2
    assert "there is no saved state" in missing.stderr


def test_a_text_that_does_not_fit_is_shown_with_what_it_gave_up_in_vain(tmp_path: Path) -> None:
    (tmp_path / "cart.yaml").write_text(LONG)
    given = ("preview", "cart", "--rules", tmp_path, "--products", TEA / "feed.xml", "--sample", 2)
    result = run(*given)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[2:] == [
        "sample-2, cart 1: not sent, too-many-segments (1 at most): ucs-2, 124 units, 2 segments, fitted.dropped 1, "
        "fitted.names 15",
        "  Sencha Asamushi… ждёт вас, и ещё столько слов, что они не поместятся ни в какое одно сообщение: "
        "https://tea.example/p/tea-02",
    ]
    assert "no text fits" in result.stderr and "max_segments" in result.stderr
    shown = json.loads(run(*given, "--json").stdout.splitlines()[1])
    assert (shown["text"], shown["segments"], shown["inputs"]) == (None, None, {})
    assert shown["against"] == ["message: too-many-segments, encoding ucs-2, units 124, segments 2, max_segments 1"]
    assert shown["unfit"]["text"].startswith("Sencha Asamushi… ждёт вас")
    assert (shown["unfit"]["segments"], shown["unfit"]["inputs"]) == (
        2, {"fitted.dropped": "1", "fitted.names": "15"},
    )  # fmt: skip


def test_a_text_that_fits_has_none_that_does_not() -> None:
    result = preview("--products", TEA / "feed.xml", "--sample", 1, "--step", "reminder", "--json")
    assert json.loads(result.stdout)["unfit"] is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--customer", "42", "--sample", "3"), "--customer is one of yours, --sample 3 are made up"),
        (("--bootstrap", "localhost:1"), "--bootstrap says where a customer is looked for, and none is named"),
        (("--state", "x"), "--state says where a customer is looked for, and none is named"),
        (("--customer", "42", "--state", "x", "--bootstrap", "localhost:1"), "two places to look in"),
    ],
)
def test_options_that_would_be_ignored_are_refused(options: tuple[str, ...], said: str) -> None:
    result = preview(*options)
    assert result.exit_code == 2
    assert said in result.stderr and "hint: " in result.stderr


def shops(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / "shops" / name / "rules").mkdir(parents=True)
        (folder / "shops" / name / "rules" / "cart.yaml").write_text(LONG.replace("max_segments: 1", "max_segments: 3"))
    return folder


def test_the_only_shop_is_meant_whatever_it_is_called(tmp_path: Path) -> None:
    result = run("preview", "cart", "--rules", shops(tmp_path, "tea"), "--products", TEA / "feed.xml", "--sample", 1)
    assert result.exit_code == 0, result.output
    assert "Лун Цзин, 100 г ждёт вас" in result.stdout


def test_of_several_shops_main_is_meant_and_where_none_is_called_so_one_must_be_named(tmp_path: Path) -> None:
    folder = shops(tmp_path, "coffee", "tea")
    given = ("preview", "cart", "--rules", folder, "--products", TEA / "feed.xml", "--sample", 1)
    result = run(*given)
    assert result.exit_code == 2
    assert f"{folder} has several shops" in result.stderr and "--shop coffee or tea" in result.stderr
    assert run(*given, "--shop", "tea").exit_code == 0
    wrong = run(*given, "--shop", "main")
    assert wrong.exit_code == 2 and "shops are: coffee, tea" in wrong.stderr
    assert run(*given[:2], "--rules", shops(tmp_path, "main"), *given[4:]).exit_code == 0


def test_of_a_text_that_could_not_be_made_the_products_are_told_and_why_they_can_not_be_shown(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_text("\n".join(json.dumps(one) for one in (
        {"product_id": "1", "name": "Tea", "price": "5"},
        {"product_id": "2", "name": "Pot", "price": "5", "url": "https://tea.example/2", "available": False},
    )))  # fmt: skip
    given = ("--products", feed, "--sample", 1, "--step", "reminder")
    assert preview(*given).stdout.splitlines()[-1] == "  - of the feed: 1 (product-unlinked), 2 (product-out-of-stock)"
    shown = json.loads(preview(*given, "--json").stdout)
    assert shown["products"] == ["1", "2"]
    assert shown["unpresentable"] == {"1": "product-unlinked", "2": "product-out-of-stock"}
