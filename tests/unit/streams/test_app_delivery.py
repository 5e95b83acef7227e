"""Which delivery a worker takes when the broker does not say what it has."""

from __future__ import annotations

from typing import Any

import pytest

from streams.delivery.probe import Abilities, ProbeFailed
from streams.settings import Settings
from streams.wiring.delivery import abilities_of_broker, policy_of
from streams.wiring.refusing import CannotStart


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def probe(options: dict[str, Any], app_id: str) -> Abilities:
        raise ProbeFailed("the broker keeps answering CoordinatorNotAvailableError to InitProducerId")

    monkeypatch.setattr("streams.wiring.delivery.probe", probe)


def asked_for(delivery: str) -> Settings:
    return Settings(delivery=delivery)  # type: ignore[arg-type]  # as the environment gives it


async def never(offsets: object) -> None:
    raise AssertionError("nothing is committed here")


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("delivery", ["auto", "transactions"])
async def test_a_worker_that_cannot_learn_of_transactions_does_not_do_without_by_itself(delivery: str) -> None:
    with pytest.raises(CannotStart, match=r"CoordinatorNotAvailableError.*REWAKE_DELIVERY=at-least-once"):
        await abilities_of_broker(asked_for(delivery))


@pytest.mark.usefixtures("silent")
async def test_whoever_asks_for_at_least_once_gets_it_all_the_same() -> None:
    settings = asked_for("at-least-once")
    policy = policy_of(settings, await abilities_of_broker(settings), settings.app_id, {}, never)
    assert policy.name == "at-least-once"
