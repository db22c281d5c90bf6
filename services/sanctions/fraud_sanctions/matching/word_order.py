"""Two names of the same syllables in another order."""

import re
from collections.abc import Sequence
from itertools import pairwise

from fraud_sanctions.matching.pairing import TokenMatch
from fraud_sanctions.names.analyse import Name
from fraud_sanctions.names.normalise.spelling import syllabic

_GIVEN_AND_FAMILY = (3, 4)
_VOWEL_RUN = re.compile("[aeiouy]+")


def syllables_exchanged(
    meetings: Sequence[TokenMatch], query: Name, listed: Name
) -> bool:
    """Whether two names of three or four syllables differ in their order, other than by the
    family name at the other end: `Kim Chol Su`, `Kim Su Chol`."""
    count = len(query.words)
    if count not in _GIVEN_AND_FAMILY or len(listed.words) != count:
        return False
    if len(meetings) != count or not all(map(_is_syllable, query.words)):
        return False
    if any(len(meeting.query) + len(meeting.listed) != 2 for meeting in meetings):
        return False
    places = dict(sorted((m.query[0], m.listed[0]) for m in meetings))
    order = list(places.values())
    turns = {(after - before) % count for before, after in pairwise(order)}
    # Syllables that are written alike may stand for one another.
    return turns != {1} and len(set(query.words)) == count


def _is_syllable(word: str) -> bool:
    return bool(syllabic(word)) and len(_VOWEL_RUN.findall(word)) == 1
