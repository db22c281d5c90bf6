"""The transaction: what a payment system sends, and what travels inside the mesh."""

from collections.abc import Collection
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from fraud_shared.contracts.acceptance import Acceptance
from fraud_shared.contracts.base import (
    AmountMinor,
    Contract,
    Day,
    Identifier,
    Instant,
    Text,
    absent,
)
from fraud_shared.contracts.canonical import AccountId, CardNumber, IpAddress
from fraud_shared.contracts.contact import Contact, ContactIn
from fraud_shared.contracts.iso import CountryCode, CurrencyCode

Kind = Literal[
    "card_payment",
    "transfer",
    "withdrawal",
    "refund",
    "account_verification",
    "payout",
    "login",
    "signup",
]
# Asked about like payments, and none: no window, profile or training row counts them.
NO_PAYMENTS: frozenset[Kind] = frozenset({"login", "signup"})
Channel = Literal["pos", "ecommerce", "atm", "mobile", "online_banking", "branch"]
EntryMode = Literal["chip", "contactless", "magstripe", "manual", "ecommerce", "wallet"]
# The optional parts of a payment that say something about it.
Block = Literal[
    "card", "merchant", "device", "location", "session", "customer", "counterparty"
]
Digits4 = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Bin = Annotated[str, StringConstraints(pattern=r"^[0-9]{6,8}$")]
FeatureName = Annotated[
    str, StringConstraints(max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
]
# As `Text`, but it may be empty: no control characters (C0, DEL, C1).
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"
FeatureText = Annotated[str, StringConstraints(max_length=64, pattern=_PRINTABLE)]


class Card(Contract):
    """A card as the mesh knows it: never a number, only token, BIN and last four."""

    token: Identifier
    bin: Bin | None = None
    last4: Digits4 | None = None
    entry_mode: EntryMode | None = None


class CardIn(Contract):
    """A card as it arrives: a token, or a PAN that the gateway replaces at once."""

    token: Identifier | None = None
    pan: CardNumber | None = Field(default=None, repr=False)
    bin: Bin | None = None
    last4: Digits4 | None = None
    entry_mode: EntryMode | None = None

    @model_validator(mode="after")
    def _token_or_pan(self) -> Self:
        if (self.token is None) == (self.pan is None):
            raise PydanticCustomError("card", "give either token or pan, not both")
        return self


class Merchant(Contract):
    """Who is paid. `mcc` is the ISO 18245 merchant category code."""

    merchant_id: Identifier
    terminal_id: Identifier | None = None
    mcc: Digits4 | None = None
    country: CountryCode | None = None
    name: Text | None = None


class _DeviceFields(Contract):
    device_id: Identifier | None = None
    # A keyed token. An empty one would be one address, shared by everybody who sends it.
    ip: (
        Annotated[
            str, StringConstraints(min_length=1, max_length=64, pattern=_PRINTABLE)
        ]
        | None
    ) = None
    user_agent: (
        Annotated[str, StringConstraints(max_length=256, pattern=_PRINTABLE)] | None
    ) = None
    os: Annotated[str, StringConstraints(max_length=32, pattern=_PRINTABLE)] | None = (
        None
    )
    is_emulator: bool | None = None
    is_rooted: bool | None = None


class Device(_DeviceFields):
    """What the payment was made with, inside the mesh: `ip` is a keyed token, `networks`
    those on some list that its address is in."""

    networks: Annotated[
        tuple[Annotated[str, StringConstraints(max_length=64)], ...],
        Field(max_length=200),
    ] = ()


class DeviceIn(_DeviceFields):
    """A device as it arrives: with its address, in any spelling, kept in one."""

    ip: IpAddress | None = None


class Location(Contract):
    """Where the payment was made: WGS 84 degrees, country, city."""

    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    country: CountryCode | None = None
    city: Text | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise PydanticCustomError("location", "give lat and lon together")
        return self


class Session(Contract):
    """The login behind the payment."""

    failed_logins_1h: Annotated[int, Field(ge=0, le=10_000)] | None = None
    seconds_since_login: Annotated[int, Field(ge=0, le=10**8)] | None = None
    is_new_device: bool | None = None
    days_since_password_change: Annotated[int, Field(ge=0, le=100_000)] | None = None
    two_factor: bool | None = None


class Party(Contract):
    """A customer or counterparty. Name and birth date never leave the gateway except to
    sanctions screening."""

    name: Text | None = None
    birth_date: Day | None = None
    country: CountryCode | None = None
    account: AccountId | None = None


class Counterparty(Party):
    """Who receives, and how long the payer knows them."""

    first_used_at: Instant | None = absent(
        "When the payer first used this beneficiary, or added it.",
        examples=["2025-11-03T10:00:00Z"],
    )


class _TransactionFields(Contract):
    transaction_id: Identifier
    account_id: AccountId
    amount_minor: AmountMinor
    currency: CurrencyCode
    occurred_at: Instant
    kind: Kind
    channel: Channel
    merchant: Merchant | None = None
    device: _DeviceFields | None = None
    location: Location | None = None
    session: Session | None = None
    customer: Party | None = None
    counterparty: Counterparty | None = None
    features: Annotated[
        dict[FeatureName, float | FeatureText | None], Field(max_length=512)
    ] = Field(default_factory=dict)


class TransactionIn(Acceptance, _TransactionFields):
    """The body of `POST /score`: amounts in minor units, times in RFC 3339 with offset."""

    card: CardIn | None = None
    device: DeviceIn | None = None
    contact: ContactIn | None = absent("How the payer can be reached.")


class Transaction(Acceptance, _TransactionFields):
    """A transaction inside the mesh: tokenised, and without names once `redacted`."""

    card: Card | None = None
    device: Device | None = None
    contact: Contact | None = absent("How the payer can be reached, as keyed tokens.")

    @property
    def counted(self) -> bool:
        """Whether it is a payment of its own, which windows, profiles and training count:
        neither a login or signup, nor another request about a payment asked before."""
        return self.kind not in NO_PAYMENTS and self.supersedes is None

    @property
    def is_authenticated(self) -> bool:
        """Whether the payer was strongly authenticated: by the session's second factor, or
        by a challenge of 3-D Secure."""
        if self.session is not None and self.session.two_factor:
            return True
        authentication = self.authentication
        three_ds = authentication.three_ds if authentication else None
        return three_ds is not None and three_ds.is_strong

    def redacted(self) -> Self:
        """The same transaction without names, birth dates and user agent."""
        update: dict[str, object] = {}
        for side in ("customer", "counterparty"):
            party: Party | None = getattr(self, side)
            if party is not None:
                update[side] = party.model_copy(
                    update={"name": None, "birth_date": None}
                )
        if self.device is not None:
            update["device"] = self.device.model_copy(update={"user_agent": None})
        return self.model_copy(update=update)


def absent_blocks(
    payment: TransactionIn | Transaction, named: Collection[str] = ()
) -> tuple[Block, ...]:
    """The blocks that a payment does not bring, in the order of `Block`.

    A block that is given without anything in it that tells payments apart is absent as
    well. `named`: the parties (`customer`, `counterparty`) whose names were given, because
    a payment inside the mesh no longer holds them.
    """
    device, location = payment.device, payment.location
    session = payment.session
    parties = {"customer": payment.customer, "counterparty": payment.counterparty}
    present: dict[str, bool] = {
        "card": payment.card is not None,
        "merchant": payment.merchant is not None,
        "device": device is not None and (device.device_id or device.ip) is not None,
        "location": location is not None
        and (location.country is not None or location.lat is not None),
        "session": session is not None
        and any(getattr(session, name) is not None for name in Session.model_fields),
        **{
            role: role in named
            or (
                party is not None
                and (party.account, party.country, party.name) != (None, None, None)
            )
            for role, party in parties.items()
        },
    }
    return tuple(block for block in get_args(Block) if not present[block])
