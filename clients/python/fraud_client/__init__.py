"""Client of the fraud mesh: score payments, report labels, work cases, change rules.

with FraudClient("https://gateway.example", key) as client:
    decision = client.payments.score(payment)
"""

from fraud_client.aio.client import AsyncFraudClient
from fraud_client.aio.client import every as aevery
from fraud_client.errors import (
    ApiError,
    BadRequest,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    FieldError,
    Forbidden,
    FraudClientError,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    RateLimited,
    ServerError,
    Unavailable,
    UnexpectedReply,
)
from fraud_client.retry import NEVER, RetryPolicy
from fraud_client.sync.client import FraudClient, every
from fraud_client.webhooks import WebhookInvalid

__all__ = [
    "NEVER",
    "ApiError",
    "AsyncFraudClient",
    "BadRequest",
    "Conflict",
    "ConnectionFailed",
    "DeadlineExceeded",
    "FieldError",
    "Forbidden",
    "FraudClient",
    "FraudClientError",
    "InvalidInput",
    "NotAuthenticated",
    "NotFound",
    "RateLimited",
    "RetryPolicy",
    "ServerError",
    "Unavailable",
    "UnexpectedReply",
    "WebhookInvalid",
    "aevery",
    "every",
]
