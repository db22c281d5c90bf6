"""An acquirer's feed: what schemes and customers say of payments becomes labels.

The key needs the scopes score, read and label.
"""

import sys
from datetime import UTC, datetime
from functools import partial
from typing import Any

from common import card_payment, eventually, expect, new_id, run, step

from fraud_client import FraudClient, InvalidInput

# What is reported of each payment, in this order, and the label that stands afterwards.
FEED: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "stolen": (
        "fraud",
        [
            {"event": "tc40"},
            {"event": "chargeback", "scheme": "visa", "reason_code": "10.4"},
        ],
    ),
    "not delivered": (
        "undetermined",
        [{"event": "chargeback", "scheme": "visa", "reason_code": "13.1"}],
    ),
    "recognised": ("legitimate", [{"event": "confirmed_genuine"}]),
}


def scored(client: FraudClient) -> dict[str, str]:
    """A payment for each story, by its transaction id."""
    payments = {name: card_payment(new_id("account")) for name in FEED}
    replies = client.payments.score_batch(list(payments.values()))
    expect(
        all("decision" in reply for reply in replies),
        f"scored {len(replies)} payments in one batch",
    )
    return {name: body["transaction_id"] for name, body in payments.items()}


def sent(client: FraudClient, ids: dict[str, str]) -> None:
    """Send the feed, then all of it again, as after a broken connection."""
    at = datetime.now(UTC)
    reports = [
        {
            "transaction_id": ids[name],
            "reported_at": at,
            "reference": new_id("case"),
            **report,
        }
        for name, (_, said) in FEED.items()
        for report in said
    ]
    first = [client.labels.report(**report) for report in reports]
    expect({a.status for a in first} == {"accepted"}, f"sent {len(first)} reports")
    again = [client.labels.report(**report) for report in reports]
    expect({a.status for a in again} == {"duplicate"}, "sent again they are known")


def refused(client: FraudClient, transaction_id: str) -> None:
    """A dispute without its reason cannot be judged."""
    try:
        client.labels.report(transaction_id, event="chargeback")
    except InvalidInput as error:
        fields = [one.field for one in error.errors]
        expect(fields == ["reason_code"], "a dispute without a reason is refused")
    else:
        expect(False, "a dispute without a reason is refused")


def label_feed(client: FraudClient) -> None:
    """Reports about three payments become three labels and one line of the ratios."""
    before = client.labels.ratios()["vamp"]["reported"]
    ids = scored(client)
    sent(client, ids)
    refused(client, ids["stolen"])
    for name, (state, said) in FEED.items():
        label = eventually(
            partial(standing, client, ids[name], state),
            f"{name}: {state} after {len(said)} reports",
        )
        step(f"  {label.transaction_id} by {label.source}")
    eventually(
        lambda: client.labels.ratios()["vamp"]["reported"] >= before + 2,
        "two payments more have a fraud report or a dispute in the VAMP ratio",
    )


def standing(client: FraudClient, transaction_id: str, wanted: str) -> Any:
    """The label, once it is the one wanted."""
    label = client.labels.get(transaction_id)
    return label if label.state == wanted else None


if __name__ == "__main__":
    sys.exit(run(label_feed))
