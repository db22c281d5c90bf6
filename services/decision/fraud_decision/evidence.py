"""What a request holds as evidence, and what of it is missing."""

from dataclasses import dataclass, replace
from typing import Self

from fraud_shared.contracts.decision import DecideRequest
from fraud_shared.contracts.signal import ModelSource, Signal

# What screening says when a list is older than may be relied on.
STALE_LISTS = "SANCTIONS_STALE"


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
class PolicyEvidence:
    """One request as the policy sees it.

    `risk` is None when the risk model is missing; `anomalies` holds only the models
    that scored. `degraded` lists the reason codes of what is missing.
    """

    request: DecideRequest
    models: Models
    risk: float | None
    anomalies: dict[ModelSource, float]
    missing_models: tuple[ModelSource, ...]
    blocked: bool
    rules_known: bool
    rules_complete: bool
    degraded: tuple[str, ...]

    @classmethod
    def of(cls, request: DecideRequest, models: Models) -> Self:
        """Read a request; a signal that did not score is missing, never zero."""
        scores = _scores(request.signals)
        missing = tuple(name for name in models.names if name not in scores)
        rules = request.rules
        blocked = rules.rules_flag == "BLOCK" or any(
            hit.effect == "BLOCK" for hit in rules.hits
        )
        known = rules.outcome == "scored" and rules.rules_flag is not None
        return cls(
            request=request,
            models=models,
            risk=scores.get(models.risk),
            anomalies={name: scores[name] for name in models.anomaly if name in scores},
            missing_models=missing,
            blocked=blocked,
            rules_known=known,
            rules_complete=known and not rules.errors,
            degraded=_degraded(request, models, missing, blocked, known),
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


def _scores(signals: tuple[Signal, ...]) -> dict[ModelSource, float]:
    scores: dict[ModelSource, float] = {}
    for signal in signals:
        if signal.outcome == "scored" and signal.score is not None:
            scores[signal.source] = max(
                signal.score, scores.get(signal.source, signal.score)
            )
    return scores


def _degraded(
    request: DecideRequest,
    models: Models,
    missing: tuple[ModelSource, ...],
    blocked: bool,
    rules_known: bool,
) -> tuple[str, ...]:
    failed = list(missing)
    if blocked:
        # A BLOCK ends the request before the models are asked: no failure of theirs.
        broken = {
            signal.source
            for signal in request.signals
            if signal.outcome in ("timed_out", "failed")
        }
        failed = [name for name in missing if name in broken]
    codes: list[str] = []
    if len(failed) == len(models.names):
        codes.append("MODELS_UNAVAILABLE")
    else:
        codes.extend(f"MODEL_{name.upper()}_UNAVAILABLE" for name in failed)
    if not rules_known:
        codes.append("RULES_UNAVAILABLE")
    elif request.rules.errors:
        codes.append("RULES_INCOMPLETE")
    if not request.velocity_known:
        codes.append("VELOCITY_UNKNOWN")
    if request.screening.status == "unavailable":
        codes.append("SANCTIONS_UNAVAILABLE")
    elif request.screening.detail == STALE_LISTS:
        codes.append(STALE_LISTS)
    return tuple(codes)
