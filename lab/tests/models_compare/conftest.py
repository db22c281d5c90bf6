"""Recorded decisions with both scores."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_shared.contracts.decision import Decision, DecisionMade, PolicyContext
from fraud_shared.contracts.label import LabelReported
from fraud_shared.testing.factories import (
    make_rules,
    make_screening,
    make_signal,
    make_transaction,
    make_vector,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def policy():
    return load(DEFAULT_POLICY.read_bytes())


@pytest.fixture
def make_record():
    """A recorded decision; None for a score means that its model timed out."""
    numbers = itertools.count()

    def make(
        champion=0.001,
        challenger=0.001,
        *,
        account="acc-1",
        days_ago=40.0,
        amount_minor=10_000,
        rules=None,
        risk_model=None,
    ):
        transaction = make_transaction(
            transaction_id=f"tx-{next(numbers)}",
            account_id=account,
            amount_minor=amount_minor,
            occurred_at=(NOW - timedelta(days=days_ago)).isoformat(),
        )
        signals = tuple(
            make_signal(source, score)
            if score is not None
            else make_signal(source, None, outcome="timed_out")
            for source, score in (
                ("isolation_forest", 0.5),
                ("autoencoder", 0.5),
                ("xgboost", champion),
                ("lightgbm", challenger),
            )
        )
        context = PolicyContext(
            amount_ref_minor=amount_minor,
            velocity_known=True,
            history_payments=100,
            stand_in_count=0,
            stand_in_sum_minor=0,
            risk_model=risk_model,
        )
        decision = Decision.model_validate(
            {
                "decision_id": f"decision-{transaction.transaction_id}",
                "transaction_id": transaction.transaction_id,
                "decision": "APPROVE",
                "challenge": None,
                "challenge_id": None,
                "confidence": 1.0,
                "risk": champion,
                "expected_loss_minor": 0,
                "reason": "clear",
                "reasons": (),
                "rules_flag": rules.rules_flag if rules else "ALLOW",
                "if_score": None,
                "ae_error": None,
                "fraud_score": None,
                "rules": rules or make_rules(),
                "signals": signals,
                "screening": make_screening(),
                "actions": (),
                "action_status": "none",
                "degraded": (),
                "versions": {},
                "timings_ms": {},
                "trace_id": "0" * 32,
                "decided_at": NOW,
            },
            strict=False,
        )
        return DecisionMade(
            client="shop",
            decision=decision,
            transaction=transaction,
            features=make_vector(),
            context=context,
        )

    return make


@pytest.fixture
def report():
    """A label report about a record, under the key that cases look it up by."""

    def make(record, label="fraud", *, reversal=False, source="chargeback"):
        transaction_id = record.transaction.transaction_id
        found = LabelReported(
            transaction_id=transaction_id,
            label=label,
            source=source,
            reported_at=NOW,
            reversal=reversal,
            label_id=f"label-{transaction_id}-{label}-{reversal}",
        )
        return ("shop", transaction_id), found

    return make
