"""ISO 8583 authorisation requests (0100) as payments: the data elements by their number,
as text, as switches write them in JSON.

Amounts are already in minor units of their currency. The transmission time has no year: it
is the year that brings it nearest to now.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import RootModel, StringConstraints

from fraud_orchestrator.adapters.fields import Body, MessageInvalid, without_gaps
from fraud_shared.contracts.iso import COUNTRY_TABLE, CURRENCY_OF_NUMBER

Number = Annotated[str, StringConstraints(pattern=r"^(mti|[1-9][0-9]{0,2})$")]
Content = Annotated[str, StringConstraints(max_length=999)]
_COUNTRY = {one.numeric: one.alpha_2 for one in COUNTRY_TABLE if one.numeric}
# Data element 3, its first two digits.
_KINDS = {
    "00": "card_payment",
    "01": "withdrawal",
    "09": "card_payment",
    "17": "withdrawal",
    "20": "refund",
    "26": "payout",
    "28": "payout",
}
# Data element 22, its first two digits.
_ENTRY = {
    "01": "manual",
    "02": "magstripe",
    "05": "chip",
    "07": "contactless",
    "10": "ecommerce",
    "80": "magstripe",
    "81": "ecommerce",
    "82": "ecommerce",
    "90": "magstripe",
    "91": "contactless",
    "95": "chip",
}
_REMOTE = frozenset({"10", "81", "82"})
# Data element 25: electronic commerce, mail or telephone order, account verification.
_ECOMMERCE, _BY_POST, _VERIFICATION = "59", "08", "51"
_CASH_MACHINES = frozenset({"6010", "6011"})


class Iso8583(RootModel[dict[Number, Content]]):
    """The body of `POST /v1/score/iso8583`: `mti` and the data elements by number."""


def payment(
    elements: Mapping[str, str], *, now: datetime, token_of: Callable[[str], str]
) -> Body:
    """The body of `POST /v1/score` for an authorisation request.

    `token_of` makes the keyed token of a card number, which stands for the account where
    element 102 names none. Raises MessageInvalid naming the element.
    """
    if elements.get("mti") != "0100":
        raise MessageInvalid("mti", "is not 0100")
    pan = _digits(elements, "2", 12, 19)
    code = _digits(elements, "3", 6, 6)[:2]
    currency = CURRENCY_OF_NUMBER.get(_digits(elements, "49", 3, 3))
    if currency is None:
        raise MessageInvalid("49", "not an ISO 4217 numeric code")
    amount = int(_digits(elements, "4", 1, 12))
    kind = _KINDS.get(code)
    if kind is None:
        raise MessageInvalid("3", "is a processing code that is no payment")
    condition = elements.get("25", "")
    if condition == _VERIFICATION or (kind == "card_payment" and amount == 0):
        kind = "account_verification"
    entry = elements.get("22", "")[:2]
    mcc = elements.get("18")
    body = {
        "transaction_id": _reference(elements),
        "account_id": elements.get("102", "").strip() or token_of(pan),
        "amount_minor": amount,
        "currency": currency,
        "occurred_at": _sent(elements, now).isoformat(),
        "kind": kind,
        "channel": _channel(kind, mcc, entry, condition),
        "card": {"pan": pan, "entry_mode": _ENTRY.get(entry)},
        "merchant": _merchant(elements, mcc),
        "location": {"country": _place(elements)},
        "counterparty": {"account": elements.get("103", "").strip() or None},
    }
    return without_gaps(body)


def _digits(elements: Mapping[str, str], number: str, least: int, most: int) -> str:
    found = elements.get(number)
    if found is None:
        raise MessageInvalid(number, "is missing")
    if not (found.isascii() and found.isdigit() and least <= len(found) <= most):
        raise MessageInvalid(number, f"not {least} to {most} digits")
    return found


def _reference(elements: Mapping[str, str]) -> str:
    """Acquirer, day and time, trace number, and the retrieval reference where there is one:
    unique, and the same in a repeat of the request."""
    trace = _digits(elements, "11", 6, 6)
    parts = (elements.get("32"), elements.get("7"), trace, elements.get("37"))
    return "-".join(part.strip() for part in parts if part and part.strip())


def _sent(elements: Mapping[str, str], now: datetime) -> datetime:
    text = _digits(elements, "7", 10, 10)
    here = now.astimezone(UTC)
    found = []
    for year in (here.year - 1, here.year, here.year + 1):
        try:
            at = datetime.strptime(f"{year}{text}", "%Y%m%d%H%M%S")  # noqa: DTZ007
        except ValueError:  # the 29th of February, or no date at all
            continue
        found.append(at.replace(tzinfo=UTC))
    if not found:
        raise MessageInvalid("7", "not a date and time as MMDDhhmmss")
    return min(found, key=lambda at: abs(at - here))


def _channel(kind: str, mcc: str | None, entry: str, condition: str) -> str:
    if kind == "withdrawal" or mcc in _CASH_MACHINES:
        return "atm"
    if entry in _REMOTE or condition in (_ECOMMERCE, _BY_POST):
        return "ecommerce"
    return "pos"


def _merchant(elements: Mapping[str, str], mcc: str | None) -> dict[str, Any]:
    merchant = elements.get("42", "").strip()
    terminal = elements.get("41", "").strip()
    if not merchant and not terminal:
        return {}
    name = " ".join(elements.get("43", "")[:25].split())
    return {
        "merchant_id": merchant or terminal,
        "terminal_id": terminal or None,
        "mcc": mcc,
        "country": _place(elements),
        "name": name or None,
    }


def _place(elements: Mapping[str, str]) -> str | None:
    """The country at the end of the acceptor's name and place, or that of the acquirer."""
    written = elements.get("43", "")[38:40].upper()
    if written in _COUNTRY.values():
        return written
    return _COUNTRY.get(elements.get("19", ""))
