"""A simulated history as training needs it: flat rows, truth, and who knew what when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud_features.definitions.facts import microseconds
from fraud_features.offline.labels import label_frame
from fraud_ops.simulate import (
    SimulatedLabel,
    SimulatedPayment,
    SimulationConfig,
    stream,
)

DAY_US = 86_400_000_000
NEVER = np.iinfo(np.int64).max

_PARTS: dict[str, dict[str, str]] = {
    "card": {"token": "card_token", "entry_mode": "entry_mode"},
    "merchant": {
        "merchant_id": "merchant_id",
        "terminal_id": "terminal_id",
        "mcc": "mcc",
        "country": "merchant_country",
    },
    "device": {
        "device_id": "device_id",
        "ip": "ip",
        "is_emulator": "is_emulator",
        "is_rooted": "is_rooted",
    },
    "location": {"lat": "lat", "lon": "lon", "country": "country"},
    "session": {
        name: name
        for name in (
            "failed_logins_1h",
            "seconds_since_login",
            "is_new_device",
            "days_since_password_change",
            "two_factor",
        )
    },
    "customer": {"country": "customer_country"},
    "counterparty": {
        "account": "counterparty_account",
        "country": "counterparty_country",
        "first_used_at": "beneficiary_first_used_at",
    },
    "initiator": {"party": "initiator"},
    "hints": {"remote_access": "remote_access", "call_in_progress": "call_in_progress"},
    "authentication": {"avs": "avs", "cvc": "cvc", "payee": "payee"},
}
_THREE_DS = {
    "status": "three_ds_status",
    "flow": "three_ds_flow",
    "liability_shift": "liability_shift",
}
_PLAIN = ("transaction_id", "account_id", "amount_minor", "currency", "kind", "channel")


@dataclass(frozen=True, slots=True)
class Reports:
    """What stood about payments, and since when, in microseconds since 1970: a row for each
    change, in the order of time."""

    payment: npt.NDArray[np.int64]
    since: npt.NDArray[np.int64]
    fraud: npt.NDArray[np.bool_]
    payments: int

    def reported(self) -> npt.NDArray[np.int64]:
        """For each payment when it first stood as fraud; `NEVER` where it did not."""
        first = np.full(self.payments, NEVER, dtype=np.int64)
        np.minimum.at(first, self.payment[self.fraud], self.since[self.fraud])
        return first

    def known_fraud(self, at: int) -> npt.NDArray[np.bool_]:
        """Which payments counted as fraud at that moment."""
        known = np.zeros(self.payments, dtype=np.bool_)
        due = self.since < at
        # Of several rows of a payment the last one is kept.
        known[self.payment[due]] = self.fraud[due]
        return known


@dataclass(frozen=True, slots=True)
class History:
    """Payments in the order of time with everything known about them."""

    rows: list[dict[str, Any]]
    labels: list[dict[str, Any]]
    at: npt.NDArray[np.int64]
    card: npt.NDArray[np.int64]
    fraud: npt.NDArray[np.bool_]
    reports: Reports

    def __len__(self) -> int:
        return len(self.rows)


def simulate(
    config: SimulationConfig, progress: Callable[[int], None] = lambda _: None
) -> History:
    """Run the simulation; `progress` hears the number of payments so far."""
    rows: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    fraud: list[bool] = []
    place: dict[str, int] = {}
    cards: dict[str, int] = {}
    card: list[int] = []
    for event in stream(config):
        if isinstance(event, SimulatedLabel):
            labels.append(known_at(event))
            continue
        row = flat(event)
        place[row["transaction_id"]] = len(rows)
        owner = row.get("card_token") or row["account_id"]
        card.append(cards.setdefault(owner, len(cards)))
        rows.append(row)
        fraud.append(event.fraud)
        if len(rows) % 5_000 == 0:
            progress(len(rows))
    progress(len(rows))
    return History(
        rows=rows,
        labels=labels,
        at=np.array([row["occurred_at"] for row in rows], dtype=np.int64),
        card=np.array(card, dtype=np.int64),
        fraud=np.array(fraud, dtype=bool),
        reports=_reports(labels, place),
    )


def known_at(event: SimulatedLabel) -> dict[str, Any]:
    """A report as `fraud_features.offline.frame.frame` reads it."""
    return {**event.label, "reported_at": event.reported_at}


def flat(event: SimulatedPayment) -> dict[str, Any]:
    """The columns that `fraud_features.offline.frame.frame` reads; no names, no birth dates."""
    payment = event.payment
    row = {name: payment[name] for name in _PLAIN}
    row["occurred_at"] = microseconds(event.occurred_at)
    for part, columns in _PARTS.items():
        given = payment.get(part)
        if given is not None:
            for name, column in columns.items():
                if name in given:
                    row[column] = given[name]
    _add_acceptance(row, payment)
    return row


def _add_acceptance(row: dict[str, Any], payment: Mapping[str, Any]) -> None:
    """The columns that do not stand in a part as they are."""
    if (first := row.get("beneficiary_first_used_at")) is not None:
        row["beneficiary_first_used_at"] = microseconds(datetime.fromisoformat(first))
    if (initiator := payment.get("initiator")) is not None:
        row["recurring"] = "series_id" in initiator
    if "network_token" in payment:
        row["network_token"] = payment["network_token"]
    three_ds = payment.get("authentication", {}).get("three_ds", {})
    for name, column in _THREE_DS.items():
        row[column] = three_ds.get(name)
    # Whether two addresses are the same is all that a feature asks of them.
    for side in ("billing_address", "shipping_address"):
        if (address := payment.get("contact", {}).get(side)) is not None:
            row[side] = "|".join(address.values())


def _reports(labels: list[dict[str, Any]], place: dict[str, int]) -> Reports:
    label_rows = label_frame(labels)
    fraud = (label_rows["label"] == "fraud") & ~label_rows["reversal"]
    return Reports(
        payment=np.array(
            [place[key] for key in label_rows["transaction_id"]], dtype=np.int64
        ),
        since=label_rows["reported_at"].to_numpy(),
        fraud=fraud.to_numpy(),
        payments=len(place),
    )
