"""Which installation of Rewake this is."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, Field, field_validator

TAKEN: Final = ("-inbound", "-dispatcher")
"""What the names of an installation's other consumer groups end in; those of transactional ids follow the groups'."""


class Installation(BaseModel):
    """What all that belongs to it is named by."""

    app_id: str = Field(
        default="rewake",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="Name of this installation: group, transactional ids, changelog and Redis keys begin with it. Not "
        "one that ends in `-inbound` or `-dispatcher`: such are the other groups of an installation.",
    )

    @field_validator("app_id")
    @classmethod
    def _is_no_other_group(cls, app_id: str) -> str:
        for ending in TAKEN:
            if app_id.endswith(ending):
                raise ValueError(
                    f"ends in {ending}, as does a consumer group of the installation that is named without it: the two "
                    "would take each other's partitions and fence each other. Choose another name"
                )
        return app_id
