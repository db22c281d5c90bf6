"""What may not travel: card numbers become tokens here, names stop here.

The PAN token is HMAC-SHA-256 over the whole number under a secret key (PCI DSS 3.5.1.1
asks for keyed hashes); the same card gives the same token.
"""

import hmac

from fraud_shared.contracts.addresses import Networks
from fraud_shared.contracts.card_numbers import is_card_number, luhn
from fraud_shared.contracts.contact import Contact, ContactIn
from fraud_shared.contracts.screening import PartyQuery
from fraud_shared.contracts.transaction import (
    Card,
    CardIn,
    Device,
    DeviceIn,
    Party,
    Transaction,
    TransactionIn,
)
from fraud_shared.web.number_guard import PROBLEM
from fraud_shared.web.problems import InvalidInput

# Figures of 14 digits and more: what is smaller is also an amount.
_SMALLEST, _BEYOND = 1e13, 1e19
# Of a number of a party, in `PartyQuery`.
_LONGEST_NUMBER = 64


class Privacy:
    """Tokenises with one secret key."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def inside(
        self, payment: TransactionIn, networks: Networks | None = None
    ) -> Transaction:
        """The payment as it may travel: tokens for PAN, IP and contact,
        no names, no user agent. Of its address, only those of `networks` that it is in
        stay readable.

        Raises InvalidInput for a PAN with a wrong check digit, or a feature that is a card
        number.
        """
        _refuse_numbers_in_features(payment)
        update: dict[str, object] = {}
        if payment.card is not None:
            update["card"] = self._card(payment.card)
        if payment.device is not None:
            update["device"] = self._device(payment.device, networks)
        if payment.contact is not None:
            update["contact"] = self._contact(payment.contact)
        fields = {name: getattr(payment, name) for name in TransactionIn.model_fields}
        # Every field was validated when the payment came in.
        return Transaction.model_construct(**{**fields, **update}).redacted()

    def address(self, ip: str) -> str:
        """The token of an address in its shortest form."""
        return self._token("ip", ip)

    def card_token(self, number: str) -> str:
        """The keyed token of a card number."""
        return self._token("pan", number)

    def _device(self, device: DeviceIn, networks: Networks | None) -> Device:
        fields = {name: getattr(device, name) for name in DeviceIn.model_fields}
        if device.ip is not None:
            fields["ip"] = self.address(device.ip)
            if networks is not None:
                fields["networks"] = networks.around(device.ip)
        return Device.model_construct(**fields)

    def _contact(self, contact: ContactIn) -> Contact:
        email, phone = contact.email, contact.phone
        billing, shipping = contact.billing_address, contact.shipping_address
        # Both addresses by one kind: goods sent to the payer's own address have its token.
        return Contact.model_construct(
            email=email and self._token("email", email),
            email_domain=email and email.rpartition("@")[2],
            phone=phone and self._token("phone", phone),
            billing_address=self._token("address", billing.normal())
            if billing
            else None,
            shipping_address=self._token("address", shipping.normal())
            if shipping
            else None,
        )

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
            token=self.card_token(card.pan),
            bin=card.pan[: 8 if len(card.pan) >= 16 else 6],
            last4=card.pan[-4:],
            entry_mode=card.entry_mode,
        )

    def _token(self, kind: str, value: str) -> str:
        digest = hmac.digest(self._key, f"{kind}:{value}".encode(), "sha256")
        return f"{kind}_{digest.hex()[:32]}"


def parties(payment: TransactionIn) -> tuple[PartyQuery, ...]:
    """Whom to screen: everybody whom a field of the payment names, and accounts against
    those that lists name."""
    customer, counterparty, merchant = (
        payment.customer,
        payment.counterparty,
        payment.merchant,
    )
    found: list[PartyQuery | None] = []
    if customer is not None:
        # Pairs are cleared for customers; a counterparty is whoever the payer names.
        found.append(_party("customer", customer, payment.account_id))
    if counterparty is not None:
        found.append(_party("counterparty", counterparty, None))
    if merchant is not None and _readable(merchant.name):
        found.append(
            PartyQuery(role="merchant", name=merchant.name, country=merchant.country)
        )
    return tuple(query for query in found if query is not None)


def _party(role: str, party: Party, account: str | None) -> PartyQuery | None:
    """What is known of a party; None of one without name and account."""
    name = party.name if _readable(party.name) else None
    numbers = (party.account[:_LONGEST_NUMBER],) if party.account else ()
    if name is None and not numbers:
        return None
    return PartyQuery(
        role=role,
        name=name,
        birth_date=party.birth_date,
        country=party.country,
        account=account,
        identifiers=numbers,
    )


def _readable(name: str | None) -> bool:
    """Whether a name holds a letter or digit; another names nobody."""
    return name is not None and any(char.isalnum() for char in name)


def _refuse_numbers_in_features(payment: TransactionIn) -> None:
    """Texts were looked at where the request came in; a number may be a card's, too."""
    for name, value in payment.features.items():
        if (
            isinstance(value, float)
            and _SMALLEST <= value < _BEYOND
            and is_card_number(f"{value:.0f}")
        ):
            raise InvalidInput(errors=[(f"features.{name}", PROBLEM)])
