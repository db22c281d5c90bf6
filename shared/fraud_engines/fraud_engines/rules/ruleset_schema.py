"""The ruleset file: its shape."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from fraud_engines.rules.bounds import MAX_ENTRIES, MAX_SOURCE
from fraud_shared.contracts.base import Contract, Identifier, Probability, Text

State = Literal["draft", "shadow", "live"]
Effect = Literal["FLAG", "BLOCK"]
Severity = Literal["low", "medium", "high", "critical"]
Tier = Literal["hard", "soft"]
ListName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$", max_length=40)
]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


class HitRate(Contract):
    """The band a rule's share of hits stays in, as its backtest found: `[lower, upper]`."""

    lower: Probability = 0.0
    upper: Probability = 1.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.lower > self.upper:
            raise ValueError("lower <= upper")
        return self


class RuleRow(Contract):
    """One rule.

    draft: type-checked only. shadow: evaluated and recorded, never acted on. live: acts.
    A snoozed rule is in shadow until then, and so is one before `valid_from` and from
    `valid_until` on. `tier: hard`: an allow list or a snooze does not override it.
    `on_error`: what it does on a payment on which it fails. `{field}` in the reason becomes
    the field's value on a hit.
    """

    id: Annotated[str, StringConstraints(pattern=r"^R-[0-9]{3,4}$")]
    version: Annotated[int, Field(ge=1)]
    title: Text | None = None
    state: State
    effect: Effect
    severity: Severity
    tier: Tier = "soft"
    on_error: Effect = "FLAG"
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    when: Annotated[str, StringConstraints(min_length=1, max_length=MAX_SOURCE)]
    owner: Identifier | None = None
    tags: Annotated[tuple[Tag, ...], Field(max_length=20)] = ()
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    snoozed_until: AwareDatetime | None = None
    expected_hit_rate: HitRate | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.tier == "hard" and self.effect != "BLOCK":
            raise ValueError("only a BLOCK can be hard")
        if self.tier == "hard" and self.snoozed_until is not None:
            raise ValueError("a hard rule is not snoozed")
        if self.on_error == "BLOCK" and self.effect != "BLOCK":
            raise ValueError("a rule that flags does not block when it fails")
        if None not in (self.valid_from, self.valid_until):
            assert self.valid_from is not None
            assert self.valid_until is not None
            if self.valid_from >= self.valid_until:
                raise ValueError("valid_from < valid_until")
        return self


class ListRow(Contract):
    """A list of identifiers or codes; tokens for cards, never their numbers."""

    description: Annotated[str, StringConstraints(max_length=256)]
    entries: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=128)], ...],
        Field(max_length=MAX_ENTRIES),
    ]


class RulesetDocument(Contract):
    """A whole ruleset file."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    version: Annotated[int, Field(ge=1)]
    lists: Annotated[dict[ListName, ListRow], Field(max_length=100)] = Field(
        default_factory=dict
    )
    rules: Annotated[tuple[RuleRow, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if sum(len(row.entries) for row in self.lists.values()) > MAX_ENTRIES:
            raise ValueError(f"lists hold at most {MAX_ENTRIES} entries together")
        return self
