"""The training row of a decision: what serving saw and said. No name, no card number."""

import math
import struct
from collections.abc import Sequence
from typing import Any

from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.label import Scheme
from fraud_shared.contracts.transaction import Transaction


def pack(values: Sequence[float | None]) -> bytes:
    """Feature values as little-endian doubles. Unknown is NaN: values never are."""
    return struct.pack(
        f"<{len(values)}d", *(math.nan if v is None else v for v in values)
    )


def unpack(packed: bytes) -> list[float | None]:
    """The values that were packed."""
    values = struct.unpack(f"<{len(packed) // 8}d", packed)
    return [None if math.isnan(v) else v for v in values]


def kept(transaction: Transaction) -> Transaction:
    """The transaction without names and without text that the caller made up."""
    transaction = transaction.redacted()
    numbers = {
        name: value
        for name, value in transaction.features.items()
        if not isinstance(value, str)
    }
    merchant = transaction.merchant
    if merchant is not None:
        merchant = merchant.model_copy(update={"name": None})
    return transaction.model_copy(update={"features": numbers, "merchant": merchant})


def scheme_of(transaction: Transaction) -> Scheme | None:
    """The scheme that issued the card's range (ISO/IEC 7812), None without one."""
    card = transaction.card
    if card is None or card.bin is None:
        return None
    first, two, four = card.bin[0], int(card.bin[:2]), int(card.bin[:4])
    if first == "4":
        return "visa"
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return "mastercard"
    if two in (34, 37):
        return "amex"
    if 3528 <= four <= 3589:
        return "jcb"
    if two == 62:
        return "unionpay"
    return "discover" if two in (60, 64, 65) else "other"


def training_row(made: DecisionMade) -> dict[str, Any]:
    """The columns of `training_rows`."""
    decision, transaction = made.decision, kept(made.transaction)
    return {
        "decision_id": decision.decision_id,
        "tenant": made.owner,
        "transaction_id": decision.transaction_id,
        "account_id": transaction.account_id,
        "occurred_at": transaction.occurred_at,
        "decided_at": decision.decided_at,
        "decision": decision.decision.value,
        "risk": decision.risk,
        "if_score": decision.if_score,
        "ae_error": decision.ae_error,
        "fraud_score": decision.fraud_score,
        "amount_minor": transaction.amount_minor,
        "amount_ref_minor": made.context.amount_ref_minor,
        "currency": transaction.currency,
        "kind": transaction.kind,
        "channel": transaction.channel,
        "scheme": scheme_of(transaction),
        "segment": transaction.segment,
        "degraded": list(decision.degraded),
        "versions": decision.versions,
        "payment": transaction.model_dump(mode="json", exclude_defaults=True),
        "feature_set": made.features.feature_set,
        "feature_version": made.features.version,
        "feature_hash": made.features.hash,
        "features": pack(made.features.values),
    }
