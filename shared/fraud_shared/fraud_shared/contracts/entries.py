"""Entries of the deny, allow and watch lists, and snoozes of one rule for one entity.

A value has one form, made here: whatever spelling an analyst types is the spelling that
payments have.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from fraud_shared.contracts import card_numbers
from fraud_shared.contracts.base import Contract, Identifier, Instant, Text
from fraud_shared.contracts.canonical import account_text, domain_text, ip_text
from fraud_shared.contracts.countries import country_of, name_keys
from fraud_shared.contracts.transaction import Transaction

ListName = Literal["deny", "allow", "watch"]
EntityKind = Literal[
    "account", "card_token", "device", "ip", "merchant", "terminal", "country", "bin",
    "email_domain", "counterparty",
]  # fmt: skip
LIST_NAMES: tuple[ListName, ...] = get_args(ListName)
ENTITY_KINDS: tuple[EntityKind, ...] = get_args(EntityKind)
RuleId = Annotated[str, StringConstraints(pattern=r"^R-[0-9]{3,4}$")]
_SOME_DAY = "2027-01-01T00:00:00Z"
Value = Annotated[
    str,
    Field(
        min_length=1,
        max_length=256,
        description="The entity, in any spelling.",
        examples=["acc-17"],
    ),
]
# Wider networks than these are half the world, and a slip of the keyboard.
_WIDEST = {4: 8, 6: 16}
# Features in which some sources bring the domains of e-mail addresses.
_DOMAIN_FEATURES = ("P_emaildomain", "R_emaildomain")


class EntryRequest(Contract):
    """`POST /v1/lists/{list}/entries`. `value` in any spelling; `expires_at` None: until
    somebody takes it off."""

    kind: EntityKind = Field(examples=["account"])
    value: Value
    reason: Text = Field(description="Why.", examples=["reported as a mule"])
    expires_at: Instant | None = Field(
        default=None, description="When it ends (RFC 3339).", examples=[_SOME_DAY]
    )


class Entry(Contract):
    """One entry of a list, in force or ended; who and why, from and to when."""

    entry_id: Identifier
    list: ListName
    kind: EntityKind
    value: str
    reason: Text
    who: Identifier
    created_at: Instant
    expires_at: Instant | None
    ended_at: Instant | None = None
    ended_by: Identifier | None = None
    ended_why: Text | None = None


class SnoozeRequest(Contract):
    """`POST /v1/snoozes`: one rule does not act on one entity until then."""

    rule: RuleId = Field(description="The rule, by its id.", examples=["R-014"])
    kind: EntityKind = Field(examples=["account"])
    value: Value
    reason: Text = Field(description="Why.", examples=["payroll, confirmed by phone"])
    expires_at: Instant = Field(
        description="When it ends (RFC 3339).", examples=[_SOME_DAY]
    )


class Snooze(Contract):
    """One snooze, in force or ended."""

    snooze_id: Identifier
    rule: RuleId
    kind: EntityKind
    value: str
    reason: Text
    who: Identifier
    created_at: Instant
    expires_at: Instant
    ended_at: Instant | None = None
    ended_by: Identifier | None = None
    ended_why: Text | None = None


class Marker(Contract):
    """What a replica needs of an entry or snooze: `on` is the list, or the rule that is
    snoozed. `ended`: no longer in force, whatever `expires_at` says."""

    marker_id: Identifier
    on: Identifier
    kind: EntityKind
    value: str
    expires_at: Instant | None
    ended: bool

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.on not in LIST_NAMES and not self.on.startswith("R-"):
            raise ValueError("on a list or a rule")
        return self

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return not self.ended and (self.expires_at is None or now < self.expires_at)


def entry_value(kind: EntityKind, value: str) -> str:
    """The one form of a value, as payments inside the mesh write it.

    An address is a keyed token by then, which only the gateway can make; a network stays
    readable. Raises ValueError, whose text says what is wrong and echoes nothing.
    """
    value = value.strip()
    if kind not in ("bin", "ip") and card_numbers.contains(value):
        raise ValueError("looks like a card number; lists hold tokens")
    if kind == "ip":
        return _address(value)
    if kind == "country":
        found = country_of(value, _country_names())
        if found is None:
            raise ValueError("not a country's code or name")
        return found
    if kind == "bin":
        if not (value.isascii() and value.isdigit() and len(value) in (6, 8)):
            raise ValueError("a BIN has six or eight digits")
        return value
    if kind == "email_domain":
        return _domain(value)
    if kind in ("account", "counterparty"):
        value = account_text(value)
    if not value or len(value) > 128 or not value.isprintable():
        raise ValueError("not an identifier")
    return value


def network_or_address(text: str) -> str:
    """A single address in its shortest form, or a network in its own. Raises
    ValueError."""
    text = text.strip()
    if "/" not in text:
        return ip_text(text)
    network = network_text(text)
    address, _, length = network.partition("/")
    return address if length == ("128" if ":" in address else "32") else network


def network_text(text: str) -> str:
    """A network in its shortest form; one of IPv4 inside IPv6 as IPv4. Raises ValueError."""
    network: IPv4Network | IPv6Network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network):
        inside = network.network_address.ipv4_mapped
        if inside is not None and network.prefixlen >= 96:
            network = IPv4Network((inside, network.prefixlen - 96), strict=False)
    if network.prefixlen < _WIDEST[network.version]:
        raise ValueError(f"a network wider than /{_WIDEST[network.version]}")
    return str(network)


def entities(payment: Transaction) -> dict[EntityKind, tuple[str, ...]]:
    """The entities of a payment, by kind, as entries write them; a kind that it does not
    have is left out."""
    found: dict[EntityKind, tuple[str | None, ...]] = {"account": (payment.account_id,)}
    card, device, merchant = payment.card, payment.device, payment.merchant
    if card is not None:
        found["card_token"] = (card.token,)
        bins = (card.bin[:6], card.bin[:8]) if card.bin else ()
        found["bin"] = tuple(dict.fromkeys(b for b in bins if len(b) in (6, 8)))
    if device is not None:
        found["device"] = (device.device_id,)
        found["ip"] = (device.ip, *device.networks)
    if merchant is not None:
        found["merchant"] = (merchant.merchant_id,)
        found["terminal"] = (merchant.terminal_id,)
    if payment.counterparty is not None:
        found["counterparty"] = (payment.counterparty.account,)
    found["country"] = (
        merchant.country if merchant else None,
        payment.location.country if payment.location else None,
        payment.customer.country if payment.customer else None,
        payment.counterparty.country if payment.counterparty else None,
    )
    found["email_domain"] = tuple(email_domains(payment))
    known = {kind: tuple(v for v in values if v) for kind, values in found.items()}
    return {kind: values for kind, values in known.items() if values}


def email_domains(payment: Transaction) -> Iterator[str]:
    """The domains of the e-mail addresses that a payment names: its payer's, its
    account, its counterparty's, and those that some sources send as features."""
    if payment.contact and payment.contact.email_domain:
        yield payment.contact.email_domain
    other = payment.counterparty
    for account in (payment.account_id, other.account if other else None):
        if account and "@" in account:
            yield account.rpartition("@")[2]
    for name in _DOMAIN_FEATURES:
        given = payment.features.get(name)
        if isinstance(given, str) and given:
            yield domain_text(given) or given


def _address(value: str) -> str:
    if value.startswith("ip_"):
        return value
    try:
        network = network_text(value) if "/" in value else ""
    except ValueError as error:
        wide = str(error).startswith("a network wider")
        raise ValueError(
            str(error) if wide else "not an address or a network (CIDR)"
        ) from None
    if network.endswith(("/32", "/128")) or not network:
        # Only the gateway has the key of the tokens that payments bring.
        raise ValueError("not an address or a network (CIDR)")
    return network


def _domain(value: str) -> str:
    found = domain_text(value.rpartition("@")[2])
    if found is None or "." not in found:
        raise ValueError("not the domain of an e-mail address")
    return found


@cache
def _country_names() -> dict[frozenset[str], str]:
    return dict(name_keys())
