"""From an alignment to numbers: how alike the names are, and how much that proves."""

import math
from dataclasses import dataclass

from fraud_sanctions.match import Alignment

# Fitted by logistic regression with the sign of every term fixed beforehand, on one half
# of withheld aliases of published lists against generated and real innocent names
# (README, "How the numbers were found"). Evidence is in bits.
_BASE = -7.23
_EARLY_BITS = 0.0
_MIDDLE_BITS = 0.224
_LATE_BITS = 0.118
_QUERY_COVERED = 4.69
_LISTED_COVERED = 0.84
_WHOLE = 3.72
_CONFLICT = -0.071
_DOUBT = -0.231
_LISTED_SURPLUS = -0.024
_INITIALS = -0.386
# By definition, not by fit: another number or another father is another party.
_CONTRADICTION = -4.0
_MOST_CONTRADICTED = -1.0
# The same words exactly: nothing is left to doubt but whether it is the same bearer.
_IDENTICAL = 3.5
_HALF_STRENGTH_BITS = 16.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """`similarity` of the names and `strength` of what agrees, 0-1; `logit` of a match."""

    similarity: float
    strength: float
    logit: float


def weigh(alignment: Alignment, *, person: bool) -> Evidence:
    """What an alignment proves."""
    agreed, doubt = alignment.agreed, alignment.doubt
    if agreed <= 0.0:
        return Evidence(0.0, 0.0, -20.0)
    met = agreed + doubt
    query_left, listed_left = alignment.query_left, alignment.listed_left
    conflict = min(query_left, listed_left)
    contradiction = alignment.numbers_differ or alignment.crossed
    logit = (
        _BASE
        + _MIDDLE_BITS * min(max(agreed - 10.0, 0.0), 10.0)
        + _LATE_BITS * min(max(agreed - 20.0, 0.0), 15.0)
        + _QUERY_COVERED * agreed / (met + query_left)
        + _LISTED_COVERED * agreed / (met + listed_left)
        + _WHOLE * alignment.whole**2
        + (_CONFLICT * conflict if person else 0.0)
        + _LISTED_SURPLUS * (listed_left - conflict)
        + _DOUBT * doubt
        + _INITIALS * min(alignment.initials, 2)
    )
    if contradiction:
        logit = min(logit + _CONTRADICTION, _MOST_CONTRADICTED)
    if alignment.identical:
        logit = max(logit, _IDENTICAL)
    strength = agreed / (agreed + _HALF_STRENGTH_BITS)
    return Evidence(_likeness(alignment), strength, logit)


def _likeness(alignment: Alignment) -> float:
    """Agreement of the names whatever their rarity; a conflict counts twice."""
    if alignment.identical:
        return 1.0
    agreed, doubt = alignment.agreed, alignment.doubt
    left = alignment.query_left + 0.5 * alignment.listed_left
    conflict = min(alignment.query_left, alignment.listed_left)
    share = agreed / (agreed + doubt + left + conflict)
    if alignment.numbers_differ or alignment.crossed:
        share *= 0.6
    return min(share, 0.999)


def probability(logit: float) -> float:
    """The logistic function, without overflow."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit))))
