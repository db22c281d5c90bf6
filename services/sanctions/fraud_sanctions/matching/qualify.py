"""Birth date, country and kind of party: agree raises, contradict lowers, missing is neutral."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fraud_sanctions.dates import DateSpan, span
from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedIdentifier,
    Party,
)

# In the unit of the evidence (log odds). A full date agreeing by chance is rare; a wrong
# one is common on lists, hence lowers less than it raises; nationality is weak both ways.
_SAME_DAY = 4.0
_SAME_MONTH = 2.2
_SAME_YEAR = 1.2
_DAYS_DIFFER = -1.0
_MONTHS_DIFFER = -0.5
_YEARS_DIFFER = -3.5
# A span of so many years holds almost anybody.
_MOST_YEARS = 40
# Years by which an approximate date may be off: of a year, of a day.
_ABOUT_YEARS, _ABOUT_DAYS = 5, 2
_SAME_COUNTRY = 0.6
_OTHER_COUNTRY = -0.7
_OTHER_KIND = -2.5
# Ships and aircraft are called after people, who are not therefore listed: more than the
# same name can say.
_PERSON_OR_CRAFT = -15.0
_CRAFT = frozenset({"vessel", "aircraft"})
# One document or registration number belongs to one bearer; another one of the same kind
# may be a renewed passport.
_SAME_NUMBER = 8.0
_OTHER_NUMBER = -0.7
# A shorter number may be that of many.
_TELLING_LENGTH = 6
# A person has to look: however rare the name, when born in another year; whatever the name,
# when an identifier agrees. A possible match, by the bands that are shipped.
ALMOST = 2.0


@dataclass(frozen=True, slots=True)
class Qualification:
    """The sum of what the other facts say, in log odds, and each in words.

    `floor`, `ceiling`: log odds that no name falls below, and none exceeds, with these facts.
    """

    shift: float
    floor: float
    ceiling: float
    reasons: tuple[str, ...]


def most_shift(party: Party) -> float:
    """The most that the facts given about a party can add to a name."""
    return (
        (_SAME_DAY if party.birth_date else 0.0)
        + (_SAME_COUNTRY if party.country else 0.0)
        + (_SAME_NUMBER if party.identifiers else 0.0)
    )


def qualify(party: Party, entity: ListedEntity) -> Qualification:
    """What everything but the name says about party and entity being the same."""
    found: list[tuple[float, str]] = []
    kind = kind_of(party)
    if kind and (shift := _kinds(kind, entity.kind)):
        found.append((shift, f"listed as {entity.kind}"))
    if party.birth_date and entity.birth_dates and entity.kind == "person":
        given = (party.birth_date, *party.other_birth_dates)
        found += _births(given, entity.birth_dates)
    if party.country and entity.countries:
        same = not {party.country, *party.other_countries}.isdisjoint(entity.countries)
        found.append(
            (_SAME_COUNTRY, "country agrees")
            if same
            else (_OTHER_COUNTRY, "country differs")
        )
    if party.identifiers and entity.identifiers:
        found.append(_numbers(party.identifiers, entity.identifiers))
    return Qualification(
        sum(shift for shift, _ in found),
        ALMOST if shares_number(party, entity) else -math.inf,
        ALMOST if any(shift <= _YEARS_DIFFER for shift, _ in found) else math.inf,
        tuple(text for _, text in found if text),
    )


def is_informative(number: ListedIdentifier) -> bool:
    """Whether a number alone leads to its bearer."""
    return len(number.value) >= _TELLING_LENGTH


def shares_number(party: Party, entity: ListedEntity) -> bool:
    """Whether the two have a number that alone leads to its bearer."""
    if not party.identifiers:
        return False
    listed = {number.value for number in entity.identifiers if is_informative(number)}
    return any(number.value in listed for number in party.identifiers)


def kind_of(party: Party) -> EntityKind | None:
    """What the party is, as far as it is known: whoever was born is a person."""
    return party.kind or ("person" if party.birth_date else None)


def _kinds(given: EntityKind, listed: EntityKind) -> float:
    if given == listed or not {"person", "vessel"} & {given, listed}:
        return 0.0
    both = {given, listed}
    return _PERSON_OR_CRAFT if "person" in both and both & _CRAFT else _OTHER_KIND


def _numbers(
    given: Sequence[ListedIdentifier], listed: Sequence[ListedIdentifier]
) -> tuple[float, str]:
    values = {number.value for number in listed}
    if any(number.value in values for number in given):
        return _SAME_NUMBER, "identifier agrees"
    if {number.kind for number in given} & {number.kind for number in listed}:
        return _OTHER_NUMBER, "identifier differs"
    return 0.0, ""


def _births(given: Sequence[str], listed: Sequence[str]) -> list[tuple[float, str]]:
    """The kindest reading over all dates; nothing where either side has none that says
    anything."""
    ours, theirs = _known(given), _known(listed)
    if not ours or not theirs:
        return []
    readings = (_birth(one, other) for one in ours for other in theirs)
    return [max(readings, key=lambda found: found[0])]


def _known(texts: Sequence[str]) -> list[DateSpan]:
    spans = map(span, texts)
    return [found for found in spans if found and not found.is_placeholder]


def _birth(given: DateSpan, listed: DateSpan) -> tuple[float, str]:
    """What two dates say, as closely as both are known."""
    if given.meets(listed):
        return _agreement(given, listed)
    apart = given.years_apart(listed)
    if apart <= _tolerance(given, listed) or given.is_epoch:
        return 0.0, ""
    if apart:
        # The last digit of a year is what is misread most.
        return (0.0, "") if apart == 1 else (_YEARS_DIFFER, "birth year differs")
    if given.is_new_year or listed.is_new_year:
        return 0.0, ""  # that day stands for a year of which no more is known
    if given.precision == "day" == listed.precision:
        swapped = _swapped(given.first) == listed.first
        return (0.0, "") if swapped else (_DAYS_DIFFER, "birth day differs")
    return _MONTHS_DIFFER, "birth month differs"


def _agreement(given: DateSpan, listed: DateSpan) -> tuple[float, str]:
    years = max(given.years, listed.years)
    found = {given.precision, listed.precision}
    if given.about or listed.about:
        return _SAME_YEAR / 2 * _span_share(years), "birth date agrees approximately"
    if years > 1 or "range" in found:
        return _SAME_YEAR * _span_share(years), "birth date agrees within a range"
    if "year" in found or given.is_epoch:
        return _SAME_YEAR, "birth year agrees"
    if "month" in found:
        return _SAME_MONTH, "birth month agrees"
    return _SAME_DAY, "birth date agrees"


def _span_share(years: int) -> float:
    """The share of a year's evidence that is left in a span of so many years."""
    return max(0.0, 1.0 - math.log(years) / math.log(_MOST_YEARS))


def _tolerance(given: DateSpan, listed: DateSpan) -> int:
    """Years by which two dates, one of them approximate, may differ and contradict nothing;
    below zero when both are exact."""
    return max(
        (
            _ABOUT_DAYS if one.precision in ("day", "month") else _ABOUT_YEARS
            for one in (given, listed)
            if one.about
        ),
        default=-1,
    )


def _swapped(day: date) -> date | None:
    """Day and month exchanged, where that is a date."""
    return day.replace(month=day.day, day=day.month) if day.day <= 12 else None
