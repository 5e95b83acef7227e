"""Which ledger counts touches, and what a worker without Redis leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.app import build_app
from streams.ledger import RedisLedger, RowLedger
from streams.settings import Settings


def test_touches_are_counted_in_redis_unless_asked_otherwise(tmp_path: Path) -> None:
    assert isinstance(build_app(Settings(rules=tmp_path)).ledger, RedisLedger)


async def test_a_worker_that_counts_in_rows_does_not_ask_whether_redis_is_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked(*_: object) -> None:
        raise AssertionError("Redis was asked")

    monkeypatch.setattr("streams.app.check_redis", asked)
    app = build_app(Settings(rules=tmp_path, ledger="rows", clock="stream"))
    assert isinstance(app.ledger, RowLedger)
    await app._check_redis()
    with pytest.raises(AssertionError, match="Redis was asked"):
        await build_app(Settings(rules=tmp_path))._check_redis()
