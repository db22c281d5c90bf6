"""One form for one thing, made when a message is read: before anything counts, compares,
lists or hashes it.

An address, an account number or a card number has many spellings. Each would be an entity
of its own: a window of its own, a list entry that does not match, another request.
"""

from ipaddress import IPv6Address, ip_address
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from fraud_shared.contracts import card_numbers, iban
from fraud_shared.contracts.base import Identifier

# Longer texts are refused by their pattern; nobody needs to take them apart.
_LONGEST = 128


def ip_text(text: str) -> str:
    """An IP address in its shortest form; IPv4 inside IPv6 as IPv4, without a zone, which
    only means something to the machine that wrote it. Raises ValueError."""
    address = ip_address(text)
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped
        if inside is not None:
            return str(inside)
        if address.scope_id is not None:
            address = IPv6Address(int(address))
    return str(address)


def account_text(text: str) -> str:
    """An account reference: an IBAN in electronic form, an e-mail address with the domain
    in small letters and ASCII; anything else as it is."""
    if text[2:4].isdigit() or text[:4].upper() == "IBAN":
        return iban.electronic(text) or text
    return email_text(text) if "@" in text else text


def email_text(text: str) -> str:
    """An e-mail address whose domain is in small letters and ASCII (IDNA), without a final
    point. The part before it is the receiving side's own business (RFC 5321, 2.4)."""
    local, _, domain = text.rpartition("@")
    written = domain_text(domain)
    return text if not local or written is None else f"{local}@{written}"


def domain_text(text: str) -> str | None:
    """A domain in small letters and ASCII (IDNA), without a final point; None where it is
    none."""
    try:
        written = text.encode("idna").decode("ascii").lower().rstrip(".")
    except UnicodeError:
        return None
    return written or None


def card_text(text: str) -> str:
    """A card number as ASCII digits, without separators and without zeros before it: no
    issuer's number begins with zero. A text with anything else in it stays."""
    digits = card_numbers.digits_of(text)
    return text if digits is None else digits.lstrip("0")


def _before(form: Any) -> BeforeValidator:
    def canonical(value: Any) -> Any:
        return form(value) if type(value) is str and len(value) <= _LONGEST else value

    return BeforeValidator(canonical)


def _address(text: str) -> str:
    try:
        return ip_text(text)
    except ValueError:
        raise PydanticCustomError("ip", "not an IPv4 or IPv6 address") from None


IpAddress = Annotated[
    str, StringConstraints(min_length=2, max_length=64), AfterValidator(_address)
]
AccountId = Annotated[Identifier, _before(account_text)]
CardNumber = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{12,19}$"), _before(card_text)
]
