"""Every setting of Rewake, read once from the environment (`REWAKE_*`), checked, then passed on frozen.

Passwords and secrets come from the environment, from a file that `REWAKE_<NAME>_FILE` names, or from a directory of
secrets that `REWAKE_SECRETS_DIR` names (files `rewake_<name>`, as Docker and Kubernetes mount them). They are held as
`SecretStr`, so that no log and no repr shows them. Durations are seconds, written as a number or as `100ms`, `2s`,
`5m`, `1h`. `docs/settings.md` is generated from this model (`python -m streams.reference`).
"""

from __future__ import annotations

import difflib
import os
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from streams.ledger.cluster import Cluster

PREFIX = "REWAKE_"

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h|d)?")
_LIBRARY_VARIABLES = ("REWAKE_SECRETS_DIR",)

NODE_SHARE = 0.8
"""Of `redis_timeout`, what one node of a cluster may take: what the others answered is still of use then."""


def _seconds(value: object) -> object:
    if isinstance(value, str):
        matched = _DURATION.fullmatch(value.strip())
        if matched is None:
            raise ValueError("a duration is a number of seconds or like 100ms, 2s, 5m, 1h")
        return float(matched[1]) * _UNITS[matched[2] or "s"]
    return value


Seconds = Annotated[float, BeforeValidator(_seconds), Field(ge=0, allow_inf_nan=False)]


class SettingsError(Exception):
    """The environment doesn't hold usable settings. The text names variables, never their values."""


class _SecretFiles(EnvSettingsSource):
    """Secrets from files: `REWAKE_HMAC_SECRET_FILE=/run/secrets/hmac` in place of `REWAKE_HMAC_SECRET`."""

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in secret_fields():
            variable = f"{PREFIX}{name.upper()}"
            path = os.environ.get(f"{variable}_FILE")
            if not path:
                continue
            if os.environ.get(variable):
                raise SettingsError(f"{variable} and {variable}_FILE are both set: leave one")
            try:
                found[name] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(f"{variable}_FILE can't be read: {type(error).__name__}") from None
        return found


class Settings(BaseSettings):
    """All of Rewake's settings. `load_settings()` gives the errors people can read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    # -- what runs
    app_id: str = Field(
        default="rewake",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="Name of this installation: group, transactional ids, changelog and Redis keys begin with it.",
    )
    rules: Path = Field(
        default=Path("shops"),
        description="Folder of shops and their rules (`shops/ID/{shop.yaml,rules/}`).",
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

    # -- Kafka
    kafka_bootstrap: str = Field(
        default="localhost:9092",
        min_length=1,
        description="Brokers to begin with, `host:port`, separated by commas.",
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT",
        description="How brokers are spoken to. Use `SASL_SSL` or `SSL` outside a private network.",
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512",
        description="How to log in, with the two `SASL_` kinds of security.",
    )
    kafka_username: str | None = Field(default=None, description="User for SASL.")
    kafka_password: SecretStr | None = Field(default=None, description="Password for SASL.")
    kafka_ca_file: Path | None = Field(default=None, description="PEM file of the authority; default: the system's.")
    kafka_cert_file: Path | None = Field(
        default=None, description="PEM file of the worker's own certificate (mutual TLS)."
    )
    kafka_key_file: Path | None = Field(default=None, description="PEM file of the certificate's key.")
    kafka_key_password: SecretStr | None = Field(default=None, description="Password of the key file.")
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
        "was spent on a day: with caps by phone, `dedupe` by text or `budgets` a worker of `rows` does not start.",
    )

    # -- Redis
    redis_url: str = Field(
        default="redis://localhost:6379/0",
        description="Redis or Valkey of the frequency ledger: `redis://`, `rediss://` (TLS) or `unix://`. "
        "A user and password inside it are accepted and kept as secrets.",
    )
    redis_cluster: bool = Field(
        default=False,
        description="`true`: a Redis Cluster; `REWAKE_REDIS_URL` names one of its nodes or, better, several "
        "(`redis://a:6379,b:6379,c:6379`).",
    )
    redis_username: str | None = Field(default=None, description="ACL user; default: Redis' `default` user.")
    redis_password: SecretStr | None = Field(default=None, description="Password of the ACL user.")
    redis_ca_file: Path | None = Field(default=None, description="PEM file of the authority; default: the system's.")
    redis_cert_file: Path | None = Field(
        default=None, description="PEM file of the worker's own certificate (mutual TLS)."
    )
    redis_key_file: Path | None = Field(default=None, description="PEM file of the certificate's key.")
    redis_timeout: Seconds = Field(
        default=0.5,
        gt=0,
        description="Longest wait of a chunk for Redis; then its touches stay in the outbox and are asked again.",
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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then files of secrets. No `.env`: a stray file must not change a worker."""
        sources: list[PydanticBaseSettingsSource] = [
            init_settings,
            env_settings,
            _SecretFiles(settings_cls),
        ]
        directory = os.environ.get("REWAKE_SECRETS_DIR")
        if directory:
            if not Path(directory).is_dir():
                raise SettingsError("REWAKE_SECRETS_DIR is no directory")
            sources.append(SecretsSettingsSource(settings_cls, secrets_dir=directory, env_prefix=PREFIX))
        return tuple(sources)

    @model_validator(mode="before")
    @classmethod
    def _take_credentials_out_of_the_url(cls, values: Any) -> Any:
        url = values.get("redis_url") if isinstance(values, dict) else None
        if not isinstance(url, str) or "@" not in url:
            return values
        parts = urlsplit(url)
        taken = dict(values)
        netloc = parts.netloc.rpartition("@")[2]
        taken["redis_url"] = urlunsplit(parts._replace(netloc=netloc))
        if parts.username:
            taken.setdefault("redis_username", unquote(parts.username))
        if parts.password:
            taken.setdefault("redis_password", unquote(parts.password))
        return taken

    @field_validator("redis_url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("redis", "rediss", "unix"):
            raise ValueError("begins with redis://, rediss:// or unix://")
        if parts.scheme != "unix" and not all(host for host, _ in _hosts(url)):
            raise ValueError("names no host")
        return url

    @field_validator("kafka_bootstrap")
    @classmethod
    def _host_and_port(cls, servers: str) -> str:
        for server in servers.split(","):
            host, colon, port = server.strip().rpartition(":")
            if not colon or not host or not port.isdigit() or not 0 < int(port) < 65_536:
                raise ValueError("is host:port, several separated by commas")
        return ",".join(server.strip() for server in servers.split(","))

    @field_validator(
        "kafka_ca_file",
        "kafka_cert_file",
        "kafka_key_file",
        "redis_ca_file",
        "redis_cert_file",
        "redis_key_file",
    )
    @classmethod
    def _is_a_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("no such file")
        return path

    @field_validator("hmac_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < 32:
            raise ValueError("has fewer than 32 characters (make one with: openssl rand -hex 32)")
        return secret

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        if self.kafka_security.startswith("SASL") and (self.kafka_username is None or self.kafka_password is None):
            raise ValueError(
                f"REWAKE_KAFKA_SECURITY={self.kafka_security} needs REWAKE_KAFKA_USERNAME and REWAKE_KAFKA_PASSWORD"
            )
        if not self.kafka_security.startswith("SASL") and self.kafka_password is not None:
            raise ValueError(
                "REWAKE_KAFKA_PASSWORD is set, but REWAKE_KAFKA_SECURITY is not SASL_PLAINTEXT or SASL_SSL"
            )
        for service, cert, key in (
            ("KAFKA", self.kafka_cert_file, self.kafka_key_file),
            ("REDIS", self.redis_cert_file, self.redis_key_file),
        ):
            if (cert is None) != (key is None):
                raise ValueError(f"REWAKE_{service}_CERT_FILE and REWAKE_{service}_KEY_FILE go together")
        if "SSL" not in self.kafka_security and (self.kafka_ca_file or self.kafka_cert_file):
            raise ValueError("REWAKE_KAFKA_CA_FILE and _CERT_FILE need REWAKE_KAFKA_SECURITY=SSL or SASL_SSL")
        if not self.redis_url.startswith("rediss") and (self.redis_ca_file or self.redis_cert_file):
            raise ValueError("REWAKE_REDIS_CA_FILE and _CERT_FILE need a REWAKE_REDIS_URL that begins with rediss://")
        self._check_nodes()
        if self.heartbeat_interval * 2 > self.session_timeout:
            raise ValueError("REWAKE_HEARTBEAT_INTERVAL is at most half of REWAKE_SESSION_TIMEOUT")
        return self

    def _check_nodes(self) -> None:
        parts = urlsplit(self.redis_url)
        if not self.redis_cluster and parts.scheme != "unix" and len(_hosts(self.redis_url)) > 1:
            raise ValueError("REWAKE_REDIS_URL names several hosts, which needs REWAKE_REDIS_CLUSTER=true")
        if self.redis_cluster and parts.scheme == "unix":
            raise ValueError("REWAKE_REDIS_CLUSTER=true needs a REWAKE_REDIS_URL with hosts, not unix://")
        if self.redis_cluster and parts.path.strip("/") not in ("", "0"):
            raise ValueError(
                "REWAKE_REDIS_CLUSTER=true: a cluster has database 0 alone, REWAKE_REDIS_URL names another"
            )

    @property
    def grace_us(self) -> int:
        """`grace` in microseconds."""
        return round(self.grace * 1_000_000)

    @property
    def future_bound_us(self) -> int:
        """`future_bound` in microseconds."""
        return round(self.future_bound * 1_000_000)

    def warnings(self) -> list[str]:
        """What is allowed but unwise, one sentence each, for the log at start: unknown variables, open doors."""
        said = []
        known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
        known |= {f"{PREFIX}{name.upper()}_FILE" for name in secret_fields()} | set(_LIBRARY_VARIABLES)
        for variable in sorted(os.environ):
            if variable.startswith(PREFIX) and variable not in known:
                near = difflib.get_close_matches(variable, known, n=1)
                said.append(f"{variable} is no setting" + (f", did you mean {near[0]}?" if near else ""))
        if self.hmac_secret is None:
            said.append("REWAKE_HMAC_SECRET is not set: phones can't be hashed, suppressions by phone don't work")
        if self.clock == "wall" and "SSL" not in self.kafka_security and not _all_local(self.kafka_bootstrap):
            said.append(f"REWAKE_KAFKA_SECURITY={self.kafka_security}: phones cross the network unencrypted")
        return said

    def kafka_client_options(self) -> dict[str, Any]:
        """Keyword arguments for any aiokafka client: where the brokers are and how to get in. Holds the password."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.kafka_bootstrap,
            "security_protocol": self.kafka_security,
        }
        if "SSL" in self.kafka_security:
            options["ssl_context"] = self._tls(
                self.kafka_ca_file,
                self.kafka_cert_file,
                self.kafka_key_file,
                self.kafka_key_password,
            )
        if self.kafka_security.startswith("SASL") and self.kafka_password is not None:
            options["sasl_mechanism"] = self.kafka_sasl_mechanism
            options["sasl_plain_username"] = self.kafka_username
            options["sasl_plain_password"] = self.kafka_password.get_secret_value()
        return options

    def ledger_client(self) -> Redis | Cluster:
        """What the ledger talks to: the one server, or the cluster. Nothing connects before its first use."""
        if not self.redis_cluster:
            return self.redis_client()
        from streams.ledger.cluster import Cluster

        scheme = urlsplit(self.redis_url).scheme
        return Cluster(
            _hosts(self.redis_url),
            lambda host, port: self.redis_client(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/0"),
            self.redis_timeout * NODE_SHARE,
        )

    def redis_client(self, url: str | None = None) -> Redis:
        """A client of one server, that of `redis_url` or another in its cluster. It never retries nor waits past
        `redis_timeout`; nothing connects before its first use."""
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        options: dict[str, Any] = {
            "socket_timeout": self.redis_timeout,
            "socket_connect_timeout": self.redis_timeout,
            "retry": Retry(NoBackoff(), 0),  # the ledger decides when to ask again
            "client_name": self.app_id,
        }
        if self.redis_username is not None:
            options["username"] = self.redis_username
        if self.redis_password is not None:
            options["password"] = self.redis_password.get_secret_value()
        for option, path in (
            ("ssl_ca_certs", self.redis_ca_file),
            ("ssl_certfile", self.redis_cert_file),
            ("ssl_keyfile", self.redis_key_file),
        ):
            if path is not None:
                options[option] = str(path)
        client: Redis = Redis.from_url(url or self.redis_url, **options)
        return client

    @staticmethod
    def _tls(ca: Path | None, cert: Path | None, key: Path | None, password: SecretStr | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        if cert is not None:
            context.load_cert_chain(cert, key, password.get_secret_value() if password else None)
        return context


def secret_fields() -> tuple[str, ...]:
    """Names of the settings that are secrets."""
    return tuple(name for name, field in Settings.model_fields.items() if "SecretStr" in repr(field.annotation))


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` (command line options) win over the environment.

    Raises SettingsError with one line per mistake, naming the variable; values are never repeated.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(dict(found)) for found in error.errors(include_url=False))) from None


def _sentence(found: dict[str, Any]) -> str:
    said = str(found["msg"]).removeprefix("Value error, ")
    if not found["loc"]:
        return said
    name = str(found["loc"][0])
    if found["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, Settings.model_fields, n=1)
        return f"{name} is no setting" + (f", did you mean {near[0]}?" if near else "")
    return f"{PREFIX}{name.upper()}: {said}"


def _all_local(servers: str) -> bool:
    return all(s.rpartition(":")[0] in ("localhost", "127.0.0.1", "[::1]") for s in servers.split(","))


def _hosts(url: str) -> list[tuple[str, int]]:
    """Host and port of each server that a Redis URL names, separated by commas. ValueError for a wrong port."""
    found = []
    for server in urlsplit(url).netloc.split(","):
        one = urlsplit(f"//{server.strip()}")
        found.append((one.hostname or "", one.port or 6379))
    return found
