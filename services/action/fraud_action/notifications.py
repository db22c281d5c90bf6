"""What leaves for people and their systems: alerts and one-time codes, in one form that
every channel can carry, and the port they leave by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from fraud_shared.contracts.iso import CURRENCY_EXPONENT

Kind = Literal["alert", "otp"]
Channel = Literal["webhook", "email", "sms"]

ALERT_RAISED = "fraud.alert.raised.v1"
CODE_ISSUED = "fraud.challenge.code.v1"


class DeliveryFailed(Exception):
    """Nobody confirmed the delivery.

    `kind` is safe to store and count. `refused`: the receiver answered that it does not
    want this message, so that trying for days is of no use. `retry_after_s`: how long it
    asked to be left alone.
    """

    def __init__(
        self, kind: str, *, refused: bool = False, retry_after_s: float = 0.0
    ) -> None:
        super().__init__(kind)
        self.kind = kind
        self.refused = refused
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Notification:
    """One message. Sent again, it has the same `id`: a receiver knows it by that.

    `data` is what a system gets, `subject` and `text` what a person reads. Neither is part
    of its `repr`: a code may be in them.
    """

    id: str
    type: str
    at: datetime
    account_id: str = field(repr=False)
    tenant: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)


class Sender(Protocol):
    """One channel to one destination."""

    async def send(self, message: Notification) -> None:
        """Deliver once; raises DeliveryFailed."""


# One kind of message on one channel; and who takes each to its destination.
Queue = tuple[Kind, Channel]
Senders = Mapping[Queue, Sender]


def alert_notification(row: Mapping[str, Any]) -> Notification:
    """An alert as it is sent. What a person reads does not name the account: mail and text
    messages are not sealed."""
    verdict = f"{row['decision']} of {money(row['amount_minor'], row['currency'])}"
    return Notification(
        id=row["alert_id"],
        type=ALERT_RAISED,
        at=row["created_at"],
        account_id=row["account_id"],
        tenant=row["tenant"],
        subject=f"Fraud alert: {verdict}",
        text=f"{verdict}: {row['reason']}\nDecision {row['decision_id']}",
        data={**row, "created_at": row["created_at"].isoformat()},
    )


def code_notification(
    row: Mapping[str, Any], code: str, template: str, now: datetime
) -> Notification:
    """The code of a challenge as it is sent. A code that is sent again on request is
    another message."""
    left = row["expires_at"] - now
    return Notification(
        id=f"{row['challenge_id']}.{row['resends']}",
        type=CODE_ISSUED,
        at=row["sent_at"] or row["created_at"],
        account_id=row["account_id"],
        tenant=row["tenant"],
        subject="Your code",
        text=template.format(
            code=code,
            amount=money(row["amount_minor"], row["currency"]),
            minutes=max(1, round(left.total_seconds() / 60)),
        ),
        data={
            "challenge_id": row["challenge_id"],
            "account_id": row["account_id"],
            "transaction_id": row["transaction_id"],
            "tenant": row["tenant"],
            "amount_minor": row["amount_minor"],
            "currency": row["currency"],
            "expires_at": row["expires_at"].isoformat(),
            "code": code,
        },
    )


def money(minor: int | None, currency: str | None) -> str:
    """`1234` and EUR: `12.34 EUR`; `a payment` where the amount is not known."""
    if minor is None or currency is None:
        return "a payment"
    digits = CURRENCY_EXPONENT.get(currency, 2)
    return f"{minor / 10**digits:.{digits}f} {currency}"
