"""From an alignment to numbers: how alike the names are, and how much that proves.

Two logistic formulas, the sign of every term fixed beforehand so that more agreement never
lowers and more contradiction never raises. Their coefficients come from measurements that
`evaluate` repeats (README, "How the numbers were found"). Evidence is in bits.
"""

import math
from dataclasses import dataclass

from fraud_sanctions.match import Alignment


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an alignment proves.

    `similarity`: probability, 0-1, that two names so alike are one name, whatever its
    rarity; `strength`: evidence in what agrees, 0-1; `logit`: log odds that a party drawn
    from a population, with nothing known but this name, is the listed one.
    """

    similarity: float
    strength: float
    logit: float


_NOTHING = Evidence(0.0, 0.0, -20.0)
# Half of the most evidence that any name gives: a common two-part name has about 10 bits,
# a rare three-part name 35.
_HALF_STRENGTH_BITS = 16.0
# The same words exactly: nothing is left to doubt but whether it is the same bearer.
_IDENTICAL = 3.2
# By definition, not by fit: another number or another father is another party.
_CONTRADICTION = -4.0
_MOST_CONTRADICTED = -1.0
_NUMBER_MISSING = -1.0


def weigh(alignment: Alignment, *, person: bool) -> Evidence:
    """What an alignment proves; `person`: whether the listed entity is one."""
    if alignment.agreed <= 0.0:
        return _NOTHING
    strength = alignment.agreed / (alignment.agreed + _HALF_STRENGTH_BITS)
    return Evidence(
        _similarity(alignment, person), strength, _log_odds(alignment, person)
    )


def _log_odds(alignment: Alignment, person: bool) -> float:
    """Fitted on withheld aliases of published lists against innocent people's names."""
    agreed, doubt = alignment.agreed, alignment.doubt
    query_left, listed_left = alignment.query_left, alignment.listed_left
    met = agreed + doubt
    conflict = min(query_left, listed_left)
    surplus = listed_left - conflict
    logit = (
        -8.88
        + 0.029 * min(agreed, 10.0)
        + 0.376 * min(max(agreed - 10.0, 0.0), 10.0)
        + 0.177 * min(max(agreed - 20.0, 0.0), 15.0)
        + 5.85 * agreed / (met + query_left)
        + 0.66 * agreed / (met + listed_left)
        + 4.20 * alignment.whole**2
        - 0.153 * doubt
        - 3.61 * (1.0 - alignment.least)
        - (0.082 if person else 0.051) * surplus
        - (0.074 * conflict if person else 0.0)
        - 0.28 * min(alignment.initials, 2)
        + (_NUMBER_MISSING if alignment.number_missing else 0.0)
    )
    if alignment.numbers_differ or alignment.crossed:
        return min(logit + _CONTRADICTION, _MOST_CONTRADICTED)
    return max(logit, _IDENTICAL) if alignment.identical else logit


def _similarity(alignment: Alignment, person: bool) -> float:
    """Fitted on pairs of names judged the same or not; 0.5 is even odds there.

    Words left over on both sides (`Ahmed al-Rawi`, `Ahmed al-Harbi`) mean two names; words
    left over on one side are usual between writings of one name.
    """
    if alignment.identical:
        return 1.0
    agreed, doubt = alignment.agreed, alignment.doubt
    query_left, listed_left = alignment.query_left, alignment.listed_left
    met = agreed + doubt
    conflict = min(query_left, listed_left)
    logit = (
        0.73
        - 7.38 * doubt / met
        - 1.57 * (listed_left - conflict) / (met + listed_left)
        + 2.47 * alignment.whole**2
        - (3.45 if conflict > 0.0 else 0.0)
        - (6.64 if alignment.crossed else 0.0)
        - (7.68 if alignment.native_differs else 0.0)
        - (3.98 if alignment.number_missing and not person else 0.0)
    )
    if alignment.numbers_differ:
        logit = min(logit, _MOST_CONTRADICTED)
    return min(probability(logit), 0.999)


def probability(logit: float) -> float:
    """The logistic function, without overflow."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))
