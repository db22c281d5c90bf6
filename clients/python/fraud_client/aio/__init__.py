"""The asynchronous client. `fraud_client.sync` is generated from this package."""

from fraud_client.aio.client import AsyncFraudClient

__all__ = ["AsyncFraudClient"]
