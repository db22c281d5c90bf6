"""ISO code lists that messages are checked against: 4217 currencies and 3166-1 countries.

The tables beside this file are generated (`fraud schemas`).
"""

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

# Withdrawn in 2025 and 2026; refunds and records of earlier payments still name them.
_WITHDRAWN = {"ANG": (2, "532"), "BGN": (2, "975")}


class Country(NamedTuple):
    """A country's codes (ISO 3166-1) and its English names."""

    alpha_2: str
    alpha_3: str
    numeric: str
    names: tuple[str, ...]


# Not in ISO 3166, but a country of payments and of sanctions lists all the same.
_KOSOVO = Country("XK", "XKX", "", ("Kosovo", "Republic of Kosovo"))


def _rows(table: str) -> Iterator[str]:
    text = resources.files(__package__).joinpath(table).read_text("utf-8")
    return (row for row in text.splitlines() if row and not row.startswith("#"))


def _country(row: str) -> Country:
    alpha_2, alpha_3, numeric, names = row.split(" ", 3)
    return Country(alpha_2, alpha_3, numeric, tuple(names.split(" | ")))


_CURRENCIES: Mapping[str, tuple[int, str]] = {
    **{
        code: (int(digits), numeric)
        for code, digits, numeric in map(str.split, _rows("iso_4217.txt"))
    },
    **_WITHDRAWN,
}
# How many digits of an amount in minor units stand after the decimal point.
CURRENCY_EXPONENT: Mapping[str, int] = {c: n for c, (n, _) in _CURRENCIES.items()}
CURRENCY_OF_NUMBER: Mapping[str, str] = {n: c for c, (_, n) in _CURRENCIES.items()}
COUNTRY_TABLE: tuple[Country, ...] = (
    *(_country(row) for row in _rows("iso_3166.txt")),
    _KOSOVO,
)
COUNTRIES = frozenset(country.alpha_2 for country in COUNTRY_TABLE)


def _known_currency(code: str) -> str:
    if code not in CURRENCY_EXPONENT:
        raise PydanticCustomError("currency", "not an ISO 4217 currency code")
    return code


def _known_country(code: str) -> str:
    if code not in COUNTRIES:
        raise PydanticCustomError("country", "not an ISO 3166-1 alpha-2 country code")
    return code


CurrencyCode = Annotated[
    str, StringConstraints(min_length=3, max_length=3), AfterValidator(_known_currency)
]
CountryCode = Annotated[
    str, StringConstraints(min_length=2, max_length=2), AfterValidator(_known_country)
]
