# Generated from fraud_client/aio by unasync.py.
"""The synchronous client."""

from fraud_client.sync.client import FraudClient

__all__ = ["FraudClient"]
