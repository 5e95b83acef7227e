"""aiokafka's client options as Faust wants to hear them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from faust.auth import SASLCredentials, SSLCredentials


def faust_credentials(options: Mapping[str, Any]) -> SASLCredentials | SSLCredentials | None:
    """None for an open broker."""
    security = str(options.get("security_protocol", "PLAINTEXT"))
    if security.startswith("SASL"):
        return SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            mechanism=options["sasl_mechanism"],
            ssl_context=options.get("ssl_context"),
        )
    return SSLCredentials(options["ssl_context"]) if security == "SSL" else None
