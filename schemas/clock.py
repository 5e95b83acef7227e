"""The loader's marker on the topics that hold the clock."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from schemas.fields import Contract, EventId, OccurredAt, example
from schemas.instants import parse_rfc3339


class ClockAdvanced(Contract):
    """Time has reached `occurred_at` on this partition. Loaders write it to every partition of the topics that hold
    the clock; it is ignored on the wall clock. No storefront needs it."""

    model_config = ConfigDict(
        json_schema_extra=example(type="ClockAdvanced", event_id="clock-1", occurred_at="2026-11-24T00:00:00Z")
    )

    type: Literal["ClockAdvanced"]
    event_id: EventId
    occurred_at: OccurredAt

    @property
    def at(self) -> int:
        """`occurred_at` in microseconds since 1970-01-01T00:00:00Z."""
        return parse_rfc3339(self.occurred_at)
