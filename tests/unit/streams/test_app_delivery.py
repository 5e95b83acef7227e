"""Which delivery a worker takes when the broker does not say what it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.app import App, CannotStart, build_app
from streams.delivery.probe import Abilities, ProbeFailed
from streams.settings import Settings


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def probe(options: dict[str, Any], app_id: str) -> Abilities:
        raise ProbeFailed("the broker keeps answering CoordinatorNotAvailableError to InitProducerId")

    monkeypatch.setattr("streams.app.probe", probe)


def worker(folder: Path, delivery: str) -> App:
    return build_app(Settings(rules=folder, delivery=delivery))  # type: ignore[arg-type]  # as the environment gives it


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("delivery", ["auto", "transactions"])
async def test_a_worker_that_cannot_learn_of_transactions_does_not_do_without_by_itself(
    tmp_path: Path, delivery: str
) -> None:
    with pytest.raises(CannotStart, match=r"CoordinatorNotAvailableError.*REWAKE_DELIVERY=at-least-once"):
        await worker(tmp_path, delivery)._policy()


@pytest.mark.usefixtures("silent")
async def test_whoever_asks_for_at_least_once_gets_it_all_the_same(tmp_path: Path) -> None:
    assert (await worker(tmp_path, "at-least-once")._policy()).name == "at-least-once"
