"""Countries as people and publishers write them: one code for every spelling.

Codes of two and three letters, numeric codes, short and formal names, in any order of
their words (`Iran, Islamic Republic of`), with or without accents and articles.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

from fraud_shared.contracts.iso import COUNTRIES, COUNTRY_TABLE

_SILENT = frozenset({"the", "of", "and", "region"})
# Words of a state's form. They count where they tell two countries apart (Congo, Korea,
# China), which is looked at first.
_FORMS = frozenset({"republic", "kingdom", "state", "democratic", "people", "peoples"})
_SHORT = {
    "rep": "republic",
    "dem": "democratic",
    "fed": "federal",
    "st": "saint",
    "ste": "saint",
    "is": "islands",
    "isl": "islands",
    "n": "north",
    "s": "south",
}


def country_of(text: str, known: Mapping[frozenset[str], str]) -> str | None:
    """ISO 3166-1 alpha-2 of a country's code or English name, or None.

    `known`: names as `name_keys` made them, which hold more than ISO's own.
    """
    text = text.strip()
    if len(text) <= 3:
        code = text.upper()
        if code in COUNTRIES:
            return code
        if found := _codes().get(code):
            return found
    key = _key(text)
    if not key:
        return None
    return known.get(key) or known.get(key - _FORMS)


def name_keys(more: Iterable[tuple[str, str]] = ()) -> dict[frozenset[str], str]:
    """Every name of ISO 3166, and `more` of (code, name), by the words it has."""
    found = {_key(name): country for country, name in more}
    for country in COUNTRY_TABLE:
        for name in country.names:
            found.setdefault(_key(name), country.alpha_2)
    return found


@cache
def _codes() -> dict[str, str]:
    return {
        code: country.alpha_2
        for country in COUNTRY_TABLE
        for code in (country.alpha_3, country.numeric)
        if code
    }


def _key(name: str) -> frozenset[str]:
    """The words of a name, without accents, case, order and articles."""
    plain = "".join(
        char
        for char in unicodedata.normalize("NFKD", name.casefold())
        if not unicodedata.combining(char) and char not in "'’‘`´ʼ."
    )
    spaced = "".join(char if char.isalnum() else " " for char in plain)
    return frozenset(_SHORT.get(word, word) for word in spaced.split()) - _SILENT
