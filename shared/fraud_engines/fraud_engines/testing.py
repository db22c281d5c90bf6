"""Evidence for tests of the engines: ordinary by default, changed where it matters."""

from typing import Any

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_shared.contracts.decision import DecideRequest
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.testing.factories import make_rules, make_screening, make_signal

MODELS = ("isolation_forest", "autoencoder", "xgboost")
# An ordinary afternoon payment of a customer known for years, all of it seen before.
ORDINARY: dict[str, float] = {
    **dict.fromkeys(PAYMENT_FEATURES.names, 0.0),
    "amount_ref_minor": 4_250,
    "hour_of_day": 14,
    "is_card_payment": 1,
    "is_ecommerce": 1,
    "two_factor": 1,
    "days_since_password_change": 400,
    "seconds_since_login": 600,
    "account_count_24h": 1,
    "account_count_30d": 25,
    "history_payments": 900,
    "account_age_seconds": 6e7,
    "typical_amount": 4_000,
    "amount_over_typical": 1.06,
    "amount_over_max_30d": 0.4,
    "seconds_since_last_payment": 9e4,
    "beneficiary_age_seconds": 2_592_000,
}


def make_features(**overrides: float | None) -> FeatureVector:
    """The vector of an ordinary payment, with some features changed."""
    unknown = set(overrides) - set(PAYMENT_FEATURES.names)
    assert not unknown, unknown
    values = {**ORDINARY, **overrides}
    return FeatureVector(
        feature_set=PAYMENT_FEATURES.name,
        version=PAYMENT_FEATURES.version,
        hash=PAYMENT_FEATURES.hash,
        values=tuple(values[name] for name in PAYMENT_FEATURES.names),
    )


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
        "account_largest_minor": 100_000,
        "account_typical_minor": 4_000,
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
