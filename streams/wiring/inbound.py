"""What answers SMS, and whose phones it and the partitions know."""

from __future__ import annotations

from schemas.topics import DEAD_LETTERS
from streams.delivery import DeliveryPolicy
from streams.delivery.at_least_once import CommitOffsets
from streams.delivery.probe import Abilities
from streams.inbound.handling import Known
from streams.inbound.links import PhoneLinks
from streams.inbound.loop import Inbound, group_of
from streams.metrics import Metrics
from streams.partition.phone_links import PhoneLinker
from streams.settings import Settings
from streams.suppressions.merged import SuppressionStore
from streams.wiring.delivery import policy_of
from streams.wiring.topics import Topics
from triggers.engine import Engine
from triggers.rules.inforce import InForce, settings_in_force
from triggers.rules.model import RuleBook


def linker(settings: Settings, engine: Engine) -> PhoneLinker | None:
    """What says in `phone-links` whose phones are whose; None without a secret to hash them by."""
    if settings.hmac_secret is None:
        return None
    return PhoneLinker(settings.hmac_secret, lambda shop_id: engine.shop(shop_id).default_region)


def inbound_loop(
    settings: Settings,
    rules: RuleBook | InForce,
    topics: Topics,
    abilities: Abilities,
    suppressions: SuppressionStore,
    metrics: Metrics,
) -> Inbound | None:
    """The loop, which delivers as the partitions do, in a group of its own; None where it is off."""
    if settings.inbound == "off":
        return None

    def policy_for(commit_offsets: CommitOffsets) -> DeliveryPolicy:
        return policy_of(settings, abilities, group_of(settings.app_id), topics.limits, commit_offsets)

    known = None
    if settings.hmac_secret is not None:
        known = Known(
            settings.hmac_secret, settings_in_force(rules), PhoneLinks(), suppressions, topics.partitions
        )
    return Inbound(
        settings.kafka_client_options(),
        settings.app_id,
        membership={
            "session_timeout_ms": round(settings.session_timeout * 1000),
            "heartbeat_interval_ms": round(settings.heartbeat_interval * 1000),
            "group_instance_id": settings.instance_id,
        },
        known=known,
        policy_for=policy_for,
        metrics=metrics,
        dead_letters=topics.partitions[DEAD_LETTERS.name],
        limits=topics.limits,
    )
