"""What receipts say of phones, as records of `suppressions`: they leave in the transaction of the rows that say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog
from pydantic import SecretStr

from schemas.topics import SUPPRESSIONS
from streams.delivery import Outgoing, Record
from streams.effects import Out
from streams.metrics import Metrics
from streams.suppressions.merged import SuppressionStore
from streams.suppressions.records import ending, record, taken_back
from triggers.receipts import Lift, Suppress

log: Final = structlog.get_logger(__name__)

SOURCE: Final = "delivery-receipts"
OPT_IN_SOURCE: Final = "customer-events"


class Findings:
    """Of one partition. Without the `secret` no phone can be suppressed: that is counted, and said once. `known`: the
    suppressions that there are."""

    def __init__(
        self, partition: int, secret: SecretStr | None, metrics: Metrics, known: SuppressionStore | None = None
    ) -> None:
        self._partition = partition
        self._secret = secret
        self._metrics = metrics
        self._known = known
        self._said = False

    def publish(self, outgoing: Outgoing, findings: Sequence[Out]) -> None:
        """Put the suppressions that follow into `outgoing`."""
        if not findings:
            return
        acted: Counter[str] = Counter()
        for key, _, _, found in findings:
            acted[self._one(outgoing, key.partition(":")[0], found)] += 1
        for what, times in acted.items():
            self._metrics.receipts.labels(what=what).inc(times)
        if acted["unknown-command"]:
            log.info(
                "failures of commands that their customers' rows do not know: which phone failed can't be told",
                partition=self._partition,
                receipts=acted["unknown-command"],
            )
        if acted["no-secret"] and not self._said:
            self._said = True
            log.warning(
                "phones that can't be delivered to are not suppressed: REWAKE_HMAC_SECRET is not set",
                partition=self._partition,
            )

    def _one(self, outgoing: Outgoing, shop_id: str, found: object) -> str:
        """What it came to, as the metric has it."""
        if not isinstance(found, Suppress | Lift):
            return "unknown-command"
        if self._secret is None:
            return "no-secret"
        if isinstance(found, Lift):
            if not lifts(self._known, shop_id, found):
                return "not-lifted"
            outgoing.publish(SUPPRESSIONS.name, 0, lifting(self._secret, shop_id, found))
            return "lifted"
        made = record(
            self._secret, shop_id, found.phone, found.reason, since=found.since, until=found.until, source=SOURCE
        )
        outgoing.publish(SUPPRESSIONS.name, 0, made)
        return "suppressed"


def lifting(secret: SecretStr, shop_id: str, found: Lift) -> Record:
    """What ends it. An opt-out is taken back by its instant: a STOP may have been said since which this worker has not
    read yet."""
    if found.since:
        return taken_back(secret, shop_id, found.phone, found.since, source=OPT_IN_SOURCE)
    return ending(secret, shop_id, found.phone, found.reason)


def lifts(known: SuppressionStore | None, shop_id: str, found: Lift) -> bool:
    """Whether it ends what is known: not an opt-out that came about at another time, for that one was another's who had
    the phone, or is newer. One that is not in the topic yet may be ended."""
    since = known.opted_out_since(shop_id, found.phone) if known is not None and found.since else None
    return since is None or since == found.since
