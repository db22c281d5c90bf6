"""Queries and pages of lists: `?limit=&cursor=`, answered by `items` and `next_cursor`."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from fraud_shared.contracts.base import Contract

MOST = 500
T = TypeVar("T")


class Query(BaseModel):
    """The query of a public route: what it does not declare is refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


class PageQuery(Query):
    """The query of a list: how many at most, and where to go on."""

    limit: Annotated[
        int, Field(ge=1, le=MOST, description="How many at most.", examples=[100])
    ] = 100
    cursor: Annotated[
        str | None,
        Field(
            max_length=512,
            pattern=r"^[A-Za-z0-9_-]+$",
            description="Where to go on: `next_cursor` of the page before.",
        ),
    ] = None


class Page(Contract, Generic[T]):
    """Some of a list, and where the rest begins."""

    items: list[T] = Field(description="The items of this page, in order.")
    next_cursor: str | None = Field(
        default=None,
        description="Send it as `cursor` for the next page; null at the end.",
    )
