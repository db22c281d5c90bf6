"""From an alignment to numbers: how alike the names are, and how much that proves.

Two logistic formulas, the sign of every term fixed beforehand so that more agreement never
lowers and more contradiction never raises. Their coefficients come from measurements that
`fraud evaluate screening --fit` repeats (README, "How the numbers were found"). Evidence is
in bits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from fraud_sanctions.matching.alignment import Alignment, may_be_identical, most_agreed
from fraud_sanctions.matching.pairing import CandidatePairs

Terms = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """What an alignment proves.

    `similarity`: probability, 0-1, that two names so alike are one name, whatever its
    rarity; `strength`: evidence in what agrees, 0-1; `logit`: log odds that a party drawn
    from a population, with nothing known but this name, is the listed one.
    """

    similarity: float
    strength: float
    logit: float


_NOTHING = -20.0
# Sums of the same terms in another order differ by less.
_ROUNDING = 1e-9
# Half of the most evidence that any name gives: a common two-part name has about 10 bits,
# a rare three-part name 35.
_HALF_STRENGTH_BITS = 16.0
# The same words exactly: nothing is left to doubt but whether it is the same bearer.
_IDENTICAL = 3.2
# All of a listed name that is rare enough, among other words: a place, a remark, a branch. A
# possible match, by the bands that are shipped.
CONTAINED = 0.2
CONTAINED_BITS = 14.0
# By definition, not by fit: another number or another father is another party.
_CONTRADICTION = -4.0
_MOST_CONTRADICTED = -1.0
_NUMBER_MISSING = -1.0
# One romanisation stands for many names in Han and Hangul.
_ROMANISED = -1.0

# Too much in doubt to decide by the name alone, however rare: a person has to look.
_DOUBTFUL = 2.0
# Nothing is left over on either side, and no word is unlike its partner.
_COMPLETE, _COMPLETE_BITS, _COMPLETE_LEAST = 0.0, 16.0, 0.7
# The same, in all but the spelling of a sound.
_SAME_SOUNDS, _SAME_SOUNDS_LEAST = 0.5, 0.965

# What is called by more than these words of every day is another company.
_EVERYDAY_BITS, _EVERYDAY = 14.0, -0.5

# Term: sign it may have. The first term of each is the constant, free in sign.
SCORE_TERMS = {
    "constant": 0, "agreed to 10": 1, "agreed 10 to 20": 1, "agreed 20 to 35": 1,
    "share of the query": 1, "share of the listed": 1, "whole": 1, "doubt": -1,
    "least alike": -1, "surplus, person": -1, "surplus, other": -1, "conflict, person": -1,
    "initials": -1,
}  # fmt: skip
SCORE = (
    -8.75, 0.0, 0.355, 0.556, 5.82, 1.097, 3.789, -0.372, -1.234, -0.083, 0.0, -0.046, 0.0,
)  # fmt: skip
SIMILARITY_TERMS = {
    "constant": 0, "doubt": -1, "least alike": -1, "surplus listed": -1,
    "surplus asked": -1, "whole": 1, "conflict": -1, "father exchanged": -1,
    "native differs": -1, "number missing": -1, "form differs": -1, "extra, other": -1,
}  # fmt: skip
SIMILARITY = (
    1.748, -1.306, -4.814, -1.768, -1.046, 2.017, -4.584, -5.102, -5.007, -2.908, -4.981,
    -0.916,
)  # fmt: skip


def weigh(alignment: Alignment, *, person: bool) -> NameEvidence:
    """What an alignment proves; `person`: whether the listed entity is one."""
    return NameEvidence(
        similarity(alignment, person=person),
        alignment.agreed / (alignment.agreed + _HALF_STRENGTH_BITS),
        log_odds(alignment, person=person),
    )


def score_terms(alignment: Alignment, *, person: bool) -> Terms:
    """What the log odds are a weighted sum of, in the order of `SCORE_TERMS`."""
    agreed, doubt = alignment.agreed, alignment.doubt
    query_left, listed_left = alignment.query_named, alignment.listed_named
    met = agreed + doubt
    conflict = min(query_left, listed_left)
    surplus = listed_left - conflict
    return (
        1.0,
        min(agreed, 10.0),
        min(max(agreed - 10.0, 0.0), 10.0),
        min(max(agreed - 20.0, 0.0), 15.0),
        agreed / (met + query_left),
        agreed / (met + listed_left),
        alignment.whole**2,
        doubt,
        1.0 - alignment.least,
        surplus if person else 0.0,
        0.0 if person else surplus,
        conflict if person else 0.0,
        float(min(alignment.initials, 2)),
    )


def log_odds(alignment: Alignment, *, person: bool) -> float:
    """Fitted on withheld aliases of published lists against innocent people's names."""
    if alignment.agreed <= 0.0:
        return _NOTHING
    logit: float = sum(map(mul, SCORE, score_terms(alignment, person=person)))
    if alignment.number_missing:
        logit += _NUMBER_MISSING
    if alignment.romanised:
        logit += _ROMANISED
    doubtful = alignment.order_differs or (
        person and (alignment.romanised or alignment.other_surname)
    )
    if doubtful:
        logit = min(logit, _DOUBTFUL)
    if not person and alignment.listed_words and alignment.agreed < _EVERYDAY_BITS:
        logit = min(logit, _EVERYDAY)
    if alignment.native_differs:
        logit += _CONTRADICTION
    if alignment.numbers_differ or alignment.crossed:
        return min(logit + _CONTRADICTION, _MOST_CONTRADICTED)
    logit = max(logit, _least_log_odds(alignment))
    if alignment.romanised and person:
        return min(logit, _DOUBTFUL)
    return max(logit, _IDENTICAL) if alignment.identical else logit


def _least_log_odds(alignment: Alignment) -> float:
    """What no name falls below in which so much agrees: a person has to look."""
    if alignment.contained and alignment.agreed >= CONTAINED_BITS:
        return CONTAINED
    if alignment.query_words or alignment.listed_words or alignment.initials:
        return _NOTHING
    if any(meeting.how == "consonants" for meeting in alignment.meetings):
        return _NOTHING
    if alignment.romanised or (alignment.order_differs and alignment.least < 1.0):
        return _NOTHING
    if alignment.met > 1 and alignment.least >= _SAME_SOUNDS_LEAST:
        return _SAME_SOUNDS
    enough = alignment.agreed >= _COMPLETE_BITS
    return _COMPLETE if enough and alignment.least >= _COMPLETE_LEAST else _NOTHING


def most_log_odds(found: CandidatePairs) -> float:
    """No less than the log odds of the names however their words are paired.

    The terms that may only lower are left out, the others are as high as they can be: none
    falls when more agrees.
    """
    reached = most_agreed(found)
    if reached is None:
        return math.inf
    agreed, left = reached
    if agreed <= 0.0:
        return _NOTHING
    most = _ROUNDING + SCORE[0] + SCORE[5] + SCORE[6] * found.whole**2
    most += SCORE[1] * min(agreed, 10.0) + SCORE[4] * agreed / (agreed + left)
    if agreed > 10.0:
        most += SCORE[2] * min(agreed - 10.0, 10.0)
        most += SCORE[3] * min(max(agreed - 20.0, 0.0), 15.0)
    if agreed >= CONTAINED_BITS:
        most = max(most, CONTAINED)
    if not left and len(found.asked.words) > 1:
        most = max(most, _SAME_SOUNDS)
    return max(most, _IDENTICAL) if may_be_identical(found) else most


def similarity_terms(alignment: Alignment, *, person: bool) -> Terms:
    """What the similarity is made of, in the order of `SIMILARITY_TERMS`.

    Words left over on both sides (`Ahmed al-Rawi`, `Ahmed al-Harbi`) mean two names; words
    left over on one side are usual between writings of one name.
    """
    agreed, doubt = alignment.agreed, alignment.doubt
    query_left, listed_left = alignment.query_left, alignment.listed_left
    met = agreed + doubt
    conflict = min(query_left, listed_left)
    extra = alignment.query_words + alignment.listed_words
    return (
        1.0,
        doubt / met,
        1.0 - alignment.least,
        (listed_left - conflict) / (met + listed_left),
        (query_left - conflict) / (met + query_left),
        alignment.whole**2,
        float(conflict > 0.0),
        float(alignment.crossed),
        float(alignment.native_differs),
        float(alignment.number_missing and not person),
        float(alignment.forms_differ),
        float(not person and extra > 0),
    )


def similarity(
    alignment: Alignment, *, person: bool, coefficients: Sequence[float] = SIMILARITY
) -> float:
    """Fitted on pairs of names judged the same or not; 0.5 is even odds there."""
    if alignment.agreed <= 0.0:
        return 0.0
    if alignment.identical and not alignment.forms_differ:
        return 1.0
    logit = sum(map(mul, coefficients, similarity_terms(alignment, person=person)))
    if alignment.numbers_differ:
        logit = min(logit, _MOST_CONTRADICTED)
    return min(probability(logit), 0.999)


def probability(logit: float) -> float:
    """The logistic function, without overflow."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))


def log_odds_of(chance: float) -> float:
    """The inverse of `probability`, within -30 and 30."""
    if chance <= 0.0 or chance >= 1.0:
        return -30.0 if chance <= 0.0 else 30.0
    return math.log(chance / (1.0 - chance))
