"""Webhooks by Standard Webhooks: https://www.standardwebhooks.com."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime

import standardwebhooks

from fraud_action.connectors.http import Destination
from fraud_action.notifications import Notification


class WebhookSender:
    """POSTs `{type, timestamp, data}` to one URL, signed with every secret that is valid:
    while one is being replaced, a receiver may know either."""

    def __init__(
        self,
        destination: Destination,
        url: str,
        secrets: Sequence[str],
        now: Callable[[], datetime],
    ) -> None:
        self._destination = destination
        self._url = url
        self._keys = [standardwebhooks.Webhook(s) for s in secrets]
        self._now = now

    async def send(self, message: Notification) -> None:
        """Deliver once; raises DeliveryFailed."""
        document = {
            "type": message.type,
            "timestamp": message.at.isoformat(),
            "data": dict(message.data),
        }
        body = json.dumps(document, separators=(",", ":"))
        now = self._now()
        headers = {
            "content-type": "application/json",
            "webhook-id": message.id,
            # Of this attempt, so that a receiver can refuse old copies.
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(
                key.sign(message.id, now, body) for key in self._keys
            ),
        }
        await self._destination.ask("POST", self._url, headers, body.encode())
