"""The ruleset file: its shape."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from fraud_shared.contracts.base import Contract

State = Literal["draft", "shadow", "live"]
Effect = Literal["FLAG", "BLOCK"]
Severity = Literal["low", "medium", "high", "critical"]
ListName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$", max_length=40)
]


class RuleRow(Contract):
    """One rule.

    draft: type-checked only. shadow: evaluated and recorded, never acted on. live: acts.
    A snoozed rule is in shadow until then. `{field}` in the reason becomes the field's
    value on a hit.
    """

    id: Annotated[str, StringConstraints(pattern=r"^R-[0-9]{3,4}$")]
    version: Annotated[int, Field(ge=1)]
    state: State
    effect: Effect
    severity: Severity
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    when: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    snoozed_until: AwareDatetime | None = None


class ListRow(Contract):
    """A list of identifiers or codes; tokens for cards, never their numbers."""

    description: Annotated[str, StringConstraints(max_length=256)]
    entries: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=128)], ...],
        Field(max_length=100_000),
    ]


class RulesetDocument(Contract):
    """A whole ruleset file."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    version: Annotated[int, Field(ge=1)]
    lists: Annotated[dict[ListName, ListRow], Field(max_length=100)] = Field(
        default_factory=dict
    )
    rules: Annotated[tuple[RuleRow, ...], Field(min_length=1, max_length=1000)]
