"""A payment out of a model of the solver, and what the running engines say of it."""

import json
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import z3

from fraud_engines.policy.minimum_verdict import AMOUNT_FEATURE
from fraud_engines.policy.policy_schema import SEVERITIES, PolicyDocument
from fraud_engines.rules.fields import flat
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.algebra import Number, Text, Truth
from fraud_lab.rules.month import PATHS
from fraud_lab.rules.proof.cases import ALLOWED
from fraud_lab.rules.proof.formulas import Formulas
from fraud_lab.rules.verdicts import PolicyInput
from fraud_shared.contracts.decision import DecideRequest
from fraud_shared.contracts.degraded import DegradedCode
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.screening import ScreeningResult
from fraud_shared.contracts.signal import RuleHit, RulesResult, Signal
from fraud_shared.contracts.transaction import Transaction

_EXAMPLE = {"account_id": "acc-witness", "currency": "EUR", "kind": "transfer",
            "channel": "branch", "amount_minor": 0}  # fmt: skip


@dataclass(frozen=True)
class Witness:
    """One payment with all evidence, as the engines are given it."""

    payment: Transaction
    vector: FeatureVector
    # Without what the rules say, where rules are evaluated.
    request: DecideRequest
    # The paying account is on the allow list.
    allowed: bool = False

    def shown(self) -> dict[str, Any]:
        """What differs from nothing, for people: known fields and evidence."""
        own = {
            name: value if isinstance(value, int | str) else str(value)
            for name, value in flat(self.payment).items()
            if value is not None
        }
        names = PAYMENT_FEATURES.names
        features = {
            n: v
            for n, v in zip(names, self.vector.values, strict=True)
            if v is not None
        }
        request = self.request.model_dump(mode="json", exclude_defaults=True)
        request.pop("rules", None)
        found = {"payment": own, "features": features, "evidence": request}
        return found | (
            {"on_the_allow_list": own["account_id"]} if self.allowed else {}
        )


class Reading:
    """Values of one model."""

    def __init__(
        self, space: Formulas, model: Any, names: Container[str] | None = None
    ) -> None:
        self._space, self._model = space, model
        self.fields: dict[str, Any] = {}
        for name in tuple(space.parts):
            if names is None or name in names:
                self._read(name)

    def holds(self, mask: Any) -> bool:
        """Whether a formula holds."""
        return bool(z3.is_true(self._model.eval(mask, model_completion=True)))

    def number(self, term: Any) -> float | int:
        """A number; a fraction becomes the nearest double."""
        value = self._model.eval(term, model_completion=True)
        if z3.is_int_value(value):
            return int(value.as_long())
        if z3.is_algebraic_value(value):
            value = value.approx(30)
        return float(Fraction(value.numerator_as_long(), value.denominator_as_long()))

    def optional(self, number: Number) -> Any:
        """A number or None."""
        if number.known is not None and not self.holds(number.known):
            return None
        return self.number(number.value)

    def _read(self, name: str) -> None:
        part = self._space.parts[name]
        if not self.holds(z3.Bool(f"{name}?")):
            return
        if isinstance(part, Truth):
            self.fields[name] = self.holds(z3.Bool(name))
        elif isinstance(part, Text):
            self.fields[name] = self._space.texts.word(int(self.number(part.code)))
        else:
            self.fields[name] = self.number(part.value)


def witness(
    space: Formulas,
    model: Any,
    given: PolicyInput,
    policy: PolicyDocument,
    *,
    abstract_rules: bool,
    now: datetime,
) -> Witness:
    """The payment of a model. Raises ValueError where no payment can be like that."""
    read = Reading(space, model)
    payment = _payment(read.fields, now)
    vector = _vector(read.fields)
    rules = _rules(read, given) if abstract_rules else RulesResult(outcome="skipped")
    request = DecideRequest(
        transaction_id=payment.transaction_id,
        account_id=payment.account_id,
        amount_minor=payment.amount_minor,
        amount_ref_minor=int(read.number(given.amount)),
        currency=payment.currency,
        kind=payment.kind,
        channel=payment.channel,
        mcc=payment.merchant.mcc if payment.merchant else None,
        rules=rules,
        signals=tuple(_signals(read, given, policy)),
        screening=_screening(read, given),
        velocity_known=read.holds(given.velocity_known),
        velocity_lower_bound=read.holds(given.lower_bound),
        history_payments=read.optional(given.history),
        stand_in_count=read.optional(given.stand_in_count),
        stand_in_sum_minor=read.optional(given.stand_in_sum),
        absent_blocks=tuple(b for b, m in given.absent.items() if read.holds(m)),
        account_largest_minor=_amount(read.optional(given.largest)),
        account_typical_minor=_amount(read.optional(given.typical)),
    )
    return Witness(payment, vector, request, read.holds(ALLOWED))


def _amount(value: int | None) -> int | None:
    return None if value is None else min(value, 10**13)


def _payment(fields: dict[str, Any], now: datetime) -> Transaction:
    body: dict[str, Any] = {
        "transaction_id": "witness",
        "occurred_at": now.isoformat(),
        **_EXAMPLE,
    }
    long, short = fields.get("card_bin_8"), fields.get("card_bin")
    if long and short and not long.startswith(short):
        # A range that no rule names: any two digits more.
        long = f"{short}00"
    if long or short:
        body["card"] = {"bin": long or short}
    if (days := fields.get("beneficiary_days")) is not None:
        body["counterparty"] = {
            "first_used_at": (now - timedelta(days=days)).isoformat()
        }
    for name, path in PATHS.items():
        if name in fields:
            holder = body
            for step in path[:-1]:
                holder = holder.setdefault(step, {})
            holder[path[-1]] = fields[name]
    return Transaction.model_validate_json(json.dumps(body))


def _vector(fields: dict[str, Any]) -> FeatureVector:
    values = tuple(
        None if name not in fields else float(fields[name])
        for name in PAYMENT_FEATURES.names
    )
    return FeatureVector(
        feature_set=PAYMENT_FEATURES.name,
        version=PAYMENT_FEATURES.version,
        hash=PAYMENT_FEATURES.hash,
        values=values,
    )


def _signals(read: Reading, given: PolicyInput, policy: PolicyDocument) -> list[Signal]:
    models = (policy.models.risk, *policy.models.anomaly)
    beyond = read.holds(given.beyond)
    found = []
    for name, number in zip(models, (given.risk, *given.anomalies), strict=True):
        score = read.optional(number)
        odd: tuple[str, ...] = (AMOUNT_FEATURE,) if beyond else ()
        outcome: Any = "timed_out" if score is None else "scored"
        found.append(
            Signal(
                source=name,
                outcome=outcome,
                score=None if score is None else min(1.0, max(0.0, float(score))),
                ood_features=odd,
            )
        )
    return found


def _screening(read: Reading, given: PolicyInput) -> ScreeningResult:
    status: Any = next(s for s, mask in given.screening.items() if read.holds(mask))
    stale = DegradedCode.SANCTIONS_STALE.value if read.holds(given.stale) else None
    return ScreeningResult(status=status, detail=stale)


def _rules(read: Reading, given: PolicyInput) -> RulesResult:
    said = given.rules
    hits: list[RuleHit] = []

    def hit(effect: Any, severity: Any) -> None:
        hits.append(
            RuleHit(
                rule=f"R-{900 + len(hits)}@1",
                effect=effect,
                severity=severity,
                reason="supposed",
            )
        )

    for severity in SEVERITIES:
        masks = said.flags.by_severity[severity]  # type: ignore[attr-defined]
        for mask in masks:
            if read.holds(mask):
                hit("FLAG", severity)
    blocked = read.holds(said.blocked)
    if blocked:
        hit("BLOCK", "critical")
    flag: Any = "FLAG" if hits or read.holds(said.unnamed) else "ALLOW"
    answered, complete = read.holds(said.known), read.holds(said.complete)
    return RulesResult(
        outcome="scored",
        rules_flag="BLOCK" if blocked else flag,
        hits=tuple(hits),
        errors=("R-999@1",) if answered and not complete else (),
        failover=None if answered else "differs",
    )
