"""A bank's transfer while somebody else steers the customer's screen: a one-time password.

One customer answers it, another one thinks again. The key needs the scopes score and read.
"""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from common import (
    challenge_of,
    eventually,
    expect,
    new_id,
    outcomes,
    run,
    step,
    transfer,
)

from fraud_client import Conflict, FraudClient
from fraud_client.models import Decision


def steered(account: str) -> dict[str, Any]:
    """A transfer to a receiver added minutes ago, with remote-access software running."""
    payment = transfer(account, hints={"remote_access": True})
    added = {"first_used_at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat()}
    return payment | {"counterparty": payment["counterparty"] | added}


def challenged(client: FraudClient, payment: dict[str, Any]) -> Decision:
    """Score it twice: one decision, one challenge."""
    decision = client.payments.score(payment, idempotency_key=payment["transaction_id"])
    step(f"scored {decision.transaction_id}: {decision.decision}, {decision.reason}")
    expect(decision.challenge == "otp", "a one-time password is asked for")
    again = client.payments.score(payment, idempotency_key=payment["transaction_id"])
    expect(
        again.decision_id == decision.decision_id, "sent again it is the same decision"
    )
    return decision


def blocks(client: FraudClient, decision: Decision) -> list[str]:
    """The states of the blocks that a decision caused."""
    return [block["state"] for block in outcomes(client, decision)["blocks"]]


def answered(client: FraudClient) -> None:
    """The customer answers, and may pay again."""
    account = new_id("account")
    decision = challenged(client, steered(account))
    challenge = challenge_of(client, decision)
    eventually(
        lambda: blocks(client, decision) == ["active"],
        "the account is blocked until the customer has answered",
    )
    code = client.challenges.development_code(challenge)
    expect(
        client.challenges.verify(challenge, code).status == "passed",
        "the code is right",
    )
    expect(blocks(client, decision) == ["released"], "the account is unblocked")
    try:
        client.challenges.verify(challenge, code)
    except Conflict as error:
        expect(error.type == "challenge-closed", "the code works once only")
    else:
        expect(False, "the code works once only")


def cancelled(client: FraudClient) -> None:
    """The customer hangs up: the challenge ends, the account stays blocked."""
    decision = challenged(client, steered(new_id("account")))
    challenge = challenge_of(client, decision)
    eventually(lambda: blocks(client, decision) == ["active"], "the account is blocked")
    expect(client.challenges.cancel(challenge).status == "cancelled", "cancelled")
    expect(client.challenges.get(challenge).status == "cancelled", "and it stays so")
    expect(blocks(client, decision) == ["active"], "the account is still blocked")


def transfers(client: FraudClient) -> None:
    """Two suspicious transfers: one is confirmed by its customer, one is not."""
    answered(client)
    cancelled(client)


if __name__ == "__main__":
    sys.exit(run(transfers))
