"""A policy over columns: of a simulated month, or of recorded decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import polars as pl

from fraud_engines.policy.evidence import Evidence, Models
from fraud_engines.policy.minimum_verdict import AMOUNT_FEATURE
from fraud_engines.policy.policy_schema import PolicyDocument, Severity
from fraud_engines.rules.expression import FieldType
from fraud_lab.rules.algebra import Number
from fraud_lab.rules.columns import Columns, Flags
from fraud_lab.rules.in_bulk import Applied
from fraud_lab.rules.month import BLOCKS
from fraud_lab.rules.verdicts import PolicyInput, PolicyVerdicts, RulesSaid
from fraud_shared.contracts.decision import DecideRequest
from fraud_shared.contracts.degraded import DegradedCode
from fraud_shared.contracts.screening import ScreeningStatus

_TEXTS: dict[str, FieldType] = {"kind": "string", "channel": "string", "mcc": "string"}
STATUSES: tuple[ScreeningStatus, ...] = get_args(ScreeningStatus)
Verdicts = np.ndarray


@dataclass(frozen=True)
class Counts:
    """FLAG hits of each payment by severity."""

    by_severity: Mapping[str, np.ndarray]

    def at_least(self, count: int, severities: Sequence[Severity]) -> Flags:
        """Where so many hits have one of these severities."""
        total = sum(self.by_severity[severity] for severity in severities)
        found: Flags = np.asarray(total >= count)
        return found


@dataclass(frozen=True)
class Given:
    """What a policy is given, by column, before any policy is."""

    texts: pl.DataFrame
    given: PolicyInput
    # Scores by model, where the policy's own models are looked up.
    scores: Mapping[str, Number]
    beyond: Mapping[str, Flags]

    @property
    def height(self) -> int:
        """How many payments."""
        return self.texts.height

    def verdicts(self, document: PolicyDocument) -> Verdicts:
        """The severity of the policy's verdict on each payment: 0, 1, 2."""
        columns = Columns(self.texts, _TEXTS, texts=_constants(document))
        kind, channel, mcc = (columns.field(name) for name in _TEXTS)
        models = document.models
        beyond = np.zeros(self.height, dtype=np.bool_)
        for name in (models.risk, *models.anomaly):
            beyond |= self.beyond[name]
        mine: Any = {"kind": kind, "channel": channel, "mcc": mcc}
        given = replace(
            self.given,
            **mine,
            risk=self.scores[models.risk],
            anomalies=tuple(self.scores[name] for name in models.anomaly),
            beyond=beyond,
        )
        found = PolicyVerdicts(document, columns).of(given)
        severity: np.ndarray = found.challenge.astype(np.int8) + found.decline.astype(
            np.int8
        )
        return severity

    def with_rules(self, applied: Mapping[str, np.ndarray]) -> "Given":
        """The same with what other rules said: the counts of `Applied.counted`."""
        return replace(self, given=replace(self.given, rules=rules_said(applied)))


def rules_said(counted: Mapping[str, np.ndarray]) -> RulesSaid:
    """What rules that answered said."""
    no = np.zeros(len(counted["blocked"]), dtype=np.bool_)
    return RulesSaid(
        blocked=counted["blocked"],
        flags=Counts(counted),
        unnamed=no,
        known=~no,
        complete=~counted["errors"],
    )


def of_month(frame: pl.DataFrame, rules: Applied | None) -> Given:
    """A simulated month as the gateway would have known it: every service answered, and a
    sanctioned counterparty was found. Without rules none ever hits."""
    height = frame.height
    no, yes = np.zeros(height, dtype=np.bool_), np.ones(height, dtype=np.bool_)
    listed = (frame["scenario"] == "sanctioned_counterparty").fill_null(value=False)
    match = listed.to_numpy()
    screening = {status: no for status in STATUSES}
    zeros = np.zeros(height, dtype=np.int64)
    counted = rules.counted() if rules is not None else nothing_said(height)
    scores = {
        name.removeprefix("score_"): _number(frame[name])
        for name in frame.columns
        if name.startswith("score_")
    }
    anything: Any = None
    given = PolicyInput(
        kind=anything,
        channel=anything,
        mcc=anything,
        amount=frame["ref_minor"].to_numpy(),
        risk=anything,
        anomalies=(),
        beyond=no,
        rules=rules_said(counted),
        screening={**screening, "match": match, "clear": ~match},
        stale=no,
        velocity_known=yes,
        lower_bound=no,
        history=_whole(frame["history_payments"]),
        largest=_whole(frame["account_max_30d"]),
        typical=_whole(frame["typical_amount"]),
        stand_in_count=Number("int", zeros),
        stand_in_sum=Number("int", zeros),
        absent={block: frame[f"absent_{block}"].to_numpy() for block in BLOCKS},
    )
    beyond = {name: frame[f"beyond_{name}"].to_numpy() for name in scores}
    return Given(frame.select(list(_TEXTS)), given, scores, beyond)


def nothing_said(height: int) -> dict[str, np.ndarray]:
    """The counts of rules of which none hit."""
    zeros = np.zeros(height, dtype=np.int64)
    no = np.zeros(height, dtype=np.bool_)
    flags = dict.fromkeys(("low", "medium", "high", "critical"), zeros)
    return {"blocked": no, "errors": no, **flags}


def of_requests(requests: Sequence[DecideRequest], document: PolicyDocument) -> Given:
    """Recorded questions to a policy, for policies with the same models."""
    models = Models(document.models.risk, document.models.anomaly)
    rows = [Evidence.of(r, models.led_by(r.risk_model)) for r in requests]
    texts = pl.DataFrame(
        {
            "kind": [r.kind for r in requests],
            "channel": [r.channel for r in requests],
            "mcc": [r.mcc for r in requests],
        },
        schema=dict.fromkeys(_TEXTS, pl.String),
    )
    scores: dict[str, Number] = {
        models.risk: _optional([e.risk for e in rows], "double")
    }
    for name in models.anomaly:
        values = [e.anomalies.get(name) for e in rows]
        scores[name] = _optional(values, "double")
    beyond = _flags([_beyond(e) for e in rows])
    by_model: dict[str, Flags] = dict.fromkeys(scores, beyond)
    return Given(texts, _input(requests, rows), scores, by_model)


def _input(requests: Sequence[DecideRequest], rows: Sequence[Evidence]) -> PolicyInput:
    anything: Any = None
    return PolicyInput(
        kind=anything,
        channel=anything,
        mcc=anything,
        amount=np.array([r.amount_ref_minor for r in requests], dtype=np.int64),
        risk=anything,
        anomalies=(),
        beyond=anything,
        rules=_recorded_rules(requests, rows),
        screening={
            status: _flags([r.screening.status == status for r in requests])
            for status in STATUSES
        },
        stale=_flags(
            [r.screening.detail == DegradedCode.SANCTIONS_STALE for r in requests]
        ),
        velocity_known=_flags([r.velocity_known for r in requests]),
        lower_bound=_flags([r.velocity_lower_bound for r in requests]),
        history=_optional([r.history_payments for r in requests]),
        largest=_optional([r.account_largest_minor for r in requests]),
        typical=_optional([r.account_typical_minor for r in requests]),
        stand_in_count=_optional([r.stand_in_count for r in requests]),
        stand_in_sum=_optional([r.stand_in_sum_minor for r in requests]),
        absent={
            block: _flags([block in r.absent_blocks for r in requests])
            for block in BLOCKS
        },
    )


def _recorded_rules(
    requests: Sequence[DecideRequest], rows: Sequence[Evidence]
) -> RulesSaid:
    flags = {
        severity: np.array(
            [
                sum(h.effect == "FLAG" and h.severity == severity for h in r.rules.hits)
                for r in requests
            ]
        )
        for severity in ("low", "medium", "high", "critical")
    }
    return RulesSaid(
        blocked=_flags([e.blocked for e in rows]),
        flags=Counts(flags),
        unnamed=_flags(
            [r.rules.rules_flag == "FLAG" and not r.rules.hits for r in requests]
        ),
        known=_flags([e.rules_known for e in rows]),
        complete=_flags([e.rules_complete for e in rows]),
    )


def _beyond(evidence: Evidence) -> bool:
    names = (evidence.risk_source, *evidence.models.anomaly)
    return any(
        AMOUNT_FEATURE in signal.ood_features
        for signal in evidence.request.signals
        if signal.source in names
    )


def _constants(document: PolicyDocument) -> set[str]:
    whens = [s.when for s in document.segments]
    whens += [row.when for row in document.required_blocks]
    return {text for w in whens for text in (*w.kind, *w.channel, *w.mcc)}


def _flags(values: Sequence[bool]) -> Flags:
    return np.array(values, dtype=np.bool_)


def _optional(values: Sequence[float | None], kind: Any = "int") -> Number:
    known = _flags([value is not None for value in values])
    dtype = np.int64 if kind == "int" else np.float64
    filled = [0 if value is None else value for value in values]
    return Number(kind, np.array(filled, dtype=dtype), known)


def _number(column: pl.Series) -> Number:
    return Number(
        "double", column.fill_null(0.0).to_numpy(), column.is_not_null().to_numpy()
    )


def _whole(column: pl.Series) -> Number:
    return Number(
        "int",
        column.fill_null(0).cast(pl.Int64).to_numpy(),
        column.is_not_null().to_numpy(),
    )
