"""Weighted alignment of a query's words with a listed name's words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from fraud_sanctions.analyse import Name, is_initial, is_number
from fraud_sanctions.normalise.spelling import fold
from fraud_sanctions.vocabulary import Similar

Bits = Callable[[int], float]
# Words run together must agree this well with one word, and whole names this well.
_JOINED_LEAST = 0.84
_WHOLE_LEAST = 0.92
# A word that found a partner this alike is not also tried together with its neighbour.
_GOOD_PARTNER = 0.9
_INITIAL_SIMILARITY = 0.75
_INITIAL_BITS = 2.5
_ACRONYM_SIMILARITY = 0.8
_ACRONYM_BITS = 2.2
_EXACT = 0.999


@dataclass(frozen=True, slots=True)
class Meeting:
    """One agreement: positions in the query and in the listed name, how alike, worth."""

    query: tuple[int, ...]
    listed: tuple[int, ...]
    similarity: float
    bits: float
    how: str


@dataclass(slots=True)
class Alignment:
    """What agrees and what does not, in bits of evidence.

    `agreed`: evidence in words that met, times similarity; `doubt`: what spelling
    differences take from it; `query_left`, `listed_left`: evidence in words that met
    nothing; `identical`: the same words; `numbers_differ`, `crossed`, `native_differs`:
    contradictions of identity; `whole`: likeness of the names run together.
    """

    meetings: list[Meeting] = field(default_factory=list)
    agreed: float = 0.0
    doubt: float = 0.0
    query_left: float = 0.0
    listed_left: float = 0.0
    initials: int = 0
    least: float = 0.0
    identical: bool = False
    numbers_differ: bool = False
    number_missing: bool = False
    crossed: bool = False
    native_differs: bool = False
    whole: float = 0.0


@dataclass(slots=True)
class _Sides:
    """Both names while they are being paired; `free`: positions that met nothing yet."""

    query: Name
    similar: Sequence[Similar]
    listed: Name
    ids: Sequence[int]
    bits: Bits
    query_free: set[int]
    listed_free: set[int]

    def meet(self, meeting: Meeting, result: Alignment) -> None:
        """Pair the positions if all are still free."""
        if self.query_free.issuperset(meeting.query) and self.listed_free.issuperset(
            meeting.listed
        ):
            self.query_free.difference_update(meeting.query)
            self.listed_free.difference_update(meeting.listed)
            result.meetings.append(meeting)


def align(
    query: Name,
    similar: Sequence[Similar],
    listed: Name,
    ids: Sequence[int],
    bits: Bits,
) -> Alignment:
    """The best pairing of the two names' words. `ids`: vocabulary ids of `listed.words`.

    Greedy on likeness, then evidence: with words this few it differs from the optimal
    assignment only where two words of one name resemble each other.
    """
    result = Alignment()
    everything = set(range(len(similar))), set(range(len(ids)))
    sides = _Sides(query, similar, listed, ids, bits, *everything)
    pairs = _pairs(sides)
    if len(pairs) < max(len(ids), len(similar)) or any(
        meeting.similarity < _GOOD_PARTNER for meeting in pairs
    ):
        pairs += _joined(sides, pairs)
    pairs.sort(key=lambda meeting: (-meeting.similarity, -meeting.bits))
    for meeting in pairs:
        sides.meet(meeting, result)
    result.whole = float(OSA.normalized_similarity(query.compact, listed.compact))
    if sides.query_free and sides.listed_free:
        _initials(sides, result)
        _run_together(sides, result)
        _acronym(sides, result)
    _total(sides, result)
    return result


def _pairs(sides: _Sides) -> list[Meeting]:
    found = []
    for at, likeness in enumerate(sides.similar):
        by_id = likeness.by_id
        for place, word in enumerate(sides.ids):
            alike = by_id.get(word)
            if alike is not None:
                worth = min(sides.bits(word), likeness.bits + 3.0)
                how = "exact" if alike >= _EXACT else "spelling"
                found.append(Meeting((at,), (place,), alike, worth, how))
    return found


def _joined(sides: _Sides, pairs: Sequence[Meeting]) -> list[Meeting]:
    """Words written apart in one name and together in the other."""
    good = [meeting for meeting in pairs if meeting.similarity >= _GOOD_PARTNER]
    query_settled = {meeting.query[0] for meeting in good}
    listed_settled = {meeting.listed[0] for meeting in good}
    ours, theirs = sides.query.words, sides.listed.words
    found = []
    for at in set(range(len(ours))) - query_settled:
        for left in range(len(theirs) - 1):
            if left in listed_settled and left + 1 in listed_settled:
                continue
            alike = _alike(ours[at], theirs[left] + theirs[left + 1])
            if alike >= _JOINED_LEAST:
                both = sides.bits(sides.ids[left]) + sides.bits(sides.ids[left + 1])
                worth = min(both, sides.similar[at].bits + 2.0)
                found.append(Meeting((at,), (left, left + 1), alike, worth, "apart"))
    for place in set(range(len(theirs))) - listed_settled:
        for left in range(len(ours) - 1):
            if left in query_settled and left + 1 in query_settled:
                continue
            alike = _alike(theirs[place], ours[left] + ours[left + 1])
            if alike >= _JOINED_LEAST:
                both = sides.similar[left].bits + sides.similar[left + 1].bits
                worth = min(both, sides.bits(sides.ids[place]) + 2.0)
                found.append(
                    Meeting((left, left + 1), (place,), alike, worth, "together")
                )
    return found


def _alike(word: str, joined: str) -> float:
    if len(word) < 4 or word[0] != joined[0] or abs(len(word) - len(joined)) > 3:
        return 0.0
    return float(OSA.normalized_similarity(fold(word), fold(joined)))


def _initials(sides: _Sides, result: Alignment) -> None:
    for at in sorted(sides.query_free):
        word = sides.query.words[at]
        for place in sorted(sides.listed_free):
            other = sides.listed.words[place]
            if (is_initial(word) or is_initial(other)) and word[0] == other[0]:
                meeting = Meeting(
                    (at,), (place,), _INITIAL_SIMILARITY, _INITIAL_BITS, "initial"
                )
                sides.meet(meeting, result)
                break


def _run_together(sides: _Sides, result: Alignment) -> None:
    """Spaces in other places: `VladimirPutin`, `van der bilt`."""
    alike = result.whole
    numbers = any(map(is_number, (*sides.query.words, *sides.listed.words)))
    if alike < _WHOLE_LEAST or numbers or len(sides.query.compact) < 6:
        return
    result.meetings.clear()
    worth = max(
        sum(likeness.bits for likeness in sides.similar),
        sum(sides.bits(word) for word in sides.ids),
    )
    positions = tuple(range(len(sides.similar))), tuple(range(len(sides.ids)))
    result.meetings.append(Meeting(*positions, alike, worth, "whole"))
    sides.query_free.clear()
    sides.listed_free.clear()


def _acronym(sides: _Sides, result: Alignment) -> None:
    """One word made of the first letters of all the other name's words."""
    ours, theirs = sides.query.words, sides.listed.words
    if len(ours) != 1 or len(theirs) < 3 or result.meetings:
        return
    if ours[0] == "".join(word[0] for word in theirs):
        bits = _ACRONYM_BITS * len(theirs)
        positions = tuple(range(len(theirs)))
        meeting = Meeting((0,), positions, _ACRONYM_SIMILARITY, bits, "acronym")
        sides.meet(meeting, result)


def _total(sides: _Sides, result: Alignment) -> None:
    for meeting in result.meetings:
        result.agreed += meeting.bits * meeting.similarity
        result.doubt += meeting.bits * (1.0 - meeting.similarity)
    hows = [meeting.how for meeting in result.meetings]
    result.least = min((m.similarity for m in result.meetings), default=0.0)
    result.initials = hows.count("initial")
    query, listed = sides.query, sides.listed
    result.query_left = sum(sides.similar[i].bits for i in sides.query_free)
    result.listed_left = sum(sides.bits(sides.ids[i]) for i in sides.listed_free)
    ours = any(is_number(query.words[i]) for i in sides.query_free)
    theirs = any(is_number(listed.words[i]) for i in sides.listed_free)
    result.numbers_differ = ours and theirs
    result.number_missing = ours != theirs
    result.crossed = _crossed(result.meetings, query, listed)
    result.native_differs = bool(query.native and listed.native) and (
        query.native != listed.native
    )
    result.identical = (
        len(query.words) == len(listed.words) == hows.count("exact")
        and not result.crossed
        and not result.native_differs
    )


def _crossed(meetings: Sequence[Meeting], query: Name, listed: Name) -> bool:
    """The father's name of one is the own name of the other, and the other way round."""
    if not query.fathers or not listed.fathers:
        return False
    crossings = sum(
        (meeting.query[0] in query.fathers) != (meeting.listed[0] in listed.fathers)
        for meeting in meetings
        if meeting.how in ("exact", "spelling")
    )
    return crossings >= 2
