"""Values as lists print them: countries and birth dates."""

import re
from functools import cache

from fraud_sanctions.tables import lines
from fraud_shared.contracts.iso import COUNTRIES

_MONTH_NAMES = "janfebmaraprmayjunjulaugsepoctnovdec"
_MONTHS = {_MONTH_NAMES[i * 3 : i * 3 + 3]: i + 1 for i in range(12)}
_DAY_MONTH_YEAR = re.compile(r"(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4})")
_MONTH_YEAR = re.compile(r"([A-Za-z]{3})[a-z]* (\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")
_YEAR = re.compile(r"\b(1[89]\d{2}|20\d{2})\b")


@cache
def _country_names() -> dict[str, str]:
    found = {}
    for line in lines("countries"):
        code, _, names = line.partition(":")
        for name in names.split("|"):
            found[name.strip()] = code.strip()
    return found


def country_code(text: str) -> str | None:
    """ISO 3166 alpha-2 for a code or an English country name, or None."""
    text = text.strip()
    if text.upper() in COUNTRIES:
        return text.upper()
    return _country_names().get(text.casefold())


def birth_dates(text: str) -> tuple[str, ...]:
    """Dates in a printed field as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.

    A range (`1960 to 1963`) gives each year in it, up to ten.
    """
    text = text.strip()
    if match := _ISO.search(text):
        return ("-".join(part for part in match.groups() if part),)
    if match := _DAY_MONTH_YEAR.search(text):
        day, month, year = match.groups()
        if number := _MONTHS.get(month.lower()):
            return (f"{year}-{number:02d}-{int(day):02d}",)
    if (match := _MONTH_YEAR.search(text)) and (
        number := _MONTHS.get(match.group(1).lower())
    ):
        return (f"{match.group(2)}-{number:02d}",)
    years = [int(year) for year in _YEAR.findall(text)]
    if len(years) == 2 and years[0] < years[1] <= years[0] + 10:
        years = list(range(years[0], years[1] + 1))
    return tuple(str(year) for year in years)
