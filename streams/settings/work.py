"""What a worker does, and how: what runs, its group, its rows, the ledger, privacy, and watching it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from streams.settings.durations import Seconds
from streams.settings.installation import Installation


class WorkSettings(Installation):
    """All settings but those that say how Kafka and Redis are reached."""

    # -- what runs
    rules: Path = Field(
        default=Path("shops"),
        description="Folder of shops and their rules (`shops/ID/{shop.yaml,rules/}`); `topic`: those that `rewake "
        "rules publish` has published, changes while the worker runs included.",
    )
    products_store: Path = Field(
        default=Path(".rewake/products"),
        description="Folder of the worker's local product store; one per worker.",
    )
    clock: Literal["wall", "stream"] = Field(
        default="wall",
        description="What moves time at the end of the data: `wall` (production) or `stream` (records and clock "
        "markers alone: replay, demo, reference runs).",
    )
    grace: Seconds = Field(
        default=2.0,
        description="How far the clock stays behind the wall clock, for late records. Wall clock only.",
    )
    future_bound: Seconds = Field(
        default=300.0,
        description="An event this far ahead of its log-append time goes to `dead-letters` as from the future.",
    )

    # -- the group and its topics
    partitions: int = Field(
        default=8,
        ge=1,
        le=10_000,
        description="Partitions of the customer topics, the same for all; fixed for their life.",
    )
    instance_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._-]{1,249}$",
        description="Static member name, one per worker: a restart within the session keeps its partitions in place.",
    )
    session_timeout: Seconds = Field(
        default=10.0,
        gt=0,
        description="Silence after which the group gives a worker's partitions to others.",
    )
    heartbeat_interval: Seconds = Field(default=3.0, gt=0, description="Pause between heartbeats to the group.")
    transaction_timeout: Seconds = Field(
        default=15.0,
        gt=0,
        description="After this the broker aborts an open transaction; readers wait that long at most.",
    )
    delivery: Literal["auto", "transactions", "at-least-once"] = Field(
        default="auto",
        description="How output and offsets are committed; `auto`: transactions where the broker has them. "
        "The worker says at start which one runs.",
    )
    fetch: Literal["batches", "plain"] = Field(
        default="batches",
        description="How records are taken from aiokafka: whole batches (fast) or one by one (fallback).",
    )
    commit_interval: Seconds = Field(
        default=0.1,
        gt=0,
        description="Least pause between two commits of a partition; a full chunk commits sooner.",
    )
    inbound: Literal["on", "off"] = Field(
        default="on",
        description="`on`: the worker also shares the partitions of `inbound-sms` and answers STOP, START and HELP.",
    )
    chunk_records: int = Field(
        default=24_000,
        ge=1,
        le=100_000,
        description="Records of one partition handled at once, at most. A larger chunk costs less CPU an event while a "
        "worker catches up (a customer's row is written once a chunk), and more memory.",
    )

    # -- customer rows
    rows: Literal["memory", "rocksdb"] = Field(
        default="memory",
        description="Where a worker keeps the rows of its partitions: `memory`, or `rocksdb` on the local disk for "
        "more customers than memory holds (`pip install 'rewake[rocksdb]'`). Either is rebuilt from the changelog.",
    )
    rows_dir: Path = Field(
        default=Path(".rewake/rows"),
        description="Folder of `rocksdb` rows on a local disk; workers may share it. It may be lost.",
    )
    rows_decoded: int = Field(
        default=200_000,
        ge=1_000,
        description="Rows that a worker keeps decoded, over all its partitions: those in use, 1 to 5 KB each.",
    )

    standby: Literal["off", "all"] = Field(
        default="off",
        description="`all`: the worker also follows the rows of the partitions it does not own, and takes one over "
        "within seconds however many customers there are. Costs the memory of all rows, and reading them along.",
    )

    # -- the frequency ledger
    ledger: Literal["redis", "rows"] = Field(
        default="redis",
        description="Who counts touches for caps: `redis`, shared by all workers, or `rows`, each customer's row alone "
        "and no Redis. Rows are committed together with the commands, so with transactions caps per customer are exact "
        "either way; under at-least-once delivery a crash may count without them. No row tells what went to a phone or "
        "was spent on a day: with caps by phone, `dedupe` by text, `budgets` or a `pace` a worker of `rows` does not "
        "start.",
    )

    reservation_lapse: Seconds = Field(
        default=600.0,
        gt=0,
        description="A reservation that was never confirmed lapses after this, by Redis' own clock.",
    )

    # -- privacy
    hmac_secret: SecretStr | None = Field(
        default=None,
        description="Secret of the phone hashes, at least 32 characters, the same for all workers and for ever: "
        "a new one orphans every suppression. Without it a worker does not run once the topic `suppressions` names a "
        "phone. Required in production.",
    )

    # -- watching it
    http_host: str = Field(
        default="127.0.0.1",
        description="Address of `/metrics`, `/healthz` and `/readyz`; `0.0.0.0`: all.",
    )
    http_port: int = Field(default=0, ge=0, le=65_535, description="Port of the same; 0: off.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    log_format: Literal["json", "console"] = Field(
        default="console", description="`json` for machines, `console` for people."
    )

    @field_validator("hmac_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < 32:
            raise ValueError("has fewer than 32 characters (make one with: openssl rand -hex 32)")
        return secret

    @model_validator(mode="after")
    def _beats_often_enough(self) -> Self:
        if self.heartbeat_interval * 2 > self.session_timeout:
            raise ValueError("REWAKE_HEARTBEAT_INTERVAL is at most half of REWAKE_SESSION_TIMEOUT")
        return self

    @property
    def rules_published(self) -> bool:
        """Whether rules come from their topic, not from a folder."""
        return self.rules == Path("topic")

    @property
    def grace_us(self) -> int:
        """`grace` in microseconds."""
        return round(self.grace * 1_000_000)

    @property
    def future_bound_us(self) -> int:
        """`future_bound` in microseconds."""
        return round(self.future_bound * 1_000_000)
