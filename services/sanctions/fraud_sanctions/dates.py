"""A date as a span of days with a precision: what is known of when somebody was born.

Written in Extended Date/Time Format (ISO 8601-2): `1960`, `1960-05`, `1960-05-07`, `1960~`
(about), `1960/1964` (between), `../1960` (at latest), `1970/..` (at earliest).
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal

Precision = Literal["day", "month", "year", "range"]
EARLIEST_YEAR = 1850
_OPEN = ".."
_POINT = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(~?)")
# What systems and clerks put where no date is known: the first or last day of a calendar,
# of a spreadsheet, of a database, or a key held down.
_PLACEHOLDERS = frozenset(
    {
        date(1, 1, 1), date(1111, 11, 11), date(1582, 10, 15), date(1600, 1, 1),
        date(1601, 1, 1), date(1752, 9, 14), date(1753, 1, 1), date(1800, 1, 1),
        date(1850, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1),
        date(1900, 1, 2), date(1901, 1, 1), date(1904, 1, 1), date(2222, 2, 2),
        date(9999, 12, 31), date(9999, 9, 9),
    }
)  # fmt: skip
# Where the clocks of computers begin. People are born on that day, too.
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DateSpan:
    """From `first` to `last`, both included. `about`: either may be off by some years."""

    first: date
    last: date
    about: bool = False

    @property
    def precision(self) -> Precision:
        """How closely the day is known."""
        if self.first == self.last:
            return "day"
        if self.first.year != self.last.year:
            return "range"
        return "month" if self.first.month == self.last.month else "year"

    @property
    def years(self) -> int:
        """How many years the day may lie in."""
        return self.last.year - self.first.year + 1

    @property
    def is_placeholder(self) -> bool:
        """Whether it stands for no date at all."""
        return self.precision == "day" and self.first in _PLACEHOLDERS

    @property
    def is_epoch(self) -> bool:
        """Whether it is the day that computers give where none is known."""
        return self.precision == "day" and self.first == _EPOCH

    @property
    def is_new_year(self) -> bool:
        """Whether it is a 1 January, which often says no more than the year."""
        return self.precision == "day" and (self.first.month, self.first.day) == (1, 1)

    def meets(self, other: "DateSpan") -> bool:
        """Whether some day lies in both."""
        return self.first <= other.last and other.first <= self.last

    def years_apart(self, other: "DateSpan") -> int:
        """Calendar years between the two; 0 where both have a day in one year."""
        return max(
            0, self.first.year - other.last.year, other.first.year - self.last.year
        )


def day(year: int, month: int = 0, number: int = 0) -> str | None:
    """The text of a day, month or year; None where there is no such date, or it is one that
    stands for none, or nobody living or listed was born then."""
    if not EARLIEST_YEAR <= year <= datetime.now(UTC).year:
        return None
    if not month:
        return f"{year}"
    if not 1 <= month <= 12:
        return None
    if not number:
        return f"{year}-{month:02d}"
    if not 1 <= number <= calendar.monthrange(year, month)[1]:
        return None
    if date(year, month, number) in _PLACEHOLDERS:
        return None
    return f"{year}-{month:02d}-{number:02d}"


def years(text: str) -> tuple[str, ...]:
    """The same in plain ISO 8601, for readers that know nothing else: a day, month or year;
    of a range its first and last year."""
    parts = [part.rstrip("~") for part in text.split("/") if part != _OPEN]
    return tuple(dict.fromkeys(parts if len(parts) == 1 else [p[:4] for p in parts]))


@lru_cache(maxsize=1 << 16)
def span(text: str) -> DateSpan | None:
    """The span that a text in this format means, or None where it means none."""
    first, slash, last = text.partition("/")
    if not slash:
        return _point(text)
    start = _point(first) if first != _OPEN else DateSpan(date.min, date.min)
    end = _point(last) if last != _OPEN else DateSpan(date.max, date.max)
    if start is None or end is None or start.first > end.last:
        return None
    return DateSpan(start.first, end.last, start.about or end.about)


def _point(text: str) -> DateSpan | None:
    match = _POINT.fullmatch(text)
    if match is None:
        return None
    year, month, number = (int(part or 0) for part in match.groups()[:3])
    if not year or month > 12:
        return None
    about = bool(match[4])
    if not month:
        return DateSpan(date(year, 1, 1), date(year, 12, 31), about)
    most = calendar.monthrange(year, month)[1]
    if number > most:
        return None
    if number:
        one = date(year, month, number)
        return DateSpan(one, one, about)
    return DateSpan(date(year, month, 1), date(year, month, most), about)
