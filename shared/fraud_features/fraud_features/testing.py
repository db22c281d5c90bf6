"""What tests of the online store share: payments, the contract suite, and the oracle.

`OnlineStoreContract` is subclassed once per executor with a `store` fixture that gives a
fresh, warm store. The oracle recomputes every integer from the list of payments.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from fraud_features.facts import Facts, facts_of
from fraud_features.layout import LABEL_DELAY, LENGTHS, LOGS, RISKS, SEEN, SLOTS
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


class Oracle:
    """The maths contract by brute force: everything from the list of payments."""

    def __init__(self) -> None:
        self.payments: list[Facts] = []
        self.frauds: dict[tuple[str, str], dict[str, int]] = {}

    def observe(self, payment: Transaction) -> dict[str, int | None]:
        """The named integers for a payment that was not seen before."""
        facts = facts_of(payment)
        earlier = list(self.payments)
        self.payments.append(facts)
        slots: dict[str, int | None] = {}
        for spec in LOGS:
            slots |= self._log(facts, spec.name)
        for seen in SEEN:
            slots |= _seen(facts, earlier, seen.name)
        slots |= _profile(facts, earlier)
        for risk in RISKS:
            slots |= self._risk(facts, risk.name)
        assert tuple(slots) == SLOTS
        return slots

    def label(self, kind: str, key: str, transaction_id: str, t: int | None) -> None:
        """Set (t) or clear (None) a labelled fraud."""
        frauds = self.frauds.setdefault((kind, key), {})
        frauds.pop(transaction_id, None)
        if t is not None:
            frauds[transaction_id] = t

    def _log(self, facts: Facts, name: str) -> dict[str, int | None]:
        spec = next(spec for spec in LOGS if spec.name == name)
        stored = next(s for s in LOGS if s.store == spec.store and s.when != "never")
        key = getattr(facts, spec.key)
        events = [
            p
            for p in self.payments
            if key is not None
            and getattr(p, stored.key) == key
            and (stored.when == "always" or p.small)
        ]
        newest = max((p.t for p in events), default=facts.t)
        slots: dict[str, int | None] = {}
        for window in spec.windows:
            begin = facts.t - LENGTHS[window]
            inside = [p for p in events if begin < p.t <= facts.t]
            unknown = key is None or begin < newest - stored.retention
            slots[f"{name}_n_{window}"] = None if unknown else len(inside)
            total = sum(p.moved for p in inside)
            slots[f"{name}_total_{window}"] = None if unknown else total
        for window in spec.maxima:
            inside = [p for p in events if facts.t - LENGTHS[window] < p.t <= facts.t]
            late = newest > facts.t
            top = max((p.moved for p in inside), default=0)
            slots[f"{name}_top_{window}"] = None if late else top
        return slots

    def _risk(self, facts: Facts, name: str) -> dict[str, int | None]:
        spec = next(spec for spec in RISKS if spec.name == name)
        key = getattr(facts, name)
        end = facts.t - LABEL_DELAY
        moments = self.frauds.get((name, key), {}).values()
        return {
            f"{name}_frauds_{window}": None
            if key is None
            else sum(end - LENGTHS[window] < t <= end for t in moments)
            for window in spec.windows
        }


def _seen(facts: Facts, earlier: list[Facts], name: str) -> dict[str, int | None]:
    spec = next(spec for spec in SEEN if spec.name == name)
    owner, value = getattr(facts, spec.owner), getattr(facts, spec.value)
    mine = [p for p in earlier if owner is not None and getattr(p, spec.owner) == owner]
    known = any(getattr(p, spec.value) == value for p in mine)
    late = any(p.t > facts.t for p in mine)
    missing = owner is None or value is None
    slots: dict[str, int | None] = {f"{name}_known": None if missing else int(known)}
    for window in spec.windows:
        begin = facts.t - LENGTHS[window]
        values = {getattr(p, spec.value) for p in [*mine, facts] if p.t > begin} - {
            None
        }
        slot = f"{spec.owner}_distinct_{spec.plural}_in_{window}"
        slots[slot] = None if owner is None or late else len(values)
    return slots


def _profile(facts: Facts, earlier: list[Facts]) -> dict[str, int | None]:
    mine = [p for p in earlier if p.account == facts.account]
    amounts = [p.moved for p in mine if p.moved]
    located: Facts | None = None
    for p in mine:
        if p.lat is not None and (located is None or p.t >= located.t):
            located = p
    hours = [p.hour for p in mine]
    return {
        "history_payments": len(mine),
        "typical_n": len(amounts),
        "typical_sum": sum(amounts),
        "squares_hi": sum(a * a // 10**9 for a in amounts),
        "squares_lo": sum(a * a % 10**9 for a in amounts),
        "first_t": min((p.t for p in mine), default=None),
        "last_t": max((p.t for p in mine), default=None),
        "located_t": located.t if located else None,
        "last_lat": located.lat if located else None,
        "last_lon": located.lon if located else None,
        "hour_before": hours.count((facts.hour - 1) % 24),
        "hour_same": hours.count(facts.hour),
        "hour_after": hours.count((facts.hour + 1) % 24),
    }
