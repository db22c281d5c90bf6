"""Datasets for training, as model owners list and export them."""

from typing import Annotated, Any

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, Instant, Sha256
from fraud_shared.contracts.paging import Query

NDJSON = "application/x-ndjson"
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Part(Contract):
    """One Parquet file of a dataset, by its path inside the version."""

    path: str = Field(
        description="Where it lies in the version.",
        examples=["day=2026-03-02/part-00000.parquet"],
    )
    rows: Annotated[int, Field(ge=0)] = Field(
        description="How many rows it has.", examples=[10_000]
    )
    sha256: Sha256 = Field(
        description="The SHA-256 of its bytes, in hex.", examples=[_HASH]
    )


class DatasetVersion(Contract):
    """`manifest.json`: what a version holds. `as_of` and days are event time."""

    version: Identifier = Field(
        description="The version.", examples=["20260302T000000Z-0123456789ab"]
    )
    as_of: Instant = Field(
        description="What was settled at this time is in it (RFC 3339, UTC).",
        examples=["2026-03-02T00:00:00Z"],
    )
    maturity_days: float = Field(
        description="After how many days without a report a payment counts as good.",
        examples=[7.0],
    )
    rows: Annotated[int, Field(ge=0)] = Field(
        description="How many payments are in it.", examples=[120_000]
    )
    fraud: Annotated[int, Field(ge=0)] = Field(
        description="How many of them were fraud.", examples=[840]
    )
    feature_set: Identifier = Field(
        description="The feature set of its columns.", examples=["payments"]
    )
    feature_version: Identifier = Field(
        description="The version of the feature set.", examples=["3"]
    )
    feature_hash: Sha256 = Field(
        description="The hash of the feature set.", examples=[_HASH]
    )
    first_day: str | None = Field(
        description="The first day with a payment (UTC).", examples=["2026-01-01"]
    )
    last_day: str | None = Field(
        description="The last day with a payment (UTC).", examples=["2026-03-01"]
    )
    parts: tuple[Part, ...] = Field(description="Its files, in order of time.")
    other_features: dict[str, int] = Field(
        description="Settled rows left out because they hold another feature set, by its "
        "hash.",
        examples=[{}],
    )
    written_at: Instant = Field(
        description="When it was written (RFC 3339, UTC).",
        examples=["2026-03-09T00:05:00Z"],
    )


class DatasetQuery(Query):
    """Which rows of a day."""

    version: Identifier | None = Field(
        default=None,
        description="Of this version; else of the newest that has the day.",
        examples=["20260302T000000Z-0123456789ab"],
    )
    limit: Annotated[int, Field(ge=1, le=5000)] = Field(
        default=1000, description="How many rows at most.", examples=[1000]
    )
    cursor: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="How many rows were read before: `next_cursor`, or the number of lines.",
        examples=[0],
    )


class DatasetRows(Contract):
    """Rows of one day: the columns of the decision, then `f_` and a feature's name."""

    version: Identifier = Field(
        description="The version they are of.",
        examples=["20260302T000000Z-0123456789ab"],
    )
    items: list[dict[str, Any]] = Field(
        description="The rows, in order of time.",
        examples=[[{"decision_id": "d-1", "label": 0, "f_amount": 12.5}]],
    )
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next rows; null at the end.",
        examples=["1000"],
    )
