"""The fields a rule may name: the payment, flattened, and every feature by its name."""

from collections.abc import Iterable

from fraud_engines.rules.expression import FieldType, Value
from fraud_features.definitions.feature import FeatureType
from fraud_features.definitions.registry import FeatureSet
from fraud_shared.contracts.transaction import Transaction

# Text that features do not carry. A field that has no value is absent for that payment.
TEXT_FIELDS: tuple[str, ...] = (
    "account_id", "currency", "kind", "channel", "mcc", "merchant_id", "terminal_id",
    "merchant_country", "card_token", "card_bin", "card_bin_8", "entry_mode", "device_id", "ip", "os",
    "location_country", "customer_country", "counterparty_country",
    "counterparty_account",
)  # fmt: skip
PAYMENT_FIELDS: dict[str, FieldType] = {
    "amount_minor": "int",
    **dict.fromkeys(TEXT_FIELDS, "string"),
}
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
    card, merchant, device = payment.card, payment.merchant, payment.device
    customer, counterparty = payment.customer, payment.counterparty
    return {
        "account_id": payment.account_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "kind": payment.kind,
        "channel": payment.channel,
        "mcc": merchant.mcc if merchant else None,
        "merchant_id": merchant.merchant_id if merchant else None,
        "terminal_id": merchant.terminal_id if merchant else None,
        "merchant_country": merchant.country if merchant else None,
        "card_token": card.token if card else None,
        # An issuer's range has six digits or eight: each has a field of its own.
        "card_bin": card.bin[:6] if card and card.bin else None,
        "card_bin_8": card.bin if card and card.bin and len(card.bin) == 8 else None,
        "entry_mode": card.entry_mode if card else None,
        "device_id": device.device_id if device else None,
        "ip": device.ip if device else None,
        "os": device.os if device else None,
        "location_country": payment.location.country if payment.location else None,
        "customer_country": customer.country if customer else None,
        "counterparty_country": counterparty.country if counterparty else None,
        "counterparty_account": counterparty.account if counterparty else None,
    }


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
        self._payment = [name for name in used if name not in features.index]
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
        own = flat(payment)
        known: dict[str, Value] = {}
        for name in self._payment:
            given = own[name]
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
