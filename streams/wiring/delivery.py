"""How output and offsets are committed: in the way that was asked for, and that the broker has."""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka.errors import KafkaError

from schemas.topics import changelog
from streams.delivery import DeliveryPolicy
from streams.delivery.at_least_once import AtLeastOnce, CommitOffsets
from streams.delivery.probe import Abilities, ProbeFailed, probe
from streams.delivery.producing import KafkaWriters
from streams.delivery.transactional import Transactional
from streams.settings import Settings
from streams.wiring.refusing import CannotStart


async def abilities_of_broker(settings: Settings) -> Abilities:
    """CannotStart when it has not what was asked for."""
    wanted = settings.delivery
    try:
        abilities = await probe(settings.kafka_client_options(), settings.app_id)
    except ProbeFailed as failed:
        if wanted != "at-least-once":
            raise CannotStart(
                f"whether the broker has transactions could not be found out: {failed}. Has it as many brokers as "
                "transaction.state.log.replication.factor wants? REWAKE_DELIVERY=at-least-once goes without"
            ) from failed
        abilities = Abilities(transactions=False, idempotence=False, reason=str(failed))
    except (KafkaError, OSError) as error:
        raise CannotStart(f"Kafka at {settings.kafka_bootstrap} went away: {type(error).__name__}") from error
    if wanted == "transactions" and not abilities.transactions:
        raise CannotStart(f"REWAKE_DELIVERY=transactions, but the broker has none ({abilities.reason})")
    return abilities


def policy_of(
    settings: Settings, abilities: Abilities, group: str, limits: Mapping[str, int], commit_offsets: CommitOffsets
) -> DeliveryPolicy:
    """How the members of this group deliver. `limits`: how large a batch each topic takes."""
    writers = KafkaWriters(settings.kafka_client_options(), group, limits)
    rows = changelog(settings.app_id).name
    if settings.delivery == "at-least-once" or not abilities.transactions:
        return AtLeastOnce(writers, rows, abilities.idempotence, commit_offsets)
    return Transactional(writers, rows, group, settings.transaction_timeout)
