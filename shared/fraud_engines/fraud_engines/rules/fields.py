"""The fields a rule may name: the payment, flattened, and every feature by its name."""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from fraud_engines.rules.expression import FieldType, Value
from fraud_features.definitions.feature import FeatureType
from fraud_features.definitions.registry import FeatureSet
from fraud_shared.contracts.entries import email_domains
from fraud_shared.contracts.transaction import Transaction

Getter = Callable[[Transaction], Value | None]


def _at(*path: str) -> Getter:
    """Reads a field of the payment, which may lie within optional parts."""
    if len(path) == 1:
        return attrgetter(*path)

    def read(payment: Transaction) -> Value | None:
        found: Any = payment
        for name in path:
            found = getattr(found, name)
            if found is None:
                return None
        return found  # type: ignore[no-any-return]

    return read


def _bin(digits: int) -> Getter:
    """An issuer's range has six digits or eight: each has a field of its own."""

    def read(payment: Transaction) -> str | None:
        found = payment.card.bin if payment.card else None
        return found[:digits] if found and len(found) >= digits else None

    return read


def _beneficiary_days(payment: Transaction) -> int | None:
    """Whole days since the payer first used the beneficiary."""
    receiver = payment.counterparty
    if receiver is None or receiver.first_used_at is None:
        return None
    return max((payment.occurred_at - receiver.first_used_at).days, 0)


def _email_domain(payment: Transaction) -> str | None:
    return next(email_domains(payment), None)


# What features do not carry. A field that has no value is absent for that payment.
_FIELDS: dict[str, tuple[FieldType, Getter]] = {
    "amount_minor": ("int", _at("amount_minor")),
    "occurred_at": ("timestamp", _at("occurred_at")),
    "account_id": ("string", _at("account_id")),
    "currency": ("string", _at("currency")),
    "kind": ("string", _at("kind")),
    "channel": ("string", _at("channel")),
    "mcc": ("string", _at("merchant", "mcc")),
    "merchant_id": ("string", _at("merchant", "merchant_id")),
    "terminal_id": ("string", _at("merchant", "terminal_id")),
    "merchant_country": ("string", _at("merchant", "country")),
    "merchant_group": ("string", _at("merchant_group")),
    "card_token": ("string", _at("card", "token")),
    "card_bin": ("string", _bin(6)),
    "card_bin_8": ("string", _bin(8)),
    "entry_mode": ("string", _at("card", "entry_mode")),
    "wallet": ("string", _at("wallet")),
    "device_id": ("string", _at("device", "device_id")),
    "ip": ("string", _at("device", "ip")),
    "os": ("string", _at("device", "os")),
    "location_country": ("string", _at("location", "country")),
    "customer_country": ("string", _at("customer", "country")),
    "counterparty_country": ("string", _at("counterparty", "country")),
    "counterparty_account": ("string", _at("counterparty", "account")),
    "beneficiary_days": ("int", _beneficiary_days),
    "three_ds_eci": ("string", _at("authentication", "three_ds", "eci")),
    "three_ds_status": ("string", _at("authentication", "three_ds", "status")),
    "three_ds_flow": ("string", _at("authentication", "three_ds", "flow")),
    "exemption_asked": ("string", _at("authentication", "exemption", "asked")),
    "exemption_granted": ("string", _at("authentication", "exemption", "granted")),
    "avs_result": ("string", _at("authentication", "avs")),
    "cvc_result": ("string", _at("authentication", "cvc")),
    "payee_result": ("string", _at("authentication", "payee")),
    "initiator": ("string", _at("initiator", "party")),
    "series_id": ("string", _at("initiator", "series_id")),
    "email": ("string", _at("contact", "email")),
    "email_domain": ("string", _email_domain),
    "phone": ("string", _at("contact", "phone")),
    "billing_address": ("string", _at("contact", "billing_address")),
    "shipping_address": ("string", _at("contact", "shipping_address")),
    "segment": ("string", _at("segment")),
    "supersedes": ("string", _at("supersedes")),
}
PAYMENT_FIELDS: dict[str, FieldType] = {n: kind for n, (kind, _) in _FIELDS.items()}
_FEATURE_TYPES: dict[FeatureType, FieldType] = {
    "int": "int",
    "float": "double",
    "bool": "bool",
}
# Known for every payment as long as the online store answers.
WITNESS = "account_count_24h"


def declared(features: FeatureSet) -> dict[str, FieldType]:
    """Every field and its type. Where a feature has the name of a field, it is meant."""
    return PAYMENT_FIELDS | {
        name: _FEATURE_TYPES[kind] for name, kind in features.types.items()
    }


def flat(payment: Transaction) -> dict[str, Value | None]:
    """The payment's own fields; None where the payment does not have them."""
    return {name: read(payment) for name, (_, read) in _FIELDS.items()}


class Reader:
    """Reads the fields that some rule uses, and no others.

    A feature without a value is *lost* when the online store could not say (then not
    even `account_count_24h` is known) and *not applicable* otherwise: no device was
    given, an account has no history. A rule on something lost is evidence that is
    missing; a rule on something not applicable does not fire.
    """

    def __init__(self, features: FeatureSet, uses: Iterable[str]) -> None:
        used = sorted(uses)
        self.names = frozenset(used)
        self._payment = [
            (name, _FIELDS[name][1])
            for name in used
            if name in _FIELDS and name not in features.index
        ]
        self._features = [
            (
                name,
                features.index[name],
                features.types[name],
                feature.source in ("velocity", "profile", "risk"),
            )
            for feature in features.features
            for name in (feature.name,)
            if name in used
        ]
        self._witness = features.index[WITNESS]

    def read(
        self, payment: Transaction, values: tuple[float | None, ...]
    ) -> tuple[dict[str, Value], frozenset[str]]:
        """The known fields by name, and the names of those that are lost."""
        known: dict[str, Value] = {}
        for name, read in self._payment:
            given = read(payment)
            if given is not None:
                known[name] = given
        store_down = values[self._witness] is None
        lost: list[str] = []
        for name, index, kind, from_store in self._features:
            value = values[index]
            if value is None:
                if from_store and store_down:
                    lost.append(name)
            elif kind == "float":
                known[name] = value
            else:
                known[name] = int(value) if kind == "int" else value != 0.0
        return known, frozenset(lost)
