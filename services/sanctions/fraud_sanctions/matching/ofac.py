"""A score close to the one OFAC's own search page shows, for those who must compare.

After OFAC's FAQ 249: the name as a whole by Jaro-Winkler, and part by part by Jaro-Winkler
and Soundex; the higher of the two, in per cent. Only parts and names with the same first
letter and at least half their letters in common are compared. The Jaro-Winkler is the one
without the threshold of 0.7 below which the common one gives no bonus for a shared
beginning. The page does not transliterate; no birth date or country enters.
"""

import re
import unicodedata
from collections.abc import Sequence

import jellyfish
from rapidfuzz.distance import Jaro, Levenshtein

_PREFIX = 4
_BONUS = 0.1
_LEAST_ALIKE = 0.5
_SHORTEST_PART = 3
# A part that only sounds the same counts at least this much.
_SOUNDS_ALIKE = 0.85
_WORD = re.compile(r"[A-Z0-9]+")


def ofac_score(query: str, names: Sequence[str]) -> float:
    """The best score of a query against the names of one listed entity, 0-100."""
    asked = _words(query)
    return max((_score(asked, _words(name)) for name in names), default=0.0)


def _words(text: str) -> list[str]:
    flat = unicodedata.normalize("NFKD", text.upper())
    return _WORD.findall("".join(c for c in flat if not unicodedata.combining(c)))


def _score(asked: Sequence[str], listed: Sequence[str]) -> float:
    whole = _alike(" ".join(asked), " ".join(listed))
    parts = [part for part in asked if len(part) >= _SHORTEST_PART]
    if not parts:
        return round(100 * whole)
    best = [
        max((_part(part, other) for other in listed), default=0.0) for part in parts
    ]
    return round(100 * max(whole, sum(best) / len(best)))


def _part(asked: str, listed: str) -> float:
    alike = _alike(asked, listed)
    if alike and jellyfish.soundex(asked) == jellyfish.soundex(listed):
        return max(alike, _SOUNDS_ALIKE)
    return alike


def _alike(one: str, other: str) -> float:
    if not one or not other or one[0] != other[0]:
        return 0.0
    if Levenshtein.normalized_similarity(one, other) < _LEAST_ALIKE:
        return 0.0
    jaro = float(Jaro.similarity(one, other))
    shared = 0
    for a, b in zip(one[:_PREFIX], other[:_PREFIX], strict=False):
        if a != b:
            break
        shared += 1
    return jaro + shared * _BONUS * (1.0 - jaro)
