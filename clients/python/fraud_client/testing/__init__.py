"""For tests of what uses this client: a gateway in memory, and signed webhooks."""

from fraud_client.testing.gateway import FakeGateway
from fraud_client.testing.payments import payment, record
from fraud_client.testing.webhooks import signed

__all__ = ["FakeGateway", "payment", "record", "signed"]
