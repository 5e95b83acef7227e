"""`rewake preview`."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from streams.commands import build_root

TEA = Path(__file__).parents[4] / "examples" / "tea-house"
EVENTS = [
    {"type": "CustomerUpdated", "event_id": "1", "customer_id": "42", "occurred_at": "2026-11-20T09:00:00Z",
     "phone": "+79990000042", "first_name": "Мария", "language": "ru"},
    {"type": "CartItemAdded", "event_id": "2", "customer_id": "42", "occurred_at": "2026-11-20T10:00:00Z",
     "product_id": "tea-02", "price": "640.00", "currency": "RUB"},
]  # fmt: skip


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
