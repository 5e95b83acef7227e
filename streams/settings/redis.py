"""How Redis is reached: one server, or a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from streams.settings.durations import Seconds
from streams.settings.files import check_pair, is_a_file
from streams.settings.installation import Installation

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from streams.ledger.cluster import Cluster

NODE_SHARE = 0.8
"""Of `redis_timeout`, what one node of a cluster may take: what the others answered is still of use then."""


class RedisSettings(Installation):
    """Where the ledger's Redis is, how to get in, and how long it is waited for."""

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

    _redis_files = field_validator("redis_ca_file", "redis_cert_file", "redis_key_file")(is_a_file)

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

    @model_validator(mode="after")
    def _is_reached(self) -> Self:
        check_pair("REDIS", self.redis_cert_file, self.redis_key_file)
        if not self.redis_url.startswith("rediss") and (self.redis_ca_file or self.redis_cert_file):
            raise ValueError("REWAKE_REDIS_CA_FILE and _CERT_FILE need a REWAKE_REDIS_URL that begins with rediss://")
        self._check_nodes()
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


def _hosts(url: str) -> list[tuple[str, int]]:
    """Host and port of each server that a Redis URL names, separated by commas. ValueError for a wrong port."""
    found = []
    for server in urlsplit(url).netloc.split(","):
        one = urlsplit(f"//{server.strip()}")
        found.append((one.hostname or "", one.port or 6379))
    return found
