"""What tests of the online store share: payments, the oracle, the contract suite."""

from fraud_features.testing.contract import OnlineStoreContract
from fraud_features.testing.oracle import Oracle
from fraud_features.testing.payments import START, payment, random_rows, transaction_of

__all__ = [
    "START",
    "OnlineStoreContract",
    "Oracle",
    "payment",
    "random_rows",
    "transaction_of",
]
