"""How Kafka is reached."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from streams.settings.files import check_pair, is_a_file


class KafkaSettings(BaseModel):
    """Where the brokers are, and how to get in."""

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

    _kafka_files = field_validator("kafka_ca_file", "kafka_cert_file", "kafka_key_file")(is_a_file)

    @field_validator("kafka_bootstrap")
    @classmethod
    def _host_and_port(cls, servers: str) -> str:
        for server in servers.split(","):
            host, colon, port = server.strip().rpartition(":")
            if not colon or not host or not port.isdigit() or not 0 < int(port) < 65_536:
                raise ValueError("is host:port, several separated by commas")
        return ",".join(server.strip() for server in servers.split(","))

    @model_validator(mode="after")
    def _gets_in(self) -> Self:
        if self.kafka_security.startswith("SASL") and (self.kafka_username is None or self.kafka_password is None):
            raise ValueError(
                f"REWAKE_KAFKA_SECURITY={self.kafka_security} needs REWAKE_KAFKA_USERNAME and REWAKE_KAFKA_PASSWORD"
            )
        if not self.kafka_security.startswith("SASL") and self.kafka_password is not None:
            raise ValueError(
                "REWAKE_KAFKA_PASSWORD is set, but REWAKE_KAFKA_SECURITY is not SASL_PLAINTEXT or SASL_SSL"
            )
        check_pair("KAFKA", self.kafka_cert_file, self.kafka_key_file)
        if "SSL" not in self.kafka_security and (self.kafka_ca_file or self.kafka_cert_file):
            raise ValueError("REWAKE_KAFKA_CA_FILE and _CERT_FILE need REWAKE_KAFKA_SECURITY=SSL or SASL_SSL")
        return self

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

    @staticmethod
    def _tls(ca: Path | None, cert: Path | None, key: Path | None, password: SecretStr | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        if cert is not None:
            context.load_cert_chain(cert, key, password.get_secret_value() if password else None)
        return context
