from typing import Any

import pytest

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_rules.ruleset import Ruleset, load
from fraud_rules.settings import DEFAULT_RULESET
from fraud_shared.contracts.features import FeatureVector

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


@pytest.fixture(name="make_features", scope="session")
def _make_features() -> Any:
    return make_features


@pytest.fixture(scope="session")
def ruleset_body() -> bytes:
    return DEFAULT_RULESET.read_bytes()


@pytest.fixture(scope="session")
def ruleset(ruleset_body: bytes) -> Ruleset:
    return load(ruleset_body, PAYMENT_FEATURES)
