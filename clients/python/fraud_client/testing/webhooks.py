"""Webhooks as the mesh would send them."""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import standardwebhooks


def signed(
    secret: str,
    message: Mapping[str, Any],
    *,
    message_id: str | None = None,
    sent_at: datetime | None = None,
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a message signed with `secret` (`whsec_…`)."""
    name = message_id or f"msg_{uuid.uuid4().hex}"
    at = sent_at or datetime.now(UTC)
    body = json.dumps(message)
    signature = standardwebhooks.Webhook(secret).sign(name, at, body)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    return headers, body.encode()
