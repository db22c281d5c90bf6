from typing import Any

import pytest

from fraud_engines.rules.ruleset import DEFAULT_RULESET, Ruleset, load
from fraud_engines.testing import make_features
from fraud_features.definitions.registry import PAYMENT_FEATURES


@pytest.fixture(name="make_features", scope="session")
def _make_features() -> Any:
    return make_features


@pytest.fixture(scope="session")
def ruleset_body() -> bytes:
    return DEFAULT_RULESET.read_bytes()


@pytest.fixture(scope="session")
def ruleset(ruleset_body: bytes) -> Ruleset:
    return load(ruleset_body, PAYMENT_FEATURES)
