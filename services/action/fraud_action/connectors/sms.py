"""Text messages by the HTTP interface of a provider; its form is a setting."""

import json
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

from fraud_action.connectors.contacts import Recipients
from fraud_action.connectors.http import Destination
from fraud_action.notifications import Notification


class SmsSender:
    """POSTs one request a recipient: `fields` with `{to}`, `{text}` and `{id}` filled in,
    as JSON or as a form. A repeat has the same `Idempotency-Key`."""

    def __init__(
        self,
        destination: Destination,
        url: str,
        recipients: Recipients,
        *,
        fields: Mapping[str, str],
        form: Literal["json", "form"],
        authorization: str,
    ) -> None:
        self._destination = destination
        self._url = url
        self._recipients = recipients
        self._fields = dict(fields)
        self._form = form
        self._headers = {"authorization": authorization} if authorization else {}

    async def send(self, message: Notification) -> None:
        """Deliver once; raises DeliveryFailed."""
        for index, number in enumerate(await self._recipients.of(message)):
            await self._one(number, message.text, f"{message.id}.{index}")

    async def _one(self, to: str, text: str, identity: str) -> None:
        filled = {
            name: value.format(to=to, text=text, id=identity)
            for name, value in self._fields.items()
        }
        if self._form == "json":
            media, body = "application/json", json.dumps(filled)
        else:
            media, body = "application/x-www-form-urlencoded", urlencode(filled)
        headers = {
            **self._headers,
            "content-type": media,
            "idempotency-key": identity,
        }
        await self._destination.ask("POST", self._url, headers, body.encode())
