"""How the payer can be reached: given at the edge in any spelling, kept as keyed tokens.

The same mailbox, telephone or address must give the same token however it is written, so
each has one normal form. The tokens are made by the gateway (`privacy`).
"""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from fraud_shared.contracts.base import Contract, Text
from fraud_shared.contracts.canonical import email_text
from fraud_shared.contracts.iso import CountryCode

# Mailboxes whose provider does not read points in the part before the sign.
_POINTLESS = frozenset({"gmail.com"})
_SAME_DOMAIN = {"googlemail.com": "gmail.com"}
_EMAIL = re.compile(r"[^@\s]{1,64}@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+")
_BETWEEN = re.compile(r"[\s().\-/]+")
# ITU-T E.164: at most 15 digits, the first not zero.
_PHONE = re.compile(r"\+[1-9][0-9]{5,14}")
_WORDS = re.compile(r"[^\w]+|_+")


def mailbox(text: str) -> str:
    """The mailbox that an e-mail address reaches: small letters, ASCII domain, without a
    `+tag`. Raises ValueError."""
    address = email_text(unicodedata.normalize("NFKC", text).strip().lower())
    if not _EMAIL.fullmatch(address):
        raise ValueError("not an e-mail address")
    local, _, domain = address.rpartition("@")
    local = local.partition("+")[0] or local
    domain = _SAME_DOMAIN.get(domain, domain)
    if domain in _POINTLESS:
        local = local.replace(".", "") or local
    return f"{local}@{domain}"


def telephone(text: str) -> str:
    """A telephone number in international form (ITU-T E.164). Raises ValueError for a
    number without its country's prefix, which is another number in every country."""
    digits = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if not _PHONE.fullmatch(digits):
        raise ValueError("not a telephone number in international form")
    return digits


def words(text: str) -> str:
    """Text for comparison: small letters without accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return _WORDS.sub(" ", bare).strip()


def _email(value: str) -> str:
    try:
        return mailbox(value)
    except ValueError as error:
        raise PydanticCustomError("email", str(error)) from None


def _phone(value: str) -> str:
    try:
        return telephone(value)
    except ValueError as error:
        raise PydanticCustomError("phone", str(error)) from None


Email = Annotated[
    str, StringConstraints(min_length=3, max_length=254), AfterValidator(_email)
]
Phone = Annotated[
    str, StringConstraints(min_length=6, max_length=32), AfterValidator(_phone)
]
ContactToken = Annotated[str, StringConstraints(pattern=r"^[a-z]+_[0-9a-f]{32}$")]
Domain = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=r"^[a-z0-9.-]+$")
]


class Address(Contract):
    """A postal address, as it arrives."""

    street: Text = Field(description="Street and number.", examples=["12 rue Cler"])
    postal_code: Text | None = Field(
        default=None, description="Postal code.", examples=["75007"]
    )
    city: Text | None = Field(default=None, description="Town.", examples=["Paris"])
    country: CountryCode = Field(
        description="ISO 3166-1 alpha-2 code.", examples=["FR"]
    )

    def normal(self) -> str:
        """One text for one address: the country, its postal code (or else the town), and
        the street."""
        place = self.postal_code or self.city or ""
        area = words(place).replace(" ", "")
        return f"{self.country}|{area}|{words(self.street)}"


class ContactIn(Contract):
    """How the payer can be reached, as it arrives: replaced by tokens at once."""

    email: Email | None = Field(
        default=None,
        repr=False,
        description="E-mail address.",
        examples=["alix.moreau@example.com"],
    )
    phone: Phone | None = Field(
        default=None,
        repr=False,
        description="Telephone number in international form.",
        examples=["+33 1 23 45 67 89"],
    )
    billing_address: Address | None = Field(
        default=None, repr=False, description="Where the bill goes."
    )
    shipping_address: Address | None = Field(
        default=None, repr=False, description="Where the goods go."
    )


class Contact(Contract):
    """How the payer can be reached, inside the mesh: keyed tokens, and the e-mail domain."""

    email: ContactToken | None = None
    email_domain: Domain | None = None
    phone: ContactToken | None = None
    billing_address: ContactToken | None = None
    shipping_address: ContactToken | None = None
