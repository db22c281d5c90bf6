"""The policy file: its shape, and what it must satisfy to be loaded."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from fraud_engines.policy.bands import Band, Bands
from fraud_engines.policy.costs import Costs
from fraud_engines.policy.exemptions import ExemptionsSection
from fraud_shared.contracts.action import ActionKind
from fraud_shared.contracts.base import (
    AmountMinor,
    Code,
    Contract,
    Identifier,
    Probability,
)
from fraud_shared.contracts.decision import Challenge, DecideRequest, Verdict
from fraud_shared.contracts.signal import ModelSource
from fraud_shared.contracts.transaction import Block, Channel, Digits4, Kind
from fraud_shared.documents import SourceError, line_of, parse

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


class DocumentError(ValueError):
    """The policy file cannot be loaded. `problems` are (place, what is wrong) pairs; what
    is wrong begins with the line where there is one."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{place}: {what}" for place, what in problems))
        self.problems = problems


class BandRow(Contract):
    """One band: its half-open lower end and the verdicts it allows."""

    model_config = ConfigDict(populate_by_name=True)

    lower: Annotated[Probability, Field(alias="from")]
    allow: Annotated[tuple[Verdict, ...], Field(min_length=1)]


class ModelsSection(Contract):
    """Who decides on risk and who reports anomalies. A challenger stands in neither."""

    risk: ModelSource
    anomaly: Annotated[tuple[ModelSource, ...], Field(min_length=1)]


class RiskSection(Contract):
    """Bands on the calibrated risk, and how far they tighten when a model is missing."""

    bands: tuple[BandRow, ...]
    tightened_by: Annotated[float, Field(gt=0.0, le=1.0)]


class AnomalySection(Contract):
    """Percentiles from which a payment is challenged: one model alone, all together,
    and any one of them while another model is missing."""

    alone: Probability
    together: Probability
    tightened: Probability

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.tightened <= self.together <= self.alone:
            raise ValueError("tightened <= together <= alone")
        return self


class FlagRow(Contract):
    """What a FLAG of one severity demands: from a risk, or always (`from_risk` 0)."""

    verdict: Verdict
    from_risk: Probability = 0.0


class SeveralRow(Contract):
    """What `count` flags of at least `severity` demand together."""

    count: Annotated[int, Field(ge=2)]
    severity: Severity
    verdict: Verdict


class FlagsSection(Contract):
    """What rule hits demand. `unnamed` is the severity of a FLAG that names no rule."""

    low: FlagRow
    medium: FlagRow
    high: FlagRow
    critical: FlagRow
    unnamed: Severity
    several: SeveralRow

    @model_validator(mode="after")
    def _never_milder(self) -> Self:
        ranks = [self.of(severity).verdict.severity for severity in SEVERITIES]
        if ranks != sorted(ranks):
            raise ValueError("a more severe flag may not demand less")
        return self

    def of(self, severity: Severity) -> FlagRow:
        """The row of one severity."""
        row: FlagRow = getattr(self, severity)
        return row


class ScreeningSection(Contract):
    """What a resemblance demands. `unavailable` is not here: it is always a review."""

    possible: Verdict
    match: Verdict

    @model_validator(mode="after")
    def _strict_enough(self) -> Self:
        if not 1 <= self.possible.severity <= self.match.severity:
            raise ValueError("possible is at least CHALLENGE, match at least possible")
        return self


class StandInSection(Contract):
    """When a payment may be approved without full evidence. Reference minor units."""

    amount_max_minor: AmountMinor
    known_after_payments: Annotated[int, Field(ge=1)]
    in_a_row_max: Annotated[int, Field(ge=0)]
    sum_max_minor: AmountMinor


class When(Contract):
    """Which payments a segment or a challenge is for; what is absent matches all."""

    kind: tuple[Kind, ...] = ()
    channel: tuple[Channel, ...] = ()
    mcc: tuple[Digits4, ...] = ()
    amount_from_minor: AmountMinor = 0
    amount_below_minor: AmountMinor | None = None

    def matches(self, request: DecideRequest) -> bool:
        """Amounts are half-open, in minor units of the reference currency."""
        amount = request.amount_ref_minor
        return (
            (not self.kind or request.kind in self.kind)
            and (not self.channel or request.channel in self.channel)
            and (not self.mcc or request.mcc in self.mcc)
            and amount >= self.amount_from_minor
            and (self.amount_below_minor is None or amount < self.amount_below_minor)
        )


class Segment(Contract):
    """Payments with bands of their own. The first segment that matches counts."""

    name: Identifier
    when: When
    bands: tuple[BandRow, ...]


class RequiredBlocksRow(Contract):
    """Blocks that these payments must bring. Every row that matches counts."""

    when: When
    blocks: Annotated[tuple[Block, ...], Field(min_length=1)]


class GapRow(Contract):
    """The mildest verdict for a payment without a block that it must bring: CHALLENGE and
    DECLINE, each from an amount, in minor units of the reference currency.

    `review`: only a person can answer it, so the challenge is a manual review.
    """

    challenge_from_minor: AmountMinor = 0
    decline_from_minor: AmountMinor
    review: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.challenge_from_minor > self.decline_from_minor:
            raise ValueError("challenge_from_minor <= decline_from_minor")
        return self

    def at(self, amount_minor: int) -> Verdict:
        """The mildest verdict at this amount."""
        if amount_minor >= self.decline_from_minor:
            return Verdict.DECLINE
        if amount_minor >= self.challenge_from_minor:
            return Verdict.CHALLENGE
        return Verdict.APPROVE


class AmountsSection(Contract):
    """Amounts that nobody has seen before, which are never plainly approved.

    An account is new below `known_after_payments` known payments, and where its mean is
    unknown. Amounts are minor units of the reference currency.
    """

    known_after_payments: Annotated[int, Field(ge=1)]
    new_account_max_minor: AmountMinor
    # The largest in 30 days, and so many times the mean before it; not below `from`.
    over_typical: Annotated[float, Field(ge=1.0)]
    over_typical_from_minor: AmountMinor
    # Above this no training data holds a payment.
    trained_max_minor: AmountMinor


class ChallengeRow(Contract):
    """Which challenge these payments get. The first row that matches counts."""

    when: When
    use: Challenge


class ActionWhen(Contract):
    """When actions are asked for; all that is named must hold."""

    verdict: tuple[Verdict, ...] = ()
    challenge: tuple[Challenge, ...] = ()
    reason: tuple[Code, ...] = ()
    rule: tuple[Identifier, ...] = ()
    weight_from: Probability = 0.0


class ActionRow(Contract):
    """Actions for a verdict, a challenge, a reason or a rule. Every row that matches
    counts."""

    when: ActionWhen
    do: Annotated[tuple[ActionKind, ...], Field(min_length=1)]


class ConfidenceSection(Contract):
    """How much of the picture each part is; the shares add up to 1."""

    risk: Probability
    anomaly: Probability
    rules: Probability
    screening: Probability
    velocity: Probability

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.risk + self.anomaly + self.rules + self.screening + self.velocity
        if abs(total - 1.0) > 1e-9:
            raise ValueError("the shares add up to 1")
        return self


class PolicyDocument(Contract):
    """A whole policy file."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    version: Annotated[int, Field(ge=1)]
    models: ModelsSection
    risk: RiskSection
    segments: tuple[Segment, ...] = ()
    required_blocks: tuple[RequiredBlocksRow, ...]
    gaps: dict[Block, GapRow]
    amounts: AmountsSection
    anomaly: AnomalySection
    flags: FlagsSection
    screening: ScreeningSection
    stand_in: StandInSection
    exemptions: ExemptionsSection = ExemptionsSection()
    costs: Costs
    challenges: Annotated[tuple[ChallengeRow, ...], Field(min_length=1)]
    confidence: ConfidenceSection
    actions: tuple[ActionRow, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = (self.models.risk, *self.models.anomaly)
        if len(set(names)) != len(names):
            raise ValueError("a model has one part in a policy")
        if self.challenges[-1].when != When():
            raise ValueError("the last challenge row matches every payment")
        segments = [segment.name for segment in self.segments]
        if len(set(segments)) != len(segments):
            raise ValueError("a segment name is used once")
        named = {block for row in self.required_blocks for block in row.blocks}
        if not named <= set(self.gaps):
            raise ValueError("every required block has a row in gaps")
        for rows in (self.risk.bands, *(segment.bands for segment in self.segments)):
            to_bands(rows)
        return self


def to_bands(rows: tuple[BandRow, ...]) -> Bands:
    """The rows as checked bands; `ValueError` says what is wrong with them."""
    return Bands([Band(row.lower, row.allow) for row in rows])


def read(body: bytes) -> PolicyDocument:
    """The checked document in a YAML or JSON text. Raises DocumentError."""
    try:
        return PolicyDocument.model_validate_json(parse(body))
    except SourceError as error:
        raise DocumentError((("body", str(error)),)) from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise DocumentError(
            tuple(
                (".".join(map(str, e["loc"])) or "body", _at(body, e["loc"]) + e["msg"])
                for e in found[:20]
            )
        ) from None


def _at(body: bytes, location: tuple[int | str, ...]) -> str:
    line = line_of(body, location)
    return "" if line is None else f"line {line}: "
