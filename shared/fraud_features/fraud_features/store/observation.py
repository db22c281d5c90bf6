"""What the online store says about a payment, and what it takes in about a label.

Values only: the port (`store.port`) and all its executors speak in them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from fraud_features.store.schema import SLOT, SLOTS
from fraud_shared.contracts.action import BlockKind
from fraud_shared.contracts.transaction import Transaction

BLOCK_KINDS: tuple[BlockKind, ...] = get_args(BlockKind)


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything the online store says about one payment, read in one round trip.

    `known` is false while the store is cold: emptied, or never declared complete. Then
    every velocity, profile and risk feature is unknown, and so are the three counters.
    `raw` holds the integers of `schema.SLOTS`, in order. Amounts are euro cents.
    """

    raw: tuple[int | None, ...]
    known: bool
    blocked: tuple[BlockKind, ...]
    history_payments: int | None
    stand_in_count: int | None
    stand_in_sum_minor: int | None
    # Whether this transaction_id was observed before: a hint, and no part of what was seen.
    repeat: bool = field(default=False, compare=False)
    # Read from a gateway's memory while the store is silent: at least this much happened.
    # Nothing is known then of blocks and stand-in approvals.
    lower_bound: bool = False


def observed(
    raw: tuple[int | None, ...],
    *,
    known: bool,
    blocked: tuple[BlockKind, ...],
    stand_in: tuple[int, int],
    repeat: bool = False,
) -> Observation:
    """An observation; a cold store's counters are unknown, its blocks still hold."""
    return Observation(
        raw=raw,
        known=known,
        blocked=blocked,
        history_payments=raw[SLOT["history_payments"]] if known else None,
        stand_in_count=stand_in[0] if known else None,
        stand_in_sum_minor=stand_in[1] if known else None,
        repeat=repeat,
    )


def unknown(
    *, blocked: tuple[BlockKind, ...] = (), repeat: bool = False
) -> Observation:
    """The observation of a payment about whose windows nothing can be said."""
    return observed(
        (None,) * len(SLOTS),
        known=False,
        blocked=blocked,
        stand_in=(0, 0),
        repeat=repeat,
    )


def lower_bound(raw: tuple[int | None, ...]) -> Observation:
    """What a gateway's memory says of a payment while the store is silent."""
    return Observation(
        raw=raw,
        known=False,
        blocked=(),
        history_payments=raw[SLOT["history_payments"]],
        stand_in_count=None,
        stand_in_sum_minor=None,
        lower_bound=True,
    )


def of_client(payment: Transaction, client: str) -> Transaction:
    """The payment under an id that no other client's payment has: each numbers its own."""
    name = id_of_client(client, payment.transaction_id)
    return payment.model_copy(update={"transaction_id": name})


def id_of_client(client: str, transaction_id: str) -> str:
    """A payment's id as the online store knows it."""
    return f"{client}\n{transaction_id}"


def client_and_id(online_id: str) -> tuple[str, str]:
    """Client and transaction of an id that `id_of_client` made."""
    client, _, transaction_id = online_id.partition("\n")
    return client, transaction_id


@dataclass(frozen=True, slots=True)
class LabelEffect:
    """A label as the store needs it: which payment, when it was, and where.

    The last effect for a payment decides: it counts as fraud after `label="fraud"` without
    `reversal`, and no longer after anything else. Repeating an effect changes nothing.
    """

    transaction_id: str
    label: Literal["fraud", "legitimate"]
    occurred_at: datetime
    reversal: bool = False
    terminal_id: str | None = None
    merchant_id: str | None = None
    device_id: str | None = None
    counterparty_account: str | None = None

    @classmethod
    def of(
        cls,
        payment: Mapping[str, Any],
        label: str,
        *,
        occurred_at: datetime,
        reversal: bool = False,
    ) -> "LabelEffect":
        """The effect on the places of a payment, given as its JSON document. Only fraud
        counts: any other label is as good as legitimate."""
        merchant = payment.get("merchant") or {}
        return cls(
            transaction_id=payment["transaction_id"],
            label="fraud" if label == "fraud" else "legitimate",
            occurred_at=occurred_at,
            reversal=reversal,
            terminal_id=merchant.get("terminal_id"),
            merchant_id=merchant.get("merchant_id"),
            device_id=(payment.get("device") or {}).get("device_id"),
            counterparty_account=(payment.get("counterparty") or {}).get("account"),
        )

    @property
    def is_fraud(self) -> bool:
        return self.label == "fraud" and not self.reversal

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """The (entity kind, id) pairs whose delayed-label risk this label moves."""
        pairs = (
            ("terminal", self.terminal_id),
            ("merchant", self.merchant_id),
            ("device", self.device_id),
            ("counterparty", self.counterparty_account),
        )
        return tuple((kind, key) for kind, key in pairs if key is not None)
