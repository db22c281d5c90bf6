"""Payments and records of decisions, with only the fields that matter to a test."""

import uuid
from datetime import UTC, datetime
from typing import Any

REASONS = {
    "APPROVE": ("ALL_CLEAR", "Nothing speaks against it", "policy"),
    "CHALLENGE": ("COST_CHALLENGE", "A challenge costs least in expectation", "policy"),
    "DECLINE": ("RULE_BLOCK", "A rule or a list blocks it", "rule"),
}
TIMINGS_MS = {
    "online": 1.2,
    "screening": 2.4,
    "rules": 1.9,
    "models": 6.1,
    "decision": 1.4,
    "commit": 2.0,
    "total": 12.8,
}
RISK = {"APPROVE": 0.004, "CHALLENGE": 0.31, "DECLINE": 0.93}


def payment(**fields: Any) -> dict[str, Any]:
    """A card payment as `POST /v1/score` takes it."""
    return {
        "transaction_id": f"t-{uuid.uuid4().hex[:12]}",
        "account_id": "acc-1",
        "amount_minor": 12_50,
        "currency": "EUR",
        "occurred_at": datetime.now(UTC).isoformat(),
        "kind": "card_payment",
        "channel": "ecommerce",
        **fields,
    }


def record(
    body: dict[str, Any], verdict: str, client: str, at: datetime
) -> dict[str, Any]:
    """What the decision log holds of a decided payment: a `DecisionMade`."""
    code, text, source = REASONS[verdict]
    transaction = {**body}
    for side in ("customer", "counterparty"):
        if transaction.get(side):
            transaction[side] = {**transaction[side], "name": None}
    decision = {
        "decision_id": f"d-{uuid.uuid4().hex}",
        "transaction_id": body["transaction_id"],
        "decision": verdict,
        "challenge": "otp" if verdict == "CHALLENGE" else None,
        "challenge_id": None,
        "confidence": 0.97,
        "risk": RISK[verdict],
        "expected_loss_minor": int(body["amount_minor"] * RISK[verdict]),
        "reason": text,
        "reasons": [{"code": code, "text": text, "source": source, "weight": 0.9}],
        "rules_flag": "BLOCK" if verdict == "DECLINE" else "ALLOW",
        "rules": _rules(verdict),
        "signals": [_signal("xgboost", RISK[verdict]), *_anomalies(RISK[verdict])],
        "screening": {"status": "clear", "hits": [], "lists": []},
        "actions": [],
        "action_status": "none",
        "degraded": [],
        "versions": {"ruleset": "rules@7", "policy": "policy@3", "xgboost": "1"},
        "timings_ms": dict(TIMINGS_MS),
        "trace_id": uuid.uuid4().hex,
        "decided_at": at.isoformat(),
    }
    return {
        "client": client,
        "decision": decision,
        "transaction": transaction,
        "features": {"names": [], "values": []},
        "context": {
            "amount_ref_minor": body["amount_minor"],
            "velocity_known": True,
            "history_payments": 42,
            "account_typical_minor": 2300,
            "account_largest_minor": 9100,
        },
    }


def _rules(verdict: str) -> dict[str, Any]:
    hit = {
        "rule": "R-014@7",
        "effect": "BLOCK",
        "severity": "high",
        "reason": "Three cards on one device within an hour",
    }
    return {
        "outcome": "scored",
        "rules_flag": "BLOCK" if verdict == "DECLINE" else "ALLOW",
        "ruleset": "rules@7",
        "hits": [hit] if verdict == "DECLINE" else [],
    }


def _signal(source: str, score: float) -> dict[str, Any]:
    values = ((1.9, 4.0), (1.1, 1.0), (-0.6, 812.0), (0.4, 3.0), (-0.2, 0.0))
    names = (
        "card_n_1h",
        "device_is_new",
        "account_age_days",
        "ip_distinct_cards_24h",
        "merchant_risk",
    )
    return {
        "source": source,
        "outcome": "scored",
        "score": score,
        "raw": {"fraud_score": score},
        "top_features": [
            {"feature": name, "value": value, "contribution": moved}
            for name, (moved, value) in zip(names, values, strict=True)
        ],
        "model": {"name": source, "version": "1", "hash": "a" * 64, "bundle": "b-1"},
        "elapsed_ms": 4.2,
    }


def _anomalies(score: float) -> list[dict[str, Any]]:
    return [
        {"source": name, "outcome": "scored", "score": min(1.0, 0.4 + score / 2)}
        for name in ("isolation_forest", "autoencoder")
    ]
