"""Entries of lists in the form that fields have, and those that no field can ever equal.

A list of eight digits asked about six, or of country names asked about codes, would load
without complaint and never match.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from fraud_shared.contracts import card_numbers
from fraud_shared.contracts.canonical import account_text
from fraud_shared.contracts.countries import country_of, name_keys
from fraud_shared.contracts.iso import CURRENCY_EXPONENT

Form = Callable[[str], str | None]
_ASKED = re.compile(r"\bin_(\w+)\(\s*([^()]*?)\s*\)")


def _digits(count: int) -> Form:
    wanted = re.compile(rf"[0-9]{{{count}}}")
    return lambda text: text if wanted.fullmatch(text) else None


@cache
def _names() -> Mapping[frozenset[str], str]:
    return name_keys()


def _country(text: str) -> str | None:
    return country_of(text, _names())


def _currency(text: str) -> str | None:
    return text.upper() if text.upper() in CURRENCY_EXPONENT else None


def _address(text: str) -> str | None:
    # Addresses travel as keyed tokens.
    return text if text.startswith("ip_") else None


# The fields whose values have one form.
FORMS: Mapping[str, Form] = {
    "card_bin": _digits(6),
    "card_bin_8": _digits(8),
    "mcc": _digits(4),
    "currency": _currency,
    "ip": _address,
    "account_id": account_text,
    "counterparty_account": account_text,
    **dict.fromkeys(
        (
            "merchant_country",
            "location_country",
            "customer_country",
            "counterparty_country",
        ),
        _country,
    ),
}


def asked_of(sources: Iterable[str]) -> dict[str, set[str]]:
    """By list, what rules ask it about: fields, or other texts."""
    found: dict[str, set[str]] = {}
    for source in sources:
        for name, about in _ASKED.findall(source):
            found.setdefault(name, set()).add(about)
    return found


def canonical(
    name: str, entries: tuple[str, ...], fields: set[str]
) -> tuple[frozenset[str], list[tuple[str, str]]]:
    """The entries as the fields write them, and what is wrong, by place: never an entry."""
    found: set[str] = set()
    problems: list[tuple[str, str]] = []
    for number, entry in enumerate(entries):
        place = f"lists.{name}.entries.{number}"
        if card_numbers.contains(entry):
            problems.append((place, "looks like a card number; lists hold tokens"))
            continue
        forms = {FORMS[field](entry) if field in FORMS else entry for field in fields}
        forms.discard(None)
        if fields and not forms:
            problems.append((place, f"can never equal {' or '.join(sorted(fields))}"))
        found.update(form for form in forms or {entry} if form is not None)
    return frozenset(found), problems
