"""What the examples share: where the gateway is, what they say, and how they fail."""

import argparse
import os
import secrets
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from fraud_client import FraudClient, FraudClientError, RetryPolicy
from fraud_client.models import Decision

Found = TypeVar("Found")
# What follows from a decision (profile, label, case) is there moments later.
WITHIN_S = 20.0


class Unexpected(Exception):
    """The gateway did something else than the example says."""


def step(text: str) -> None:
    """Say what has been done."""
    print(f"- {text}", flush=True)


def expect(holds: object, text: str) -> None:
    """Say what is true; raises Unexpected when it is not."""
    if not holds:
        raise Unexpected(f"not so: {text}")
    step(text)


def eventually(ask: Callable[[], Found], text: str) -> Found:
    """The first answer of `ask` that is not empty; an error of the client is none yet.
    Raises Unexpected when there is none in time."""
    ends = time.monotonic() + WITHIN_S
    problem = ""
    while time.monotonic() < ends:
        try:
            if answer := ask():
                step(text)
                return answer
        except FraudClientError as error:
            problem = f" ({error})"
        time.sleep(0.1)
    raise Unexpected(f"not within {WITHIN_S:.0f} seconds: {text}{problem}")


def new_id(prefix: str) -> str:
    """An identifier that nobody has used."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def now() -> str:
    """This moment as the gateway reads it."""
    return datetime.now(UTC).isoformat()


def card_number() -> str:
    """A Visa number that nobody holds: digits by chance, then Luhn's check digit."""
    digits = "400000" + f"{secrets.randbelow(10**9):09d}"
    doubled = sum(sum(divmod(2 * int(one), 10)) for one in digits[::2])
    return digits + str(-(doubled + sum(map(int, digits[1::2]))) % 10)


def card_payment(account_id: str, **fields: Any) -> dict[str, Any]:
    """An ordinary online purchase with a Visa card of its own; `fields` replace parts of it."""
    return {
        "transaction_id": new_id("order"),
        "account_id": account_id,
        "amount_minor": 42_50,
        "currency": "EUR",
        "occurred_at": now(),
        "kind": "card_payment",
        "channel": "ecommerce",
        "card": {"pan": card_number(), "entry_mode": "ecommerce"},
        "merchant": {"merchant_id": "shop-1", "mcc": "5411", "country": "DE"},
        "device": {"device_id": f"device-of-{account_id}"},
        "session": {"failed_logins_1h": 0, "seconds_since_login": 95},
        "customer": {"name": "Alix Moreau", "country": "DE"},
        **fields,
    }


def transfer(account_id: str, **fields: Any) -> dict[str, Any]:
    """A small transfer in online banking; `fields` replace parts of it."""
    return {
        "transaction_id": new_id("transfer"),
        "account_id": account_id,
        "amount_minor": 80_00,
        "currency": "EUR",
        "occurred_at": now(),
        "kind": "transfer",
        "channel": "online_banking",
        "device": {"device_id": f"device-of-{account_id}"},
        "session": {"failed_logins_1h": 0, "seconds_since_login": 180},
        "customer": {"name": "Alix Moreau", "country": "DE"},
        "counterparty": {
            "name": "Jonas Berger",
            "account": new_id("payee"),
            "country": "DE",
        },
        **fields,
    }


def outcomes(client: FraudClient, decision: Decision) -> dict[str, Any]:
    """What a decision caused, and how that stands: challenges, holds, blocks, cases."""
    return client.decisions.get(decision.decision_id).outcomes or {}


def challenge_of(client: FraudClient, decision: Decision) -> str:
    """The challenge that a decision asks for. A reply that could not wait for it to be made
    has no `challenge_id` (its action is `queued`): the decision on record has it soon."""
    if decision.challenge_id:
        step(f"the customer is asked by {decision.challenge}")
        return decision.challenge_id
    (made,) = eventually(
        lambda: outcomes(client, decision)["challenges"],
        f"the customer is asked by {decision.challenge}, a little later",
    )
    return str(made["challenge_id"])


def run(example: Callable[[FraudClient], None]) -> int:
    """Run an example as its command line asks: 0 when all was as it says, else 1."""
    parser = argparse.ArgumentParser(description=example.__doc__)
    parser.add_argument(
        "--url",
        default=os.environ.get("GATEWAY", "http://127.0.0.1:8000"),
        help="the gateway; $GATEWAY by default",
    )
    parser.add_argument(
        "--key", default=os.environ.get("KEY", ""), help="an API key; $KEY by default"
    )
    asked = parser.parse_args()
    if not asked.key:
        parser.error("a key is needed: --key, or KEY in the environment")
    try:
        patient = RetryPolicy(attempts=10)
        with FraudClient(asked.url, asked.key, deadline_s=30, retry=patient) as client:
            example(client)
    except (Unexpected, FraudClientError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    print("done: everything was as expected")
    return 0
