"""Weighted alignment of a query's words with a listed name's words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from fraud_sanctions.analyse import Name, is_initial, is_number
from fraud_sanctions.normalise.spelling import fold
from fraud_sanctions.vocabulary import Similar

Bits = Callable[[int], float]
# Two words run together must agree this well with one word.
_JOINED_LEAST = 0.84
_INITIAL_SIMILARITY = 0.75
_INITIAL_BITS = 2.5


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
    nothing; `identical`: the same words; `numbers_differ`, `crossed`: contradictions of
    identity; `whole`: likeness of the names run together.
    """

    meetings: list[Meeting] = field(default_factory=list)
    agreed: float = 0.0
    doubt: float = 0.0
    query_left: float = 0.0
    listed_left: float = 0.0
    initials: int = 0
    identical: bool = False
    numbers_differ: bool = False
    crossed: bool = False
    whole: float = 0.0


def align(
    query: Name,
    similar: Sequence[Similar],
    listed: Name,
    ids: Sequence[int],
    bits: Bits,
) -> Alignment:
    """The best pairing of the two names' words. `ids`: vocabulary ids of `listed.words`.

    Greedy on evidence: with words this few it differs from the optimal assignment only
    where two words of one name resemble each other.
    """
    result = Alignment()
    query_free = set(range(len(query.words)))
    listed_free = set(range(len(ids)))
    pairs = [
        (found * (bits(word) + likeness.bits), at, place, found)
        for at, likeness in enumerate(similar)
        for place, word in enumerate(ids)
        if (found := likeness.by_id.get(word)) is not None
    ]
    pairs.sort(key=lambda pair: (-pair[3], -pair[0], abs(pair[1] - pair[2])))
    for _, at, place, found in pairs:
        if at in query_free and place in listed_free:
            query_free.discard(at)
            listed_free.discard(place)
            worth = min(bits(ids[place]), similar[at].bits + 3.0)
            how = "exact" if found >= 0.999 else "spelling"
            result.meetings.append(Meeting((at,), (place,), found, worth, how))
    if query_free and listed_free:
        _join(result, query, similar, listed, ids, bits, query_free, listed_free)
        _initials(result, query, listed, query_free, listed_free)
    _total(result, query, similar, listed, ids, bits, query_free, listed_free)
    return result


def _join(
    result: Alignment,
    query: Name,
    similar: Sequence[Similar],
    listed: Name,
    ids: Sequence[int],
    bits: Bits,
    query_free: set[int],
    listed_free: set[int],
) -> None:
    """Words written apart in one name and together in the other."""
    for at in sorted(query_free):
        for pair in _neighbours(listed_free):
            alike = _alike(
                query.words[at], listed.words[pair[0]] + listed.words[pair[1]]
            )
            if alike >= _JOINED_LEAST:
                worth = min(sum(bits(ids[i]) for i in pair), similar[at].bits + 2.0)
                result.meetings.append(Meeting((at,), pair, alike, worth, "together"))
                query_free.discard(at)
                listed_free.difference_update(pair)
                break
    for place in sorted(listed_free):
        for pair in _neighbours(query_free):
            alike = _alike(
                listed.words[place], query.words[pair[0]] + query.words[pair[1]]
            )
            if alike >= _JOINED_LEAST:
                worth = min(sum(similar[i].bits for i in pair), bits(ids[place]) + 2.0)
                result.meetings.append(Meeting(pair, (place,), alike, worth, "apart"))
                query_free.difference_update(pair)
                listed_free.discard(place)
                break


def _neighbours(free: set[int]) -> list[tuple[int, int]]:
    return [(i, i + 1) for i in sorted(free) if i + 1 in free]


def _alike(word: str, joined: str) -> float:
    if abs(len(word) - len(joined)) > 3 or len(word) < 4 or word[0] != joined[0]:
        return 0.0
    return float(OSA.normalized_similarity(fold(word), fold(joined)))


def _initials(
    result: Alignment,
    query: Name,
    listed: Name,
    query_free: set[int],
    listed_free: set[int],
) -> None:
    for at in sorted(query_free):
        word = query.words[at]
        for place in sorted(listed_free):
            other = listed.words[place]
            if (is_initial(word) or is_initial(other)) and word[0] == other[0]:
                result.meetings.append(
                    Meeting(
                        (at,), (place,), _INITIAL_SIMILARITY, _INITIAL_BITS, "initial"
                    )
                )
                query_free.discard(at)
                listed_free.discard(place)
                break


def _total(
    result: Alignment,
    query: Name,
    similar: Sequence[Similar],
    listed: Name,
    ids: Sequence[int],
    bits: Bits,
    query_free: set[int],
    listed_free: set[int],
) -> None:
    for meeting in result.meetings:
        result.agreed += meeting.bits * meeting.similarity
        result.doubt += meeting.bits * (1.0 - meeting.similarity)
    result.query_left = sum(similar[i].bits for i in query_free)
    result.listed_left = sum(bits(ids[i]) for i in listed_free)
    result.initials = sum(meeting.how == "initial" for meeting in result.meetings)
    query_numbers = {query.words[i] for i in query_free if is_number(query.words[i])}
    listed_numbers = {
        listed.words[i] for i in listed_free if is_number(listed.words[i])
    }
    result.numbers_differ = bool(query_numbers and listed_numbers)
    result.crossed = _crossed(result.meetings, query, listed)
    result.identical = (
        not (query_free or listed_free or result.crossed)
        and len(query.words) == len(listed.words)
        and all(meeting.how == "exact" for meeting in result.meetings)
    )
    result.whole = float(OSA.normalized_similarity(query.compact, listed.compact))


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
