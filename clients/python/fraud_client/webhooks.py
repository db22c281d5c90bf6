"""Verification of what the mesh sends: Standard Webhooks (`webhook-id`, `webhook-timestamp`,
`webhook-signature`)."""

from collections.abc import Mapping, Sequence
from typing import Any

import standardwebhooks

from fraud_client.errors import FraudClientError


class WebhookInvalid(FraudClientError):
    """The signature is not ours, is missing, or is too old. Answer 400 and do nothing."""


def verify(
    secrets: str | Sequence[str], headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """The message in `body`, once its signature is found good.

    `secrets`: `whsec_…`, several while one is being replaced. `headers`: of the request, in
    any case. A message that is sent again has the `webhook-id` it had. Raises WebhookInvalid.
    """
    given = {name.lower(): value for name, value in headers.items()}
    for secret in [secrets] if isinstance(secrets, str) else secrets:
        try:
            found = standardwebhooks.Webhook(secret).verify(body.decode(), given)
        except (standardwebhooks.WebhookVerificationError, ValueError):
            continue
        if isinstance(found, dict):
            return found
    raise WebhookInvalid("no secret verifies this message")
