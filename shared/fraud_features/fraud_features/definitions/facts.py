"""What one payment says by itself, flat: the input of every executor and expression."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from fraud_features.definitions.currency import to_reference
from fraud_features.definitions.mcc import risk_group
from fraud_shared.contracts.iso import CURRENCY_EXPONENT
from fraud_shared.contracts.transaction import Transaction

# Above this a payment enters sums and profiles as this much (100 million euro), so that
# every running sum stays exact in the 53 bits that Lua has.
AMOUNT_CAP = 10**10
# At or below this (5 euro) a card payment looks like a card being tried out.
SMALL_AMOUNT = 500
HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING_MOVED = frozenset(("refund", "account_verification", "login", "signup"))


class Facts(NamedTuple):
    """One payment, flat. Ids are None where the payment has no such party.

    Times are microseconds since 1970 (UTC), amounts euro cents, places micro-degrees.
    `moved` is what the payment adds to sums: nothing for a refund or a verification.
    """

    transaction_id: str
    account: str
    card: str | None
    device: str | None
    ip: str | None
    merchant: str | None
    terminal: str | None
    counterparty: str | None
    country: str | None
    t: int
    amount: int
    moved: int
    small: bool
    kind: str
    channel: str
    entry_mode: str | None
    mcc_group: int | None
    round_amount: bool
    hour: int
    weekday: int
    lat: int | None
    lon: int | None
    customer_country: str | None
    counterparty_country: str | None
    emulator: bool | None
    rooted: bool | None
    failed_logins: int | None
    login_seconds: int | None
    new_device: bool | None
    password_days: int | None
    second_factor: bool | None
    initiator: str | None
    recurring: bool | None
    three_ds_status: str | None
    three_ds_flow: str | None
    liability_shifted: bool | None
    avs: str | None
    cvc: str | None
    payee: str | None
    tokenised: bool | None
    remote_screen: bool | None
    on_the_phone: bool | None
    beneficiary_t: int | None
    billing_address: str | None
    shipping_address: str | None
    request: Mapping[str, float | str | None]


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exactly."""
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def facts_of(payment: Transaction | Mapping[str, Any]) -> Facts:
    """The facts of a transaction, or of a flat row (see `row_of` for its columns)."""
    row = row_of(payment) if isinstance(payment, Transaction) else payment
    get = row.get
    amount_minor, currency, kind = row["amount_minor"], row["currency"], row["kind"]
    occurred = row["occurred_at"]
    t = occurred if isinstance(occurred, int) else microseconds(occurred)
    amount = to_reference(amount_minor, currency)
    moved = moved_by(kind, amount)
    hours = t // HOUR_US
    card = get("card_token")
    # The type of a tuple that is unpacked does not say how many it holds.
    return Facts(  # type: ignore[call-arg]
        row["transaction_id"],
        row["account_id"],
        card,
        get("device_id"),
        get("ip"),
        get("merchant_id"),
        get("terminal_id"),
        get("counterparty_account"),
        get("country") or get("merchant_country"),
        t,
        amount,
        moved,
        card is not None and is_small(kind, amount),
        kind,
        row["channel"],
        get("entry_mode"),
        risk_group(get("mcc")),
        amount_minor > 0
        and amount_minor % 10 ** (CURRENCY_EXPONENT[currency] + 1) == 0,
        hours % 24,
        (hours // 24 + 3) % 7,
        *micro_degrees(get("lat"), get("lon")),
        get("customer_country"),
        get("counterparty_country"),
        get("is_emulator"),
        get("is_rooted"),
        get("failed_logins_1h"),
        get("seconds_since_login"),
        get("is_new_device"),
        get("days_since_password_change"),
        get("two_factor"),
        *_acceptance_facts(get),
        get("features") or {},
    )


def _acceptance_facts(get: Callable[[str], Any]) -> tuple[Any, ...]:
    """From `initiator` to `shipping_address`, in the order of `Facts`."""
    return (
        get("initiator"),
        get("recurring"),
        get("three_ds_status"),
        get("three_ds_flow"),
        get("liability_shift"),
        get("avs"),
        get("cvc"),
        get("payee"),
        get("network_token"),
        get("remote_access"),
        get("call_in_progress"),
        _moment(get("beneficiary_first_used_at")),
        get("billing_address"),
        get("shipping_address"),
    )


def entities_of(payment: Transaction) -> Iterator[tuple[str, str]]:
    """Kind and id of the parties and places of a payment."""
    card, merchant, device = payment.card, payment.merchant, payment.device
    found = {
        "account": payment.account_id,
        "card": card and card.token,
        "device": device and device.device_id,
        "ip": device and device.ip,
        "merchant": merchant and merchant.merchant_id,
        "terminal": merchant and merchant.terminal_id,
        "counterparty": payment.counterparty and payment.counterparty.account,
    }
    yield from ((kind, name) for kind, name in found.items() if name)


def moved_by(kind: str, amount: int) -> int:
    """What a payment of an amount in euro cents adds to sums."""
    return 0 if kind in NOTHING_MOVED else min(amount, AMOUNT_CAP)


def is_small(kind: str, amount: int) -> bool:
    """Whether a card payment of this amount looks like a card being tried out."""
    return kind != "refund" and amount <= SMALL_AMOUNT


def micro_degrees(
    lat: float | None, lon: float | None
) -> tuple[int | None, int | None]:
    """A place in whole micro-degrees; half a place is none."""
    if lat is None or lon is None:
        return None, None
    return round(lat * 1_000_000), round(lon * 1_000_000)


def row_of(payment: Transaction) -> dict[str, Any]:
    """The flat row of a transaction: the columns that `facts_of` and `frame` read."""
    row: dict[str, Any] = {
        "transaction_id": payment.transaction_id,
        "account_id": payment.account_id,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "occurred_at": payment.occurred_at,
        "kind": payment.kind,
        "channel": payment.channel,
        "features": payment.features,
    }
    if (card := payment.card) is not None:
        row |= {"card_token": card.token, "entry_mode": card.entry_mode}
    if (merchant := payment.merchant) is not None:
        row |= {
            "merchant_id": merchant.merchant_id,
            "terminal_id": merchant.terminal_id,
            "mcc": merchant.mcc,
            "merchant_country": merchant.country,
        }
    if (device := payment.device) is not None:
        row |= {
            "device_id": device.device_id,
            "ip": device.ip,
            "is_emulator": device.is_emulator,
            "is_rooted": device.is_rooted,
        }
    if (place := payment.location) is not None:
        row |= {"lat": place.lat, "lon": place.lon, "country": place.country}
    if (session := payment.session) is not None:
        row |= {
            "failed_logins_1h": session.failed_logins_1h,
            "seconds_since_login": session.seconds_since_login,
            "is_new_device": session.is_new_device,
            "days_since_password_change": session.days_since_password_change,
            "two_factor": session.two_factor,
        }
    if payment.customer is not None:
        row["customer_country"] = payment.customer.country
    if (counterparty := payment.counterparty) is not None:
        row["counterparty_account"] = counterparty.account
        row["counterparty_country"] = counterparty.country
        if counterparty.first_used_at is not None:
            row["beneficiary_first_used_at"] = microseconds(counterparty.first_used_at)
    _add_acceptance(row, payment)
    return row


def _add_acceptance(row: dict[str, Any], payment: Transaction) -> None:
    """The columns of `contracts.acceptance`, where the payment has them: few have all."""
    if (authentication := payment.authentication) is not None:
        if (three_ds := authentication.three_ds) is not None:
            row |= {
                "three_ds_status": three_ds.status,
                "three_ds_flow": three_ds.flow,
                "liability_shift": three_ds.liability_shift,
            }
        row |= {
            "avs": authentication.avs,
            "cvc": authentication.cvc,
            "payee": authentication.payee,
        }
    if (initiator := payment.initiator) is not None:
        row["initiator"] = initiator.party
        row["recurring"] = initiator.series_id is not None
    if payment.network_token is not None:
        row["network_token"] = payment.network_token
    if (hints := payment.hints) is not None:
        row["remote_access"] = hints.remote_access
        row["call_in_progress"] = hints.call_in_progress
    if (contact := payment.contact) is not None:
        row["billing_address"] = contact.billing_address
        row["shipping_address"] = contact.shipping_address
    if payment.supersedes is not None:
        row["supersedes"] = payment.supersedes


def _moment(value: int | datetime | None) -> int | None:
    return microseconds(value) if isinstance(value, datetime) else value
