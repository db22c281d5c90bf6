from typing import Any

import pytest

from fraud_engines.policy.policy import DEFAULT_POLICY, Policy, load
from fraud_engines.testing import make_request


@pytest.fixture(scope="session")
def policy_body() -> bytes:
    return DEFAULT_POLICY.read_bytes()


@pytest.fixture(scope="session")
def policy(policy_body: bytes) -> Policy:
    return load(policy_body)


@pytest.fixture(name="make_request", scope="session")
def _make_request() -> Any:
    return make_request
