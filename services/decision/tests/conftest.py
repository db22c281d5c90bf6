from typing import Any

import pytest

from fraud_decision.policy import Policy
from fraud_decision.service import load
from fraud_decision.settings import DEFAULT_POLICY
from fraud_shared.contracts.decision import DecideRequest
from fraud_shared.testing.factories import make_rules, make_screening, make_signal

MODELS = ("isolation_forest", "autoencoder", "xgboost")


def make_request(
    risk: float | None = 0.001,
    forest: float | None = 0.5,
    autoencoder: float | None = 0.5,
    **overrides: Any,
) -> DecideRequest:
    """A request with clean evidence; None for a score means its model timed out."""
    scores = dict(zip(MODELS, (forest, autoencoder, risk), strict=True))
    fields: dict[str, Any] = {
        "transaction_id": "tx-1",
        "account_id": "acc-1",
        "amount_minor": 4_000,
        "amount_ref_minor": 4_000,
        "currency": "EUR",
        "kind": "card_payment",
        "channel": "ecommerce",
        "mcc": "5411",
        "rules": make_rules(),
        "screening": make_screening(),
        "velocity_known": True,
        "history_payments": 100,
        "stand_in_count": 0,
        "stand_in_sum_minor": 0,
        "signals": tuple(
            make_signal(name, score)
            if score is not None
            else make_signal(name, None, outcome="timed_out")
            for name, score in scores.items()
        ),
    }
    return DecideRequest(**{**fields, **overrides})


@pytest.fixture(scope="session")
def policy_body() -> bytes:
    return DEFAULT_POLICY.read_bytes()


@pytest.fixture(scope="session")
def policy(policy_body: bytes) -> Policy:
    return load(policy_body)


@pytest.fixture(name="make_request", scope="session")
def _make_request() -> Any:
    return make_request
