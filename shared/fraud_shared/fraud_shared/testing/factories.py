"""Messages for tests: valid by default, with only the fields that matter overridden."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from fraud_shared.contracts.decision import Decision, DecisionMade, PolicyContext
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.screening import ScreeningResult
from fraud_shared.contracts.signal import ModelRef, RulesResult, Signal
from fraud_shared.contracts.transaction import Transaction, TransactionIn

_numbers = count(1)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def payment_body(**overrides: Any) -> dict[str, Any]:
    """A JSON-ready body of `POST /score`; nested dicts are merged, None removes."""
    number = next(_numbers)
    body: dict[str, Any] = {
        "transaction_id": f"tx-{number}",
        "account_id": "acc-1",
        "amount_minor": 4_250,
        "currency": "EUR",
        "occurred_at": NOON.isoformat(),
        "kind": "card_payment",
        "channel": "ecommerce",
        "card": {"token": "card-1", "bin": "400000", "last4": "0002"},
        "merchant": {
            "merchant_id": "mer-1",
            "terminal_id": "ter-1",
            "mcc": "5411",
            "country": "FR",
        },
        "device": {"device_id": "dev-1", "ip": "203.0.113.7"},
        "location": {"lat": 48.85, "lon": 2.35, "country": "FR", "city": "Paris"},
        "session": {"is_new_device": False, "two_factor": True},
        "customer": {"name": "Alix Moreau", "country": "FR"},
    }
    return _merged(body, overrides)


def make_transaction_in(**overrides: Any) -> TransactionIn:
    """A payment as it arrives at the gateway."""
    return TransactionIn.model_validate_json(_json(payment_body(**overrides)))


def make_transaction(**overrides: Any) -> Transaction:
    """A payment inside the mesh."""
    return Transaction.model_validate_json(_json(payment_body(**overrides)))


def make_model(source: str = "xgboost") -> ModelRef:
    """A model reference."""
    return ModelRef(name=source, version="1", hash="0" * 64, bundle="test")


def make_signal(
    source: Any = "xgboost", score: float | None = 0.01, **overrides: Any
) -> Signal:
    """A scored signal, or one that is missing when `outcome` says so."""
    fields: dict[str, Any] = {
        "source": source,
        "outcome": "scored",
        "score": score,
        "raw": {"fraud_score": score} if score is not None else {},
        "model": make_model(source),
        "elapsed_ms": 1.0,
    }
    return Signal(**{**fields, **overrides})


def missing_signal(source: Any = "xgboost", outcome: Any = "timed_out") -> Signal:
    """A signal that did not come."""
    return Signal(source=source, outcome=outcome)


def make_rules(**overrides: Any) -> RulesResult:
    """Rules that let the payment pass."""
    fields: dict[str, Any] = {
        "outcome": "scored",
        "rules_flag": "ALLOW",
        "ruleset": "test@1",
        "elapsed_ms": 0.2,
    }
    return RulesResult(**{**fields, **overrides})


def make_screening(**overrides: Any) -> ScreeningResult:
    """A clear screening."""
    return ScreeningResult(**{"status": "clear", **overrides})


def make_vector(values: tuple[float | None, ...] = (1.0, 2.0)) -> FeatureVector:
    """A feature vector of a test registry."""
    return FeatureVector(feature_set="test", version="1", hash="0" * 64, values=values)


def make_decision_made(
    decision_id: str,
    transaction_id: str,
    *,
    client: str = "shop",
    values: tuple[float | None, ...] = (1.0, None),
    verdict: str = "APPROVE",
    **payment: Any,
) -> DecisionMade:
    """A recorded decision about a payment that `payment` says more of."""
    transaction = make_transaction(transaction_id=transaction_id, **payment)
    decision = Decision.model_validate(
        {
            "decision_id": decision_id,
            "transaction_id": transaction_id,
            "decision": verdict,
            "challenge": None,
            "challenge_id": None,
            "confidence": 0.9,
            "risk": 0.02,
            "expected_loss_minor": 10,
            "reason": "no reason",
            "reasons": (),
            "rules_flag": "ALLOW",
            "if_score": 0.1,
            "ae_error": 0.2,
            "fraud_score": 0.3,
            "rules": make_rules(),
            "signals": (),
            "screening": make_screening(),
            "actions": (),
            "action_status": "none",
            "degraded": ("MODEL_XGBOOST_UNAVAILABLE",),
            "versions": {"policy": "bank@1"},
            "timings_ms": {},
            "trace_id": "0" * 32,
            "decided_at": transaction.occurred_at,
        },
        strict=False,
    )
    return DecisionMade(
        client=client,
        decision=decision,
        transaction=transaction,
        features=make_vector(values),
        context=PolicyContext(
            amount_ref_minor=transaction.amount_minor,
            velocity_known=True,
            history_payments=3,
            stand_in_count=0,
            stand_in_sum_minor=0,
        ),
    )


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = value.isoformat() if isinstance(value, datetime) else value
    return result


def _json(body: dict[str, Any]) -> str:
    return json.dumps(body)
