"""What the rules service answers about edited lists, snoozes and what rules did."""

from typing import Annotated, Literal

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, NonNegative
from fraud_shared.contracts.entries import Entry, ListName, Snooze
from fraud_shared.contracts.paging import Page, Query

Count = Annotated[int, Field(ge=0)]


class EndQuery(Query):
    """Why an entry or a snooze ends."""

    reason: Annotated[
        str | None,
        Field(min_length=1, max_length=256, description="Why.", examples=["mistaken"]),
    ] = None


class EditedListView(Contract):
    """One edited list, and how many entries it has in force."""

    list: ListName
    entries: Count


class EditedLists(Page[EditedListView]):
    """The edited lists."""


class Entries(Page[Entry]):
    """Entries of a list, newest first."""


class Snoozes(Page[Snooze]):
    """Snoozes, newest first."""


class RuleMetric(Contract):
    """What one rule did under the live version. `hit_rate`: hits over payments; `mean_us`:
    microseconds of one evaluation by itself, None until it was timed. Hits of the edited
    lists are those of `L-DENY-ACCOUNT` and so on."""

    rule: Identifier
    state: Literal["live", "shadow"]
    hits: Count
    hit_rate: NonNegative
    errors: Count
    mean_us: NonNegative | None


class RuleMetrics(Contract):
    """What every rule did, over all replicas, while this version has been live."""

    document: Identifier
    payments: Count
    items: list[RuleMetric]
