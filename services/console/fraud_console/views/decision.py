"""One decision, as it is acted on: why, against what is usual, and what took how long."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fraud_client.models import DecisionRow, Signal, StoredDecision
from fraud_console import words
from fraud_console.charts import bars, waterfall
from fraud_console.charts.bars import Bar
from fraud_console.charts.waterfall import Step
from fraud_console.formats import instant, money

ENTITIES = (
    ("account", "Account", ("account_id",)),
    ("card", "Card", ("card", "token")),
    ("device", "Device", ("device", "device_id")),
    ("merchant", "Merchant", ("merchant", "merchant_id")),
    ("counterparty", "Counterparty", ("counterparty", "account")),
)


@dataclass(frozen=True, slots=True)
class ModelView:
    """What one model said, and what moved it."""

    signal: Signal
    name: str
    steps: Sequence[Step]
    zero: float
    known: bool


@dataclass(frozen=True, slots=True)
class Usual:
    """This payment against what the account usually does."""

    payments: int
    sentences: Sequence[str] = ()
    amounts: Sequence[float] = ()
    amount: float = 0.0
    hours: Sequence[Bar] = ()
    places: Sequence[Bar] = ()
    devices: Sequence[Bar] = ()
    merchants: Sequence[Bar] = ()


@dataclass(frozen=True, slots=True)
class DecisionView:
    """The page of one decision."""

    stored: StoredDecision
    entities: Sequence[tuple[str, str, str]]
    models: Sequence[ModelView]
    stages: Sequence[Step]
    total_ms: float
    facts: Sequence[tuple[str, str]]
    versions: Sequence[tuple[str, str]] = field(default=())

    @classmethod
    def of(cls, stored: StoredDecision) -> "DecisionView":
        """What a record shows."""
        made, payment = stored.record.decision, stored.record.transaction
        steps, total = waterfall.stages(made.timings_ms)
        return cls(
            stored=stored,
            entities=[
                (kind, name, found)
                for kind, name, path in ENTITIES
                if (found := at(payment, *path))
            ],
            models=[_model(signal) for signal in made.signals],
            stages=steps,
            total_ms=total,
            facts=list(facts(payment)),
            versions=sorted(made.versions.items()),
        )


def at(document: Mapping[str, Any], *path: str) -> Any:
    """What stands at a path of nested objects, or None."""
    found: Any = document
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _model(signal: Signal) -> ModelView:
    parts = [(c.feature, c.value, c.contribution) for c in signal.top_features]
    steps, zero = waterfall.contributions(parts)
    known = signal.outcome == "scored" and signal.score is not None
    return ModelView(signal, words.model(signal.source), steps, zero, known)


def facts(payment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is known of a payment, as pairs of a name and a text."""
    place = [at(payment, "location", "city"), at(payment, "location", "country")]
    merchant = [at(payment, "merchant", "name"), at(payment, "merchant", "merchant_id")]
    found = [
        ("Kind", words.feature(str(payment.get("kind", "")))),
        ("Channel", words.feature(str(payment.get("channel", "")))),
        ("Merchant", ", ".join(str(m) for m in merchant if m)),
        ("Category", at(payment, "merchant", "mcc")),
        ("Place", ", ".join(str(p) for p in place if p)),
        (
            "Card",
            at(payment, "card", "last4") and f"•••• {at(payment, 'card', 'last4')}",
        ),
        ("Entry", at(payment, "card", "entry_mode")),
        ("Device", at(payment, "device", "os")),
        ("Emulator", at(payment, "device", "is_emulator") and "yes"),
        ("Failed log-ins, 1 h", at(payment, "session", "failed_logins_1h")),
        ("New device", at(payment, "session", "is_new_device") and "yes"),
    ]
    return [(name, str(text)) for name, text in found if text not in (None, "", False)]


def usual(
    payment: Mapping[str, Any],
    context: Mapping[str, Any] | None,
    earlier: Sequence[DecisionRow],
) -> Usual:
    """Small multiples of the account's earlier payments, with this one marked."""
    own = [
        row for row in earlier if row.transaction_id != payment.get("transaction_id")
    ]
    currency, amount = payment.get("currency"), payment.get("amount_minor") or 0
    amounts = [
        float(row.amount_minor)
        for row in own
        if row.amount_minor is not None and row.currency == currency
    ]
    places, place = bars.strip(amounts, float(amount))
    occurred = instant(payment.get("occurred_at"))
    country, device = (
        at(payment, "location", "country"),
        at(payment, "device", "device_id"),
    )
    merchant = at(payment, "merchant", "merchant_id")
    return Usual(
        payments=len(own),
        sentences=_compared(amount, str(currency or ""), amounts, context or {}),
        amounts=places,
        amount=place,
        hours=bars.hours(
            (t.hour for row in own if (t := _happened(row))),
            occurred.hour if occurred else None,
        ),
        places=_counted(own, "country", country),
        devices=_counted(own, "device_id", device),
        merchants=_counted(own, "merchant_id", merchant),
    )


def _happened(row: DecisionRow) -> datetime | None:
    return instant((row.model_extra or {}).get("occurred_at")) or row.decided_at


def _counted(rows: Sequence[DecisionRow], name: str, mark: str | None) -> list[Bar]:
    values = (getattr(row, name, None) for row in rows)
    counts: Counter[str] = Counter(str(value) for value in values if value)
    if mark:
        counts.setdefault(mark, 0)
    return bars.shares(counts, most=5, mark=mark or "")


def _compared(
    amount: int, currency: str, amounts: Sequence[float], context: Mapping[str, Any]
) -> list[str]:
    found = []
    typical = context.get("account_typical_minor")
    if not typical and amounts:
        typical = sorted(amounts)[len(amounts) // 2]
    if typical:
        found.append(
            f"{amount / typical:,.1f} times its typical {money(typical, currency)}"
        )
    largest = max(amounts, default=0)
    if largest and amount > largest:
        found.append(f"more than it ever paid ({money(largest, currency)})")
    history = context.get("history_payments")
    if history == 0:
        found.append("the first payment of this account that is known")
    return found
