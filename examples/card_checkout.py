"""A shop's checkout: a card payment is challenged, the customer answers, it goes through.

Weeks later the issuer reports it as fraud (Visa TC40), and the report counts everywhere.
The key needs the scopes score, read and label.
"""

import sys
from typing import Any

from common import (
    card_payment,
    challenge_of,
    eventually,
    expect,
    new_id,
    now,
    outcomes,
    run,
    step,
)

from fraud_client import FraudClient
from fraud_client.models import Decision


def challenged(client: FraudClient, account: str) -> Decision:
    """Score a payment that looks like a stolen login, and see it stopped."""
    payment = card_payment(
        account,
        session={
            "failed_logins_1h": 3,
            "is_new_device": True,
            "seconds_since_login": 40,
        },
    )
    decision = client.payments.score(payment)
    step(f"scored {decision.transaction_id}: {decision.decision}, {decision.reason}")
    expect(decision.decision == "CHALLENGE", "the payment is challenged")
    eventually(
        lambda: [b for b in outcomes(client, decision)["blocks"] if active(b)],
        "the account is blocked until the customer has answered",
    )
    eventually(
        lambda: client.payments.score(card_payment(account)).decision == "DECLINE",
        "meanwhile it pays nothing else",
    )
    return decision


def active(block: dict[str, Any]) -> bool:
    """Whether a block of an account is in force."""
    return (block["kind"], block["state"]) == ("account", "active")


def answered(client: FraudClient, decision: Decision) -> None:
    """Type a wrong code, then the right one, and see the challenge end."""
    challenge = challenge_of(client, decision)
    code = client.challenges.development_code(challenge)
    wrong = "0" * len(code) if code.strip("0") else "1" * len(code)
    after = client.challenges.verify(challenge, wrong)
    expect(after.status == "pending", f"a wrong code: {after.attempts_left} tries left")
    after = client.challenges.verify(challenge, code)
    expect(after.status == "passed", "the right code: the challenge is passed")


def resolved(client: FraudClient, account: str, decision: Decision) -> None:
    """See the decision resolved and the account free, and capture the payment."""
    caused = outcomes(client, decision)
    states = [one["status"] for one in caused["challenges"]]
    expect(states == ["passed"], "the decision on record is resolved")
    expect(not any(map(active, caused["blocks"])), "the account is unblocked")
    following = client.payments.score(card_payment(account))
    blocked = any("block" in one.text.lower() for one in following.reasons)
    expect(not blocked, f"its next payment is judged again: {following.decision}")
    three_ds = {"status": "Y", "eci": "05", "flow": "challenge"}
    for event, about in {
        "three_ds_finished": {"three_ds": three_ds},
        "captured": {},
    }.items():
        client.payments.event(
            {
                "transaction_id": decision.transaction_id,
                "event": event,
                "occurred_at": now(),
                **about,
            }
        )
        step(f"reported that it was {event}")


def reported(client: FraudClient, account: str, decision: Decision) -> None:
    """Report a TC40, and see label, profile and ratio follow."""
    eventually(
        lambda: client.entities.profile(account)["payments"],
        "the account's profile knows its payments",
    )
    before = client.labels.ratios()["vamp"]["reported"]
    accepted = client.labels.report(decision.transaction_id, event="tc40")
    expect(accepted.status == "accepted", "reported the issuer's TC40")
    label = eventually(
        lambda: standing(client, decision.transaction_id),
        "the payment's label is fraud, by the issuer",
    )
    expect(label == "issuer", "and it stands on the issuer's word")
    eventually(
        lambda: client.entities.profile(account)["labels"]["fraud"] == 1,
        "the account's profile counts one fraud",
    )
    eventually(
        lambda: client.labels.ratios()["vamp"]["reported"] > before,
        "the month's VAMP ratio counts one payment more",
    )


def standing(client: FraudClient, transaction_id: str) -> str | None:
    """Whose word the label `fraud` of a payment stands on."""
    label = client.labels.get(transaction_id)
    return label.source if label.state == "fraud" else None


def checkout(client: FraudClient) -> None:
    """A card payment is challenged and goes through; later it is reported as fraud."""
    account = new_id("account")
    decision = challenged(client, account)
    answered(client, decision)
    resolved(client, account, decision)
    reported(client, account, decision)


if __name__ == "__main__":
    sys.exit(run(checkout))
