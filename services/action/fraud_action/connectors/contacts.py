"""Where a message for a person goes: fixed addresses, or those of a customer, which the
mesh does not hold: it asks for them when it has something to send, and keeps none."""

from typing import Protocol
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from fraud_action.connectors.http import Destination
from fraud_action.notifications import DeliveryFailed, Notification


class Contact(BaseModel):
    """What a directory answers about an account; what else it says is not read."""

    email: str | None = None
    phone: str | None = None


class Recipients(Protocol):
    """Whom a message is for."""

    async def of(self, message: Notification) -> tuple[str, ...]:
        """E-mail addresses or phone numbers, at least one. Raises DeliveryFailed."""


class FixedRecipients:
    """Always the same."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self._addresses = addresses

    async def of(self, message: Notification) -> tuple[str, ...]:
        """The addresses."""
        return self._addresses


class ContactDirectory:
    """The customer of the account, as the payment system's directory knows them:
    `GET <url>` with `{account_id}` filled in, and `tenant` as a query."""

    def __init__(
        self, destination: Destination, url: str, authorization: str, field: str
    ) -> None:
        """`field`: `email` or `phone`. `authorization`: the header's value; empty sends
        none."""
        self._destination = destination
        self._url = url
        self._headers = {"accept": "application/json"}
        if authorization:
            self._headers["authorization"] = authorization
        self._field = field

    async def of(self, message: Notification) -> tuple[str, ...]:
        """The customer's address. Raises DeliveryFailed, `no_contact` without one."""
        url = self._url.replace("{account_id}", quote(message.account_id, safe=""))
        if message.tenant:
            joint = "&" if "?" in url else "?"
            url += joint + urlencode({"tenant": message.tenant})
        answer = await self._destination.ask("GET", url, self._headers)
        try:
            found = getattr(Contact.model_validate_json(answer), self._field)
        except ValidationError:
            raise DeliveryFailed("contact_unreadable") from None
        if not found:
            raise DeliveryFailed("no_contact", refused=True)
        return (found,)
