"""Payments for tests: one by hand, or a random stream with ties, late ones and repeats."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from fraud_shared.contracts.transaction import Transaction

START = datetime(2025, 3, 1, tzinfo=UTC)
_PARTS: dict[str, dict[str, str]] = {
    "card": {"card_token": "token", "entry_mode": "entry_mode"},
    "merchant": {
        "merchant_id": "merchant_id",
        "terminal_id": "terminal_id",
        "mcc": "mcc",
        "merchant_country": "country",
    },
    "device": {
        "device_id": "device_id",
        "ip": "ip",
        "is_emulator": "is_emulator",
        "is_rooted": "is_rooted",
    },
    "location": {"lat": "lat", "lon": "lon", "country": "country"},
    "session": {
        "failed_logins_1h": "failed_logins_1h",
        "seconds_since_login": "seconds_since_login",
        "is_new_device": "is_new_device",
        "days_since_password_change": "days_since_password_change",
        "two_factor": "two_factor",
    },
    "customer": {"customer_country": "country"},
    "counterparty": {
        "counterparty_account": "account",
        "counterparty_country": "country",
        "beneficiary_first_used_at": "first_used_at",
    },
    "initiator": {"initiator": "party"},
    "authentication.three_ds": {
        "three_ds_status": "status",
        "three_ds_flow": "flow",
        "liability_shift": "liability_shift",
    },
    "authentication": {"avs": "avs", "cvc": "cvc", "payee": "payee"},
    "hints": {"remote_access": "remote_access", "call_in_progress": "call_in_progress"},
    "contact": {
        "billing_address": "billing_address",
        "shipping_address": "shipping_address",
    },
}


def transaction_of(row: Mapping[str, Any]) -> Transaction:
    """The transaction of a flat row: the opposite of `facts.row_of`."""
    fields = {"transaction_id", "account_id", "amount_minor", "currency", "features"}
    fields |= {"occurred_at", "kind", "channel", "network_token"}
    body: dict[str, Any] = {name: row[name] for name in fields if name in row}
    for part, columns in _PARTS.items():
        given = {
            to: row[name] for name, to in columns.items() if row.get(name) is not None
        }
        if given:
            place, _, inner = part.partition(".")
            within = body.setdefault(place, {})
            (within.setdefault(inner, {}) if inner else within).update(given)
    if row.get("recurring"):
        body["initiator"]["series_id"] = "series-1"
    return Transaction.model_validate(body)


def payment(second: float = 0.0, /, **columns: Any) -> Transaction:
    """A payment `second` seconds after START; columns as in a flat row."""
    row: dict[str, Any] = {
        "transaction_id": f"tx-{second}",
        "account_id": "acc-1",
        "amount_minor": 1000,
        "currency": "EUR",
        "occurred_at": START + timedelta(seconds=second),
        "kind": "card_payment",
        "channel": "ecommerce",
    }
    return transaction_of(row | columns)


def random_rows(
    count: int,
    *,
    seed: int = 1,
    entities: int = 20,
    late: float = 0.1,
    days: float = 45,
) -> Iterator[dict[str, Any]]:
    """Payments of few entities over some weeks: ties, late ones and repeats included."""
    random = Random(seed)
    sent: list[dict[str, Any]] = []
    step = days * 86_400 / count
    for number in range(count):
        if sent and random.random() < 0.02:
            yield random.choice(sent[-40:])
            continue
        second = step * number
        if random.random() < late:
            second -= random.choice((0.01, 30.0, 7200.0, 6 * 86_400.0))
        if random.random() < 0.3:
            second = float(int(second) // 600 * 600)
        row = _row(random, number, max(second, 0.0), entities)
        sent.append(row)
        yield row


def _row(random: Random, number: int, second: float, entities: int) -> dict[str, Any]:
    account = random.randrange(entities)
    countries = ("DE", "FR", "US")
    row: dict[str, Any] = {
        "transaction_id": f"tx-{number}",
        "account_id": f"acc-{account}",
        "amount_minor": random.choice(
            (0, 1, 499, 1000, random.randrange(10**6), 10**12)
        ),
        "currency": random.choice(("EUR", "USD", "JPY")),
        "occurred_at": START + timedelta(microseconds=round(second * 1e6)),
        "kind": random.choice(("card_payment", "card_payment", "transfer", "refund")),
        "channel": random.choice(("pos", "ecommerce", "mobile")),
    }
    if row["kind"] == "transfer":
        row["counterparty_account"] = f"acc-{random.randrange(entities)}"
        row["counterparty_country"] = random.choice(countries)
    else:
        terminal = random.randrange(entities)
        row |= {
            "card_token": f"card-{account}-{random.randrange(2)}",
            "merchant_id": f"mer-{terminal // 3}",
            "terminal_id": f"ter-{terminal}",
            "merchant_country": random.choice(countries),
        }
    if random.random() < 0.6:
        row |= {"device_id": f"dev-{account // 2}", "ip": f"ip-{random.randrange(5)}"}
    if random.random() < 0.5:
        row |= {"lat": random.uniform(-80, 80), "lon": random.uniform(-180, 180)}
    return row | _acceptance(Random(number), row)


def _acceptance(random: Random, row: Mapping[str, Any]) -> dict[str, Any]:
    """How some of the payments were authenticated and accepted."""
    if random.random() < 0.5:
        return {}
    yes_or_no = (True, False, None)
    found: dict[str, Any] = {
        "three_ds_status": random.choice(("Y", "N", None)),
        "three_ds_flow": random.choice(("frictionless", "challenge", None)),
        "liability_shift": random.choice(yes_or_no),
        "avs": random.choice(("match", "no_match", None)),
        "cvc": random.choice(("match", "no_match", None)),
        "payee": random.choice(("match", "no_match", None)),
        "network_token": random.choice(yes_or_no),
        "remote_access": random.choice(yes_or_no),
        "call_in_progress": random.choice(yes_or_no),
    }
    party = random.choice(("customer", "merchant", "agent", None))
    if party is not None:
        found |= {"initiator": party, "recurring": random.random() < 0.5}
    for side in ("billing_address", "shipping_address"):
        found[side] = random.choice(
            (f"address_{'0' * 32}", f"address_{'1' * 32}", None)
        )
    if row["kind"] == "transfer":
        # Some before the payment, some after it, by a clock that runs ahead.
        moved = timedelta(hours=random.choice((-2000, -30, 0, 1)))
        found["beneficiary_first_used_at"] = row["occurred_at"] + moved
    return {name: value for name, value in found.items() if value is not None}
