"""Puts message bodies together. Honest and fraudulent payments come from the same
functions, so that nothing but behaviour tells them apart."""

from typing import Any, NamedTuple

from fraud_ops.simulate.people import People

Body = dict[str, Any]
Part = dict[str, Any]


class Report(NamedTuple):
    """A label to come: milliseconds after the payment, who says so, and whether it
    withdraws what the same source said before."""

    delay_ms: int
    source: str
    reversal: bool = False


class PaymentDraft(NamedTuple):
    """A payment without its id, `at` in milliseconds since the start. `scenario` names a
    fraud, `situation` an honest oddity; neither is in the body."""

    at: int
    body: Body
    scenario: str | None = None
    situation: str | None = None
    reports: tuple[Report, ...] = ()


class Money(NamedTuple):
    """An amount in minor units of a currency."""

    minor: int
    currency: str


class Means(NamedTuple):
    """What a remote payment is made with: device with address, place if known, login."""

    device: Part
    location: Part | None
    session: Part


def at_terminal(
    people: People,
    account: int,
    money: Money,
    card: Part,
    place: tuple[Part, Part],
    *,
    kind: str = "card_payment",
) -> Body:
    """A card present at a till or a cash machine; `place` is merchant and location."""
    return {
        "account_id": people.account_id[account],
        "amount_minor": money[0],
        "currency": money[1],
        "kind": kind,
        "channel": "atm" if kind == "withdrawal" else "pos",
        "card": card,
        "merchant": place[0],
        "location": place[1],
        "customer": people.customer[account],
    }


def in_store(
    people: People,
    account: int,
    money: Money,
    card: Part,
    merchant: Part,
    means: Means,
    *,
    kind: str = "card_payment",
) -> Body:
    """A card used in an online store. The store's own login is unknown to the bank."""
    body: Body = {
        "account_id": people.account_id[account],
        "amount_minor": money[0],
        "currency": money[1],
        "kind": kind,
        "channel": "ecommerce",
        "card": card,
        "merchant": merchant,
        "device": means[0],
        "session": means[2],
        "customer": people.customer[account],
    }
    if means[1] is not None:
        body["location"] = means[1]
    return body


def transfer(
    people: People,
    account: int,
    money: Money,
    payee: Part,
    channel: str,
    means: Means | None,
    *,
    location: Part | None = None,
) -> Body:
    """Money sent to a counterparty; without `means` it is ordered at a branch."""
    body: Body = {
        "account_id": people.account_id[account],
        "amount_minor": money[0],
        "currency": money[1],
        "kind": "transfer",
        "channel": channel,
        "customer": people.customer[account],
        "counterparty": payee,
    }
    if means is not None:
        body["device"], location, body["session"] = means
    if location is not None:
        body["location"] = location
    return body


def session(
    new_device: bool, two_factor: bool, login: tuple[int, int, int] | None = None
) -> Part:
    """The login part; `login` is failed attempts in the last hour, seconds since login,
    days since the password changed."""
    if login is None:
        return {"is_new_device": new_device, "two_factor": two_factor}
    return {
        "failed_logins_1h": login[0],
        "seconds_since_login": login[1],
        "is_new_device": new_device,
        "days_since_password_change": login[2],
        "two_factor": two_factor,
    }
