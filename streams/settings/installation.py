"""Which installation of Rewake this is."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Installation(BaseModel):
    """What all that belongs to it is named by."""

    app_id: str = Field(
        default="rewake",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="Name of this installation: group, transactional ids, changelog and Redis keys begin with it.",
    )
