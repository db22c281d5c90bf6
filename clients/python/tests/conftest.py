"""A fake gateway, and both clients on it."""

from collections.abc import Iterator

import pytest

from fraud_client import FraudClient
from fraud_client.retry import RetryPolicy
from fraud_client.testing import FakeGateway

AT_ONCE = RetryPolicy(draw=lambda: 0.0)


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
def client(gateway: FakeGateway) -> Iterator[FraudClient]:
    key = gateway.key("shop", ["score", "label", "read", "analyst", "rules", "models"])
    with FraudClient(
        "http://gateway", key, retry=AT_ONCE, transport=gateway.transport()
    ) as made:
        yield made
