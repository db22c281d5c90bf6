"""How far known parties are screened against list updates."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_TIME = "2026-12-01T09:30:00Z"


class RescreeningView(BaseModel):
    """One list update that known parties are screened against."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    list_id: str = Field(description="The sanctions list.", examples=["ofac_sdn"])
    version: str = Field(description="Its new version.", examples=["2026-12-01"])
    received_at: Annotated[
        datetime,
        Field(
            serialization_alias="heard_at",
            description="When the update was announced (RFC 3339, UTC).",
            examples=[_TIME],
        ),
    ]
    begun_at: datetime | None = Field(
        description="When screening began; null before.", examples=[_TIME]
    )
    done_at: datetime | None = Field(
        description="When all parties were screened; null before.", examples=[_TIME]
    )
    screened: int = Field(description="How many parties are done.", examples=[812])
    cases: int = Field(
        description="How many new hits there were: each became a case.", examples=[1]
    )


class RescreeningsView(BaseModel):
    """Rescreenings, newest first, at most 100."""

    model_config = ConfigDict(frozen=True)

    backlog: int = Field(
        description="How many parties are still to be screened.", examples=[0]
    )
    rescreenings: tuple[RescreeningView, ...] = Field(description="The list updates.")
