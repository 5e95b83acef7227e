"""The topics: what each carries, how it is keyed, partitioned and kept. Everything that creates, reads or documents
topics asks here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DAY_MS: Final = 86_400_000

MAX_RECORD_BYTES: Final = 1_048_588
"""Apache Kafka's own default for a record batch, kept for every topic but the dead letters."""


class Partitions(StrEnum):
    """How many partitions a topic has."""

    CUSTOMER = "customer"
    """As many as every other customer topic: one partition number holds everything of a customer."""
    ONE = "one"
    """One, read whole by every worker, assigned by hand."""
    DEAD_LETTERS = "dead-letters"
    """Any number: nothing depends on their order. One by default."""


class Cleanup(StrEnum):
    DELETE = "delete"
    COMPACT = "compact"


class Direction(StrEnum):
    """Seen from Rewake."""

    IN = "in"
    """Others publish, Rewake consumes."""
    OUT = "out"
    """Rewake publishes, others consume."""
    OWN = "own"
    """Rewake publishes (its workers, `rewake feed`, `rewake rules`) and consumes."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic. `name` is the name on the broker; a changelog's carries the application id (`changelog`)."""

    name: str
    key: str
    """What the record key is made of, parts joined by `:`, UTF-8."""
    carries: tuple[str, ...]
    """Names of the contracts whose JSON may be a record's value."""
    about: str
    partitions: Partitions
    direction: Direction
    cleanup: Cleanup = Cleanup.DELETE
    retention_ms: int = -1
    """How long records are kept by default, milliseconds; -1 for compacted topics, which keep the last of each key."""
    log_append_time: bool = False
    """The broker stamps records on arrival: what an event's `occurred_at` is measured against."""
    rank: int | None = None
    """Order at equal effective time, the smallest first; None for what the engine does not read."""
    holds_clock: bool = False
    """Time can only move on to where this input has been read (SEMANTICS: two clocks). Carries ClockAdvanced too."""
    co_partitioned: bool = False
    """Part of the consumer group's co-partitioned assignment."""
    max_message_bytes: int = MAX_RECORD_BYTES

    def config(self) -> dict[str, str]:
        """The broker's topic configuration."""
        config = {"cleanup.policy": self.cleanup.value, "max.message.bytes": str(self.max_message_bytes)}
        # what is to be gone, an erased customer's above all, is gone a day later: logs are cut and compacted by segment
        if self.cleanup is Cleanup.DELETE:
            config["retention.ms"] = str(self.retention_ms)
            config["segment.ms"] = str(DAY_MS)
        else:
            config["max.compaction.lag.ms"] = str(DAY_MS)
        config["message.timestamp.type"] = "LogAppendTime" if self.log_append_time else "CreateTime"
        return config


CUSTOMER_KEY: Final = "shop_id:customer_id"
CLOCK: Final = "ClockAdvanced"


def _customer_topic(name: str, rank: int, about: str, *carries: str, holds_clock: bool = True) -> TopicSpec:
    return TopicSpec(
        name=name, key=CUSTOMER_KEY, carries=(*carries, CLOCK) if holds_clock else carries, about=about,
        partitions=Partitions.CUSTOMER, direction=Direction.IN, retention_ms=30 * DAY_MS, log_append_time=True,
        rank=rank, holds_clock=holds_clock, co_partitioned=True,
    )  # fmt: skip


SITE_VIEWS: Final = _customer_topic(
    "site-views", 6, "What shoppers looked at. From the storefront.", "ProductViewed", "CategoryViewed"
)
CART_EVENTS: Final = _customer_topic(
    "cart-events", 7, "What went into and out of carts, item by item or as a whole cart. From the storefront.",
    "CartItemAdded", "CartItemRemoved", "CartUpdated", "CheckoutStarted",
)  # fmt: skip
ORDER_EVENTS: Final = _customer_topic(
    "order-events", 8, "What was ordered and what was cancelled. From the storefront.", "OrderPlaced", "OrderCancelled"
)
CUSTOMER_EVENTS: Final = _customer_topic(
    "customer-events", 5, "Who customers are, what they allow, what they answer. From storefront, CRM, survey, links.",
    "CustomerUpdated", "ConsentChanged", "CustomerErased", "CustomerMerged", "WishlistChanged", "BonusBalanceChanged",
    "SurveyAnswered", "LinkClicked", "KeywordReceived", "TestRequested",
    "CustomerImported",
)  # fmt: skip
DELIVERY_RECEIPTS: Final = _customer_topic(
    "delivery-receipts", 9, "What became of a command. From the dispatcher.", "DeliveryReceipt", holds_clock=False
)
INBOUND_SMS: Final = TopicSpec(
    name="inbound-sms", key="shop_id:phone", carries=("SmsReceived",),
    about="What somebody answered to an SMS. From the dispatcher.",
    partitions=Partitions.CUSTOMER, direction=Direction.IN, retention_ms=30 * DAY_MS, log_append_time=True,
)  # fmt: skip
MARKETING_EVENTS: Final = TopicSpec(
    name="marketing-events", key="shop_id",
    carries=("FlashSaleAnnounced", "FlashSaleEnded", "CollectionReleased", "BroadcastRequested", CLOCK),
    about="What concerns many customers at once. From marketing.",
    partitions=Partitions.ONE, direction=Direction.IN, retention_ms=30 * DAY_MS, log_append_time=True,
    rank=4, holds_clock=True,
)  # fmt: skip


def _kept(name: str, key: str, rank: int | None, about: str, *carries: str) -> TopicSpec:
    return TopicSpec(
        name=name, key=key, carries=carries, about=about, partitions=Partitions.ONE, direction=Direction.OWN,
        cleanup=Cleanup.COMPACT, rank=rank,
    )  # fmt: skip


PRODUCTS: Final = _kept(
    "products", "shop_id:product_id; of FeedSyncBegun shop_id, a colon, U+0000 and begin; of FeedSynced and sync", 2,
    "Product snapshots: price, stock, url, name, category; and the beginning and the end of each sync. From the feeds. "
    "A record without a value: the product has left the feed.", "ProductSnapshot", "FeedSyncBegun", "FeedSynced",
)  # fmt: skip
RULES: Final = _kept(
    "rules", "shop_id:rule:version, or shop_id:rule for the pointer; the rule is empty for the shop's settings", 0,
    "Versions of rules and of shops' settings, and which is in force from when. From marketing.",
    "RuleVersion", "RulePointer", "ShopVersion", "ShopPointer",
)  # fmt: skip
SUPPRESSIONS: Final = _kept(
    "suppressions", "shop_id:phone_hmac:reason", 3, "Phones that must not be written to, why and until when. A record "
    "without a value ends one reason.", "Suppression",
)  # fmt: skip
PHONE_LINKS: Final = _kept(
    "phone-links", "shop_id:phone_hmac:customer_id", None, "Which customers a phone belongs to. A record without a "
    "value ends one link.", "PhoneLink",
)  # fmt: skip
SHOP_FACTS: Final = _kept(
    "shop-facts", "shop_id:fact:partition:day", 1, "Each partition's part of a shop's day: best sellers, average "
    "cheque, purchase interval.", "ShopFact",
)  # fmt: skip


def _out(name: str, days: int, about: str, *carries: str) -> TopicSpec:
    return TopicSpec(
        name=name, key=CUSTOMER_KEY, carries=carries, about=about, partitions=Partitions.CUSTOMER,
        direction=Direction.OUT, retention_ms=days * DAY_MS,
    )  # fmt: skip


SMS_COMMANDS: Final = _out(
    "sms-commands", 90, "Finished texts to send, and cancels. To the dispatcher.", "SendSms", "CancelSms"
)
CRM_COMMANDS: Final = _out(
    "crm-commands", 90, "Bonuses to grant, people to call. To loyalty and CRM.", "GrantBonus", "CreateCallTask"
)
DECISIONS: Final = _out("decisions", 90, "Every decision with its reasons. To console and audit.", "Decision")
DEAD_LETTERS: Final = TopicSpec(
    name="dead-letters", key="as it came", carries=("DeadLetter",),
    about="What could not be understood: the original bytes as value, where it came from and the reason in headers.",
    partitions=Partitions.DEAD_LETTERS, direction=Direction.OUT, retention_ms=30 * DAY_MS,
    max_message_bytes=2 * MAX_RECORD_BYTES,
)  # fmt: skip

TOPICS: Final[tuple[TopicSpec, ...]] = (
    SITE_VIEWS, CART_EVENTS, ORDER_EVENTS, CUSTOMER_EVENTS, DELIVERY_RECEIPTS, INBOUND_SMS, MARKETING_EVENTS, PRODUCTS,
    RULES, SUPPRESSIONS, PHONE_LINKS, SHOP_FACTS, SMS_COMMANDS, CRM_COMMANDS, DECISIONS, DEAD_LETTERS,
)  # fmt: skip
"""Every topic but the changelog, in the order of DESIGN's table."""

BY_NAME: Final[dict[str, TopicSpec]] = {topic.name: topic for topic in TOPICS}
CO_PARTITIONED: Final[tuple[TopicSpec, ...]] = tuple(topic for topic in TOPICS if topic.co_partitioned)
HOLD_CLOCK: Final[tuple[TopicSpec, ...]] = tuple(topic for topic in TOPICS if topic.holds_clock)
HAND_ASSIGNED: Final[tuple[TopicSpec, ...]] = tuple(topic for topic in TOPICS if topic.partitions is Partitions.ONE)

_OF_TYPE: Final[dict[str, TopicSpec]] = {
    event_type: topic for topic in TOPICS for event_type in topic.carries if event_type != CLOCK
}


def topic_of(event_type: str) -> TopicSpec:
    """The topic that carries events or commands of this type. KeyError for an unknown type, and for ClockAdvanced,
    which every topic that holds the clock carries."""
    return _OF_TYPE[event_type]


def changelog(app: str) -> TopicSpec:
    """The topic of the customer rows, as an application (`rewake` by default) keeps them."""
    return TopicSpec(
        name=f"{app}-customers-changelog", key="the row's key, or a reserved key for the partition's own record",
        carries=(), about="The customer rows: 8 bytes of deadline, then the row as msgpack. Rewake's own, no contract.",
        partitions=Partitions.CUSTOMER, direction=Direction.OWN, cleanup=Cleanup.COMPACT,
    )  # fmt: skip


def heartbeat(app: str) -> TopicSpec:
    """The topic by which an application's workers learn the broker's own time."""
    return TopicSpec(
        name=f"{app}-heartbeat", key="heartbeat", carries=(),
        about="Empty records whose timestamps are the broker's. Rewake's own, no contract.",
        partitions=Partitions.ONE, direction=Direction.OWN, cleanup=Cleanup.COMPACT, log_append_time=True,
    )  # fmt: skip
