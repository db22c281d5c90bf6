"""The behavioural profile as sums: what a set of payments adds, and what the sums mean.

Only sums, minima, maxima and set membership: any order, any batching, the same profile.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.profile import (
    BehaviourProfile,
    CurrencyProfile,
    LabelCounts,
)

K = TypeVar("K")
ValueKind = Literal["merchant", "device", "country"]
# Tenant and account: an account number says nothing without its owner.
Account = tuple[str, str]
# Squares of amounts need 87 bits. As three 30-bit limbs their sums stay exact in 64-bit
# columns for 2^33 payments, on databases with and without wide integers.
_LIMB_BITS = 30
_LIMB_MASK = (1 << _LIMB_BITS) - 1


@dataclass(frozen=True, slots=True)
class Payment:
    """What the profile needs of one decision."""

    account: Account
    verdict: str
    currency: str
    amount_minor: int
    occurred_at: datetime
    values: tuple[tuple[ValueKind, str], ...]


@dataclass(slots=True)
class Amounts:
    """Count, sum and sum of squares of amounts, all exact."""

    payments: int = 0
    sum_minor: int = 0
    squares: int = 0

    def add(self, amount_minor: int) -> None:
        """Count one payment."""
        self.payments += 1
        self.sum_minor += amount_minor
        self.squares += amount_minor * amount_minor


@dataclass(slots=True)
class LastSeen:
    """How often, first and last."""

    first_seen: datetime
    last_seen: datetime
    payments: int = 1

    def add(self, at: datetime) -> None:
        """Count one more."""
        self.first_seen = min(self.first_seen, at)
        self.last_seen = max(self.last_seen, at)
        self.payments += 1


@dataclass(slots=True)
class Change:
    """What a set of payments adds to profiles."""

    accounts: dict[Account, LastSeen] = field(default_factory=dict)
    amounts: dict[tuple[Account, str, str], Amounts] = field(default_factory=dict)
    values: dict[tuple[Account, ValueKind, str], LastSeen] = field(default_factory=dict)


def payment(made: DecisionMade) -> Payment:
    """The part of a decision that the profile counts."""
    transaction = made.transaction
    merchant, device, place = (
        transaction.merchant,
        transaction.device,
        transaction.location,
    )
    return Payment(
        account=(made.owner, transaction.account_id),
        verdict=made.decision.decision.value,
        currency=transaction.currency,
        amount_minor=transaction.amount_minor,
        occurred_at=transaction.occurred_at,
        values=values(
            merchant.merchant_id if merchant else None,
            device.device_id if device else None,
            place.country if place else None,
            merchant.country if merchant else None,
        ),
    )


def values(
    merchant: str | None, device: str | None, place: str | None, home: str | None
) -> tuple[tuple[ValueKind, str], ...]:
    """What a payment shows of its account's habits; without a place, its country is that of
    the merchant (`home`)."""
    found: tuple[tuple[ValueKind, str | None], ...] = (
        ("merchant", merchant),
        ("device", device),
        ("country", place if place is not None else home),
    )
    return tuple((kind, value) for kind, value in found if value is not None)


def change(payments: Iterable[Payment]) -> Change:
    """Sum payments up."""
    total = Change()
    for one in payments:
        _see(total.accounts, one.account, one.occurred_at)
        key = (one.account, one.currency, one.verdict)
        total.amounts.setdefault(key, Amounts()).add(one.amount_minor)
        for kind, value in one.values:
            _see(total.values, (one.account, kind, value), one.occurred_at)
    return total


def _see(seen: dict[K, LastSeen], key: K, at: datetime) -> None:
    known = seen.get(key)
    if known is None:
        seen[key] = LastSeen(at, at)
    else:
        known.add(at)


def limbs(whole: int) -> tuple[int, int, int]:
    """A non-negative integer of up to 90 bits as three limbs, lowest first."""
    return (
        whole & _LIMB_MASK,
        (whole >> _LIMB_BITS) & _LIMB_MASK,
        whole >> (2 * _LIMB_BITS),
    )


def joined(low: int, middle: int, high: int) -> int:
    """The integer whose limbs (or sums of limbs) these are."""
    return low + (middle << _LIMB_BITS) + (high << (2 * _LIMB_BITS))


def view(
    account_id: str,
    seen: LastSeen,
    amounts: Mapping[tuple[str, str], Amounts],
    distinct: Mapping[str, int],
    labels: LabelCounts,
) -> BehaviourProfile:
    """The profile as it is shown. `amounts` is keyed by currency and verdict."""
    verdicts = dict.fromkeys(("APPROVE", "CHALLENGE", "DECLINE"), 0)
    for (_, verdict), group in amounts.items():
        verdicts[verdict] = verdicts.get(verdict, 0) + group.payments
    currencies = sorted({currency for currency, _ in amounts})
    return BehaviourProfile(
        account_id=account_id,
        payments=seen.payments,
        verdicts=verdicts,
        first_seen=seen.first_seen,
        last_seen=seen.last_seen,
        currencies=tuple(_currency(code, amounts) for code in currencies),
        merchants=distinct.get("merchant", 0),
        devices=distinct.get("device", 0),
        countries=distinct.get("country", 0),
        labels=labels,
    )


def _currency(code: str, amounts: Mapping[tuple[str, str], Amounts]) -> CurrencyProfile:
    groups = {
        verdict: g for (currency, verdict), g in amounts.items() if currency == code
    }
    paid = [group for verdict, group in groups.items() if verdict != "DECLINE"]
    n = sum(group.payments for group in paid)
    total = sum(group.sum_minor for group in paid)
    squares = sum(group.squares for group in paid)
    return CurrencyProfile(
        currency=code,
        payments=sum(group.payments for group in groups.values()),
        sum_minor=sum(group.sum_minor for group in groups.values()),
        sum_minor_by_verdict={v: g.sum_minor for v, g in sorted(groups.items())},
        mean_minor=total / n if n else None,
        deviation_minor=math.sqrt(n * squares - total * total) / n if n else None,
    )
