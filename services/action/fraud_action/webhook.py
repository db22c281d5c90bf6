"""Signed webhooks: how alerts and one-time codes leave, and the ports they leave by."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.transport import Transport

SIGNATURE = "x-fraud-signature"
ID = "x-fraud-delivery-id"


class DeliveryFailed(Exception):
    """Nobody confirmed the delivery. `kind` is safe to store and count."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class OtpMessage:
    """What the customer's channel needs. The code is not part of its `repr`."""

    challenge_id: str
    account_id: str
    transaction_id: str
    expires_at: datetime
    code: str = field(repr=False)


class OtpSender(Protocol):
    """Brings a code to the customer (SMS gateway, push, ...)."""

    async def send(self, message: OtpMessage) -> None:
        """Deliver once; raises DeliveryFailed."""


class AlertSender(Protocol):
    """Brings an alert to whoever watches."""

    async def send(self, alert_id: str, alert: dict[str, Any]) -> None:
        """Deliver once; raises DeliveryFailed."""


def signature(secret: bytes, sent_at: datetime, body: bytes) -> str:
    """`t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, the form Stripe made common.

    The time is signed too, so that a receiver can refuse old copies.
    """
    at = str(int(sent_at.timestamp()))
    digest = hmac.new(secret, at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Webhook:
    """POSTs signed JSON to one URL; anything but 2xx is a failure."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        secret: bytes,
        now: Callable[[], datetime],
        timeout_s: float,
    ) -> None:
        self._name = name
        self._transport = transport
        self._secret = secret
        self._now = now
        self._timeout_s = timeout_s

    async def post(self, delivery_id: str, document: dict[str, Any]) -> None:
        """Send one document; raises DeliveryFailed."""
        body = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
        headers = {
            "content-type": "application/json",
            ID: delivery_id,
            SIGNATURE: signature(self._secret, self._now(), body),
        }
        try:
            status, _ = await self._transport.send(
                self._name, "", body, headers, self._timeout_s
            )
        except DependencyError as error:
            raise DeliveryFailed(error.kind) from None
        if not 200 <= status < 300:
            raise DeliveryFailed(f"status_{status}")


class WebhookAlerts:
    """AlertSender over a webhook."""

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook

    async def send(self, alert_id: str, alert: dict[str, Any]) -> None:
        """Deliver once; raises DeliveryFailed."""
        await self._webhook.post(alert_id, {"kind": "alert", **alert})


class WebhookOtp:
    """OtpSender over a webhook."""

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook

    async def send(self, message: OtpMessage) -> None:
        """Deliver once; raises DeliveryFailed."""
        document = {
            "kind": "otp",
            "challenge_id": message.challenge_id,
            "account_id": message.account_id,
            "transaction_id": message.transaction_id,
            "expires_at": message.expires_at.isoformat(),
            "code": message.code,
        }
        await self._webhook.post(message.challenge_id, document)
