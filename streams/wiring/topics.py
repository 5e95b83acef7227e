"""The installation's topics as the broker has them: looked at before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka.errors import KafkaError

from schemas.topics import CO_PARTITIONED, DAY_MS, HAND_ASSIGNED, SMS_COMMANDS, changelog
from streams.partition.recovery import ChangelogRows, UnreadableRows
from streams.provision import Existing, Provisioner, longest_retention, specs_of
from streams.settings import Settings
from streams.wiring.refusing import CannotStart
from triggers.erasure import MARKER_KEPT
from triggers.rules.model import RuleBook
from triggers.shared import SharedOfShops


class Topics:
    """What is known of them once `look` has looked. `partitions`: how many each has. `limits`: how large a batch each
    takes. `marker_kept`: microseconds for which an erased customer's marker stays in his row; None: for ever."""

    def __init__(self, settings: Settings, book: RuleBook) -> None:
        self._settings = settings
        self._options = settings.kafka_client_options()
        self._specs = specs_of(settings.app_id)
        self._looked_back = SharedOfShops(book).longest
        self.partitions: Mapping[str, int] = {}
        self.limits: dict[str, int] = {}
        self.marker_kept: int | None = MARKER_KEPT

    @property
    def by_customer(self) -> int:
        """Partitions of the topics by customer, the same for all of them."""
        return self.partitions[CO_PARTITIONED[0].name]

    async def look(self) -> None:
        """CannotStart for a broker that is away and topics that are not right."""
        try:
            async with Provisioner(self._options) as broker:
                existing = await broker.existing(self._specs)
        except (KafkaError, OSError) as error:
            raise CannotStart(
                f"Kafka at {self._settings.kafka_bootstrap} can't be reached: {type(error).__name__} "
                "(REWAKE_KAFKA_BOOTSTRAP; `rewake stack up` starts one here)"
            ) from error
        missing = [spec.name for spec in self._specs if spec.name not in existing]
        if missing:
            raise CannotStart(f"topics are missing: {', '.join(missing)}; run `rewake topics create`")
        self._note_limits(existing)
        self._check_kept(existing)
        kept = longest_retention(existing)
        self.marker_kept = None if kept is None else max(kept, MARKER_KEPT)
        self.partitions = {name: topic.partitions for name, topic in existing.items()}
        self._check_partitions()

    def _check_partitions(self) -> None:
        by_customer = (*CO_PARTITIONED, changelog(self._settings.app_id))
        grouped = {spec.name: self.partitions[spec.name] for spec in by_customer}
        if len(set(grouped.values())) > 1:
            found = ", ".join(f"{name} {count}" for name, count in sorted(grouped.items()))
            raise CannotStart(f"topics by customer must have equally many partitions, but have: {found}")
        split = [spec.name for spec in HAND_ASSIGNED if self.partitions[spec.name] != 1]
        if split:
            raise CannotStart(f"topics that every worker reads whole must have one partition: {', '.join(split)}")

    def _check_kept(self, existing: Mapping[str, Existing]) -> None:
        """Commands must stay for as long as caps that no row can prove look back: they are what fills Redis again."""
        said = existing[SMS_COMMANDS.name].config.get("retention.ms")
        needed = self._looked_back // 1000
        if said is not None and 0 <= int(said) < needed:
            raise CannotStart(
                f"{SMS_COMMANDS.name} keeps commands for {int(said) / DAY_MS:g} days (retention.ms); caps by phone, "
                f"dedupe by text or budgets look back {needed / DAY_MS:g}: set retention.ms to {needed} or more"
            )

    def _note_limits(self, existing: Mapping[str, Existing]) -> None:
        """How large a batch each topic takes now; where the broker does not tell, what `topics create` has asked."""
        for spec in self._specs:
            topic = existing.get(spec.name)
            said = None if topic is None else topic.config.get("max.message.bytes")
            self.limits[spec.name] = spec.max_message_bytes if said is None else int(said)

    async def look_at_limits(self) -> None:
        """The broker has found something too large: an operator has lowered a limit meanwhile. Raises KafkaError."""
        async with Provisioner(self._options) as broker:
            self._note_limits(await broker.existing(self._specs))

    async def check_layouts(self) -> None:
        """CannotStart for rows that only another release can read. Not a member of the group yet, so that a worker of
        an older release, started again and again in the middle of an upgrade, disturbs nobody."""
        rows = changelog(self._settings.app_id).name
        try:
            await ChangelogRows(self._options, rows).check_layouts(range(self.partitions[rows]))
        except UnreadableRows as unreadable:
            raise CannotStart(str(unreadable)) from unreadable
        except (KafkaError, OSError) as error:
            raise CannotStart(f"the topic {rows} can't be read: {error!r}") from error
