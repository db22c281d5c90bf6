"""What a request holds as evidence, and what of it is missing."""

from dataclasses import dataclass, replace
from typing import Self

from fraud_shared.contracts.decision import DecideRequest
from fraud_shared.contracts.degraded import (
    DegradedCode,
    is_blocked,
    missing_codes,
    risk_stand_in,
    scored,
)
from fraud_shared.contracts.signal import ModelSource
from fraud_shared.contracts.transaction import Block


@dataclass(frozen=True, slots=True)
class Models:
    """Which model decides on risk and which report anomalies. No other has a say."""

    risk: ModelSource
    anomaly: tuple[ModelSource, ...]

    @property
    def names(self) -> tuple[ModelSource, ...]:
        """Every model whose absence counts."""
        return (self.risk, *self.anomaly)

    def led_by(self, risk: ModelSource | None) -> Self:
        """The same with another model deciding on risk, where one is named."""
        return self if risk is None else replace(self, risk=risk)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One request as the policy sees it.

    `risk` is that of `risk_source`: the model that decides on risk, or the challenger that
    stands in for it; None when neither scored. `anomalies` holds only the models that
    scored, `missing_blocks` the blocks that the policy asks of such a payment and that it
    does not bring. `degraded` lists the codes of what is missing.
    """

    request: DecideRequest
    models: Models
    risk: float | None
    risk_source: ModelSource
    anomalies: dict[ModelSource, float]
    missing_models: tuple[ModelSource, ...]
    missing_blocks: tuple[Block, ...]
    blocked: bool
    rules_known: bool
    rules_complete: bool
    degraded: tuple[DegradedCode, ...]

    @classmethod
    def of(
        cls,
        request: DecideRequest,
        models: Models,
        required_blocks: frozenset[Block] = frozenset(),
    ) -> Self:
        """Read a request; a signal that did not score is missing, never zero.

        The challenger's score is calibrated like the champion's, so a champion that is
        away leaves no gap where the challenger scored: it is only said.
        """
        scores = scored(request.signals)
        source = risk_stand_in(request, models.risk) or models.risk
        missing = tuple(
            name for name in (source, *models.anomaly) if name not in scores
        )
        blocks = tuple(b for b in request.absent_blocks if b in required_blocks)
        rules = request.rules
        known = rules.outcome == "scored" and rules.rules_flag is not None
        return cls(
            request=request,
            models=models,
            risk=scores.get(source),
            risk_source=source,
            anomalies={name: scores[name] for name in models.anomaly if name in scores},
            missing_models=missing,
            missing_blocks=blocks,
            blocked=is_blocked(rules),
            # Another ruleset than the service's may lack what that one would have said.
            rules_known=known and rules.failover != "differs",
            rules_complete=known and not rules.errors and rules.failover != "differs",
            degraded=missing_codes(request, models.names, blocks=blocks),
        )

    @property
    def all_models_missing(self) -> bool:
        """Nothing scored this payment."""
        return self.risk is None and not self.anomalies

    @property
    def rule_hit(self) -> bool:
        """Some live rule fired, however mild."""
        return bool(self.request.rules.hits) or self.request.rules.rules_flag in (
            "FLAG",
            "BLOCK",
        )
