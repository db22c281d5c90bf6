"""What may not travel: card numbers become tokens here, names stop here.

The PAN token is HMAC-SHA-256 over the whole number under a secret key (PCI DSS 3.5.1.1
asks for keyed hashes); the same card gives the same token.
"""

import hashlib
import hmac
import re

from fraud_shared.contracts.screening import PartyQuery
from fraud_shared.contracts.transaction import Card, CardIn, Transaction, TransactionIn
from fraud_shared.web.problems import InvalidInput

_DIGIT_RUN = re.compile(r"(?:[0-9][ -]?){12,18}[0-9]")


class Privacy:
    """Tokenises with one secret key."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def inside(self, payment: TransactionIn) -> Transaction:
        """The payment as it may travel: tokens for PAN and IP, no names, no user agent.

        Raises InvalidInput for a PAN with a wrong check digit, or for free text that
        holds something that looks like a card number.
        """
        _refuse_numbers_in_text(payment)
        update: dict[str, object] = {}
        if payment.card is not None:
            update["card"] = self._card(payment.card)
        if payment.device is not None and payment.device.ip is not None:
            token = self._token("ip", payment.device.ip)
            update["device"] = payment.device.model_copy(update={"ip": token})
        fields = {name: getattr(payment, name) for name in TransactionIn.model_fields}
        # Every field was validated when the payment came in.
        return Transaction.model_construct(**{**fields, **update}).redacted()

    def _card(self, card: CardIn) -> Card:
        if card.pan is None:
            assert card.token is not None
            return Card(
                token=card.token,
                bin=card.bin,
                last4=card.last4,
                entry_mode=card.entry_mode,
            )
        if not luhn(card.pan):
            raise InvalidInput(errors=[("card.pan", "not a valid card number")])
        return Card(
            token=self._token("pan", card.pan),
            bin=card.pan[: 8 if len(card.pan) >= 16 else 6],
            last4=card.pan[-4:],
            entry_mode=card.entry_mode,
        )

    def _token(self, kind: str, value: str) -> str:
        digest = hmac.new(self._key, f"{kind}:{value}".encode(), hashlib.sha256)
        return f"{kind}_{digest.hexdigest()[:32]}"


def parties(payment: TransactionIn) -> tuple[PartyQuery, ...]:
    """Whom to screen: customer and counterparty, as far as they are named."""
    return tuple(
        PartyQuery(
            role=role,
            name=party.name,
            birth_date=party.birth_date,
            country=party.country,
            # Pairs are cleared for customers; a counterparty is whoever the payer names.
            account=payment.account_id if role == "customer" else None,
        )
        for role, party in (
            ("customer", payment.customer),
            ("counterparty", payment.counterparty),
        )
        if party is not None and party.name is not None
    )


def luhn(digits: str) -> bool:
    """Whether the last digit is the right check digit (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _refuse_numbers_in_text(payment: TransactionIn) -> None:
    texts = {
        "merchant.name": payment.merchant and payment.merchant.name,
        "location.city": payment.location and payment.location.city,
        "device.user_agent": payment.device and payment.device.user_agent,
        "device.os": payment.device and payment.device.os,
        "customer.name": payment.customer and payment.customer.name,
        "counterparty.name": payment.counterparty and payment.counterparty.name,
    }
    for name, value in payment.features.items():
        if isinstance(value, str):
            texts[f"features.{name}"] = value
    for field, text in texts.items():
        found = _DIGIT_RUN.search(text) if text else None
        if found is not None and luhn(re.sub(r"[ -]", "", found[0])):
            raise InvalidInput(errors=[(field, "looks like a card number")])
