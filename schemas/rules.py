"""Published rules: topic `rules`, compacted. Versions under `shop_id:rule:version`, pointers under `shop_id:rule`;
those of a shop's settings under `shop_id::version` and `shop_id:`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from schemas.commands import Rule
from schemas.fields import Contract, Id, Shop, Text, Timestamp, example

Document = Annotated[str, Field(strict=True, max_length=200_000)]
Version = Annotated[Id, Field(description="Hash of the rule's content.", examples=["b1946ac92492d234"])]
SettingsVersion = Annotated[Id, Field(description="Hash of the settings' content.", examples=["0f343b0931126a20"])]
PublishedAt = Annotated[Timestamp, Field(description="When it was written.")]
EffectiveAt = Annotated[Timestamp, Field(description="Event time from which it holds.")]

Migrate = Literal["continue", "restart", "stop"]
"""What becomes of journeys that run when a rule's version is followed by another."""


class RuleVersion(Contract):
    """One version of one rule, with everything that it meant when it was published. Never changes."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="RuleVersion", shop_id="main", rule="abandoned-cart", version="b1946ac92492d234",
            published_at="2026-11-01T08:59:00Z",
            source="rule: abandoned-cart\ntrigger:\n  cart_abandoned: {idle: 60m}\n",
            audiences={}, shop="id: main\n",
        )
    )  # fmt: skip

    type: Literal["RuleVersion"]
    shop_id: Shop
    rule: Rule
    version: Version
    published_at: PublishedAt
    source: Annotated[Document, Field(description="The rule's YAML.")]
    audiences: Annotated[
        dict[Text, Document],
        Field(description="The named audiences that it and the shop's segments used, name to YAML."),
    ] = {}
    shop: Annotated[Document | None, Field(description="The shop's settings that it used, YAML.")] = None


class Appointment(Contract):
    """From when a version is in force."""

    model_config = ConfigDict(
        json_schema_extra=example(version="b1946ac92492d234", effective_at="2026-11-01T09:00:00Z")
    )

    version: Annotated[Version | None, Field(description="null: the rule is withdrawn from then on.")]
    effective_at: EffectiveAt
    migrate: Annotated[
        Migrate,
        Field(
            description="What becomes of journeys that run under the version before. continue: each goes on under its "
            "own; restart: it begins anew under this one, at the first step; stop: it ends. Those of a rule that is "
            "withdrawn end."
        ),
    ] = "continue"


class RulePointer(Contract):
    """Which version of a rule is in force when: its whole history, so that old events meet the rules of their day."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="RulePointer", shop_id="main", rule="abandoned-cart",
            history=[{"version": "b1946ac92492d234", "effective_at": "2026-11-01T09:00:00Z"}],
        )
    )  # fmt: skip

    type: Literal["RulePointer"]
    shop_id: Shop
    rule: Rule
    history: Annotated[
        list[Appointment],
        Field(
            min_length=1, max_length=10_000, description="In order of `effective_at`; before the first no rule holds."
        ),
    ]


class ShopVersion(Contract):
    """One version of a shop's settings: `shop.yaml` and the named audiences. Never changes."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="ShopVersion", shop_id="main", version="0f343b0931126a20", published_at="2026-11-01T08:59:00Z",
            source="name: Tea House\ntime_zone: Europe/Moscow\n", audiences={},
        )
    )  # fmt: skip

    type: Literal["ShopVersion"]
    shop_id: Shop
    version: SettingsVersion
    published_at: PublishedAt
    source: Annotated[Document, Field(description="The settings, YAML.")]
    audiences: Annotated[dict[Text, Document], Field(description="All named audiences of the shop, name to YAML.")] = {}


class ShopAppointment(Contract):
    """From when settings hold."""

    model_config = ConfigDict(
        json_schema_extra=example(version="0f343b0931126a20", effective_at="2026-11-01T09:00:00Z")
    )

    version: SettingsVersion
    effective_at: EffectiveAt


class ShopPointer(Contract):
    """Which of a shop's settings hold when, for what all its rules share: caps, quiet hours, budgets."""

    model_config = ConfigDict(
        json_schema_extra=example(
            type="ShopPointer", shop_id="main",
            history=[{"version": "0f343b0931126a20", "effective_at": "2026-11-01T09:00:00Z"}],
        )
    )  # fmt: skip

    type: Literal["ShopPointer"]
    shop_id: Shop
    history: Annotated[
        list[ShopAppointment],
        Field(
            min_length=1, max_length=10_000,
            description="In order of `effective_at`; before the first the shop has no settings of its own.",
        ),
    ]  # fmt: skip
