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
    },
}


def transaction_of(row: Mapping[str, Any]) -> Transaction:
    """The transaction of a flat row: the opposite of `facts.row_of`."""
    fields = {"transaction_id", "account_id", "amount_minor", "currency", "features"}
    fields |= {"occurred_at", "kind", "channel"}
    body: dict[str, Any] = {name: row[name] for name in fields if name in row}
    for part, columns in _PARTS.items():
        given = {
            to: row[name] for name, to in columns.items() if row.get(name) is not None
        }
        if given:
            body[part] = given
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
    return row
