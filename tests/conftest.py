"""The servers that tests need, started once a session and only when a test asks for them.

`kafka` and `redis_server` are the real ones: containers where a Docker engine answers, else Apache Kafka from Maven
Central with the local Java, and redis-server from the PATH. With CI=true a stack that cannot start fails the run; on a
developer's machine its tests are skipped, saying what is missing. REWAKE_TEST_KAFKA and REWAKE_TEST_REDIS name servers
that already run.
"""

from __future__ import annotations

import dataclasses
import gc
import os
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import hypothesis  # before the tests: pytest's plugin would import it after them, where CPython 3.11 may trip over it
import pytest

from streams import stacks
from tests import containers, topics

# how long an example takes says something of the machine, and nothing of the code
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


@dataclasses.dataclass(frozen=True)
class Kafka:
    """A running Apache Kafka; `bootstrap` is `host:port`. Topics are not created by using them."""

    bootstrap: str


@dataclasses.dataclass(frozen=True)
class Redis:
    """A running Redis; `url` names its database 0."""

    url: str


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """What asyncio says of futures nobody awaited is said now, so that pytest's summary stays the last line."""
    gc.collect()


def unavailable(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def real_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stacks.Stack]:
    """Apache Kafka and Redis, one node each."""
    given_kafka, given_redis = os.environ.get("REWAKE_TEST_KAFKA"), os.environ.get("REWAKE_TEST_REDIS")
    if given_kafka and given_redis:
        yield stacks.Stack(kind="real", bootstrap=given_kafka, redis_url=given_redis, transactions=True)
        return
    if containers.engine_answers():
        with containers.real_stack() as stack:
            yield stack
        return
    try:
        stack = stacks.start("real", directory=str(tmp_path_factory.mktemp("real-stack")))
    except stacks.StackFailed as error:
        unavailable(str(error))
        raise
    with stack:
        yield stack


@pytest.fixture(scope="session")
def kafka(real_stack: stacks.Stack) -> Kafka:
    return Kafka(real_stack.bootstrap)


@pytest.fixture(scope="session")
def redis_server(real_stack: stacks.Stack) -> Redis:
    return Redis(real_stack.redis_url)


@pytest.fixture(scope="session")
def embedded_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stacks.Stack]:
    """The pip-only servers: `.bootstrap`, `.redis_url`; no transactions."""
    try:
        stack = stacks.start("embedded", directory=str(tmp_path_factory.mktemp("embedded-stack")))
    except stacks.StackFailed as error:
        unavailable(str(error))
        raise
    with stack:
        yield stack


@pytest.fixture
def prefix() -> str:
    """A name no other test has, for an application id, topics and Redis keys on the shared servers."""
    return f"t{uuid.uuid4().hex[:10]}"


FreshTopics = Callable[..., Awaitable[None]]


@pytest.fixture
def fresh_topics(kafka: Kafka) -> FreshTopics:
    """`await fresh_topics(app=prefix, partitions=4)`: all of Rewake's topics on `kafka`, empty, kept for ever.

    The topics' names are the same for every test, so a test that uses them begins with this.
    """

    async def make(app: str, partitions: int = 4) -> None:
        await topics.recreate(kafka.bootstrap, app=app, partitions=partitions)

    return make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the project, `../shared/data`. Where it is missing: failed with CI=true, else skipped."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        unavailable(f"the real data is not there: {folder}")
    return folder
