"""Rules that were published: read before anything that goes by them is made."""

from __future__ import annotations

from functools import partial
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from schemas.contracts import Refused
from streams.rules.published import RulesFollower, RulesTopicMissing, read_whole
from streams.settings import Settings
from streams.wiring.refusing import CannotStart, cannot_keep
from triggers.rules.inforce import RulesInForce

log: Final = structlog.get_logger(__name__)


async def rules_in_force(settings: Settings) -> RulesFollower:
    """All that stands in the topic now, and what follows it from there. Raises CannotStart for a broker that is away
    and a topic that is not right. A version that can't be read, or kept, here is passed over."""
    rules = RulesInForce(partial(cannot_keep, settings))
    try:
        known = await read_whole(settings.kafka_client_options())
    except RulesTopicMissing as missing:
        raise CannotStart(str(missing)) from missing
    except (KafkaError, OSError) as error:
        raise CannotStart(
            f"Kafka at {settings.kafka_bootstrap} can't be reached: {type(error).__name__} "
            "(REWAKE_KAFKA_BOOTSTRAP; `rewake stack up` starts one here)"
        ) from error
    for _, record in known:
        if not isinstance(record, Refused):  # said when the topic is followed
            rules.take(record)
    if not rules.shops:
        log.warning("no rules were published yet; publish some with: rewake rules publish DIR")
    return RulesFollower(rules)
