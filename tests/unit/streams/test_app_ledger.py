"""Which ledger counts touches, and what a worker without Redis leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.app import build_app
from streams.ledger import RedisLedger, RowLedger
from streams.settings import Settings
from streams.wiring.ledger import check_fitness
from streams.wiring.refusing import CannotStart


def test_touches_are_counted_in_redis_unless_asked_otherwise(tmp_path: Path) -> None:
    assert isinstance(build_app(Settings(rules=tmp_path)).ledger, RedisLedger)


async def test_a_worker_that_counts_in_rows_does_not_ask_whether_redis_is_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked(*_: object) -> None:
        raise AssertionError("Redis was asked")

    monkeypatch.setattr("streams.wiring.ledger.check_redis", asked)
    settings = Settings(rules=tmp_path, ledger="rows", clock="stream")
    assert isinstance(build_app(settings).ledger, RowLedger)
    await check_fitness(settings)
    with pytest.raises(AssertionError, match="Redis was asked"):
        await check_fitness(Settings(rules=tmp_path))


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ("caps: [{limit: 1, per: 1d, by: phone}]", "`caps` by phone"),
        ("dedupe: {text: 24h}", "`dedupe` by text"),
        ("budgets: [{messages: 100, per: day}]", "`budgets`"),
        ("pace: 600 per minute", "`pace`"),
    ],
)
def test_a_worker_that_counts_in_rows_does_not_start_with_limits_that_no_row_proves(
    tmp_path: Path, limits: str, named: str
) -> None:
    (tmp_path / "shop.yaml").write_text(f"{limits}\n")
    with pytest.raises(CannotStart, match=f"shop main: {named} can't be kept by REWAKE_LEDGER=rows"):
        build_app(Settings(rules=tmp_path, ledger="rows"))
    assert isinstance(build_app(Settings(rules=tmp_path, hmac_secret=SecretStr("s" * 32))).ledger, RedisLedger)


def test_phones_are_not_counted_without_the_secret_of_their_hmac(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("dedupe: {text: 24h}\n")
    with pytest.raises(CannotStart, match="set REWAKE_HMAC_SECRET"):
        build_app(Settings(rules=tmp_path))
