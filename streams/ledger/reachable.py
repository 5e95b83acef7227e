"""Whether Redis answers: what failed is counted, said once and given a pause; and why, as a stable word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from redis import exceptions

from streams.ledger.breaker import Breaker
from streams.metrics import Metrics

log: Final = structlog.stdlib.get_logger(__name__)

CALM: Final = 5.0
"""Seconds without a failure after which what failed in part is said to be over: some calls need not the part that is
away."""

AWAY: Final = (exceptions.RedisError, OSError, TimeoutError)
"""What a client raises when Redis did not do what it was asked."""


class Reachable:
    """What was heard of Redis, or of all nodes of its cluster together.

    A call of which nothing was answered opens the breaker: the next ones are not even tried for a while. One of which
    a part failed (a node is away, or memory is full and some writes are not taken) costs that part alone.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._breaker = Breaker()
        self._failing = False
        self._calm_from = 0.0

    @property
    def is_away(self) -> bool:
        """Nothing of the last call was answered."""
        return not self._breaker.is_closed

    def may_try(self) -> bool:
        return self._breaker.may_try(asyncio.get_running_loop().time())

    def heard(self, *, answered: bool, failures: Sequence[BaseException]) -> None:
        """Of one call: whether anything was `answered`, and what failed."""
        for failure in failures:
            self._metrics.ledger_failures.labels(reason_of(failure)).inc()
        now = asyncio.get_running_loop().time()
        if answered:
            self._breaker.answered()
        elif failures:
            self._breaker.failed(now)
        if failures:
            self._calm_from = now + CALM if answered else now
        if bool(failures) == self._failing or (self._failing and now < self._calm_from):
            return
        self._failing = bool(failures)
        self._metrics.ledger_away.set(self._failing)
        if failures:
            log.warning(
                "redis is away: capped touches stay in the outbox",
                reason=reason_of(failures[0]), error=str(failures[0]), in_part=answered,
            )  # fmt: skip
        else:
            log.info("redis is back")


_REASONS: Final = (
    ("timeout", (exceptions.TimeoutError, TimeoutError), ()),
    ("loading", (exceptions.BusyLoadingError,), ("LOADING",)),
    ("read-only", (exceptions.ReadOnlyError, exceptions.MasterDownError), ("READONLY", "MASTERDOWN")),
    (
        "failing-over",
        (exceptions.ClusterDownError, exceptions.AskError, exceptions.TryAgainError),
        ("CLUSTERDOWN", "TRYAGAIN", "MOVED"),
    ),
    ("out-of-memory", (exceptions.OutOfMemoryError,), ("OOM",)),
    (
        "login",
        (
            exceptions.AuthenticationError,
            exceptions.AuthorizationError,
            exceptions.NoPermissionError,
        ),
        ("NOAUTH", "NOPERM", "WRONGPASS", "ACL failure", "can't run this command"),
    ),
    ("refused", (exceptions.ResponseError,), ()),
)
"""Reason, classes of error, words in its text (inside a script the class is lost)."""


def reason_of(error: BaseException) -> str:
    """A stable word for why Redis did not judge."""
    for reason, classes, words in _REASONS:
        if isinstance(error, classes):
            return reason
        if isinstance(error, exceptions.ResponseError) and any(word in str(error) for word in words):
            return reason
    return "connection"
