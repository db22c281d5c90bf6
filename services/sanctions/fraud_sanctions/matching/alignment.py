"""Weighted alignment of a query's words with a listed name's words."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from fraud_sanctions.matching.pairing import (
    CandidatePairs,
    Listed,
    Pair,
    PreparedQuery,
    TokenMatch,
    candidate_pairs,
)
from fraud_sanctions.matching.vocabulary import Similar
from fraud_sanctions.matching.word_order import syllables_exchanged
from fraud_sanctions.names.analyse import Name
from fraud_sanctions.names.normalise.transliterate import ABJAD_MARK

# Whole names run together must agree this well.
_WHOLE_LEAST = 0.92
_WHOLE_LETTERS = 6
_FREE_LEAST = 0.75
_INITIAL_SIMILARITY = 0.75
_INITIAL_BITS = 2.5
_ACRONYM_SIMILARITY = 0.8
_ACRONYM_BITS = 2.2
_ACRONYM_WORDS = 3
_EXACT = 0.999
_LONG_NAME = 3


@dataclass(slots=True)
class Alignment:
    """What agrees and what does not, in bits of evidence.

    `agreed`: evidence in words that met, times similarity; `doubt`: what spelling
    differences take from it; `query_left`, `listed_left`: evidence in words that met
    nothing, `query_named`, `listed_named` the same without a father whom only one name has,
    `query_words`, `listed_words` how many those are; `met`: how many query words
    met one; `least`: the least alike pair; `identical`: the same words; `contained`: the query
    has the same words and others; `numbers_differ`,
    `crossed`, `native_differs`: contradictions of identity; `romanised`: only one is in Han or
    Hangul; `forms_differ`: other company
    forms; `order_differs`: the syllables of an East Asian name in another order; `other_surname`:
    a short listed name, and behind it another word; `whole`: likeness of the names run together.
    """

    meetings: list[TokenMatch] = field(default_factory=list)
    agreed: float = 0.0
    doubt: float = 0.0
    query_left: float = 0.0
    listed_left: float = 0.0
    query_named: float = 0.0
    listed_named: float = 0.0
    query_words: int = 0
    listed_words: int = 0
    met: int = 0
    initials: int = 0
    least: float = 0.0
    identical: bool = False
    contained: bool = False
    numbers_differ: bool = False
    number_missing: bool = False
    crossed: bool = False
    native_differs: bool = False
    order_differs: bool = False
    other_surname: bool = False
    romanised: bool = False
    forms_differ: bool = False
    whole: float = 0.0


@dataclass(slots=True)
class _Sides:
    """Both names while they are being paired; `free`: positions that met nothing yet."""

    query: Name
    query_bits: Sequence[float]
    listed: Listed
    query_free: set[int]
    listed_free: set[int]

    def meet(self, meeting: TokenMatch, result: Alignment) -> None:
        """Pair the positions if all are still free."""
        if self.query_free.issuperset(meeting.query) and self.listed_free.issuperset(
            meeting.listed
        ):
            self.query_free.difference_update(meeting.query)
            self.listed_free.difference_update(meeting.listed)
            result.meetings.append(meeting)


def align(
    query: Name, similar: Sequence[Similar], listed: Listed, whole: float
) -> Alignment:
    """The best pairing of the two names' words. `whole`: from `wholes`."""
    return best_alignment(
        candidate_pairs(PreparedQuery.of(query, similar), listed, whole)
    )


def best_alignment(found: CandidatePairs) -> Alignment:
    """The best of the pairings that are possible.

    Greedy on likeness, then evidence: with words this few it differs from the optimal
    assignment only where two words of one name resemble each other.
    """
    query, listed = found.asked.name, found.listed
    result = Alignment(whole=found.whole)
    bits = [bits for _, bits in found.asked.words]
    sides = _Sides(
        query, bits, listed, set(range(len(bits))), set(range(len(listed.ids)))
    )
    meetings = [_met(pair, query, listed.name) for pair in found.pairs]
    meetings += found.joined
    if len(meetings) > 1:
        meetings.sort(key=_preference)
    for meeting in meetings:
        sides.meet(meeting, result)
    if sides.query_free and sides.listed_free:
        _initials(sides, result)
        if found.whole >= _WHOLE_LEAST:
            _run_together(sides, result)
        if not result.meetings:
            _acronym(sides, result)
    _total(sides, result)
    return result


def _preference(meeting: TokenMatch) -> tuple[float, float]:
    return -meeting.similarity, -meeting.bits


def _met(pair: Pair, query: Name, listed: Name) -> TokenMatch:
    alike, bits, at, place = pair
    how = "exact" if alike >= _EXACT else "spelling"
    if how == "spelling" and ABJAD_MARK in (
        query.words[at][0],
        listed.words[place][0],
    ):
        how = "consonants"
    return TokenMatch((at,), (place,), alike, bits, how)


def most_agreed(found: CandidatePairs) -> tuple[float, float] | None:
    """The most that `settle` may find agreed, and the least left of the query; or None.

    None: whatever the words say, the names may meet as one.
    """
    query, listed = found.asked.name, found.listed.name
    if found.joined or found.whole >= _WHOLE_LEAST:
        return None
    if len(query.words) == 1 and not found.pairs:
        return None
    letters = found.asked.letters + len(listed.initials)
    if letters:
        return found.most + letters * _INITIAL_BITS * _INITIAL_SIMILARITY, 0.0
    # A father that the listed name leaves out is not left over.
    dropped = query.fathers and not listed.fathers
    return found.most, 0.0 if dropped else found.left


def may_be_identical(found: CandidatePairs) -> bool:
    """Whether `settle` may find that all words are the same."""
    words = len(found.asked.words)
    if found.left or len(found.listed.ids) != words:
        return False
    return sum([alike >= _EXACT for alike, _, _, _ in found.pairs]) >= words


def _initials(sides: _Sides, result: Alignment) -> None:
    query, listed = sides.query, sides.listed.name
    for at in sorted(sides.query_free):
        word = query.words[at]
        for place in sorted(sides.listed_free):
            other = listed.words[place]
            if (at in query.initials or place in listed.initials) and (
                word[0] == other[0]
            ):
                meeting = TokenMatch(
                    (at,), (place,), _INITIAL_SIMILARITY, _INITIAL_BITS, "initial"
                )
                sides.meet(meeting, result)
                break
    _initials_together(sides, result, query.words, listed.words)


def _initials_together(
    sides: _Sides, result: Alignment, ours: Sequence[str], theirs: Sequence[str]
) -> None:
    """`JP Marchand` for `Jean-Paul Marchand`."""
    for at in sorted(sides.query_free):
        for left in range(len(theirs) - 1):
            both = (left, left + 1)
            if ours[at] == theirs[left][0] + theirs[left + 1][0]:
                bits = 2 * _INITIAL_BITS
                sides.meet(
                    TokenMatch((at,), both, _INITIAL_SIMILARITY, bits, "initial"),
                    result,
                )


def _run_together(sides: _Sides, result: Alignment) -> None:
    """Spaces in other places: `VladimirPutin`, `van der bilt`."""
    query, listed = sides.query, sides.listed
    if query.numbers or listed.name.numbers or len(query.compact) < _WHOLE_LETTERS:
        return
    same = result.whole >= _EXACT or not result.meetings
    if not same and not _same_letters(sides):
        return
    result.meetings.clear()
    worth = max(sum(sides.query_bits), sum(listed.bits))
    positions = tuple(range(len(sides.query_bits))), tuple(range(len(listed.ids)))
    result.meetings.append(TokenMatch(*positions, result.whole, worth, "whole"))
    sides.query_free.clear()
    sides.listed_free.clear()


def _same_letters(sides: _Sides) -> bool:
    """Whether the words that met none are alike when run together: else they are other words,
    which long ones around them would hide."""
    ours = "".join([sides.query.folds[at] for at in sorted(sides.query_free)])
    theirs = "".join([sides.listed.name.folds[at] for at in sorted(sides.listed_free)])
    shorter, longer = sorted((ours, theirs), key=len)
    if len(shorter) >= _WHOLE_LETTERS and (
        longer.startswith(shorter) or longer.endswith(shorter)
    ):
        return True  # a link that only one of them sets apart
    return OSA.normalized_similarity(ours, theirs) >= _FREE_LEAST


def _acronym(sides: _Sides, result: Alignment) -> None:
    """One word made of the first letters of all the other name's words."""
    ours, theirs = sides.query.words, sides.listed.name.words
    if len(ours) != 1 or len(theirs) < _ACRONYM_WORDS:
        return
    if ours[0] == "".join(word[0] for word in theirs):
        bits = _ACRONYM_BITS * len(theirs)
        positions = tuple(range(len(theirs)))
        meeting = TokenMatch((0,), positions, _ACRONYM_SIMILARITY, bits, "acronym")
        sides.meet(meeting, result)


def _total(sides: _Sides, result: Alignment) -> None:
    exact = 0
    least = 1.0 if result.meetings else 0.0
    for meeting in result.meetings:
        result.agreed += meeting.bits * meeting.similarity
        result.doubt += meeting.bits * (1.0 - meeting.similarity)
        result.met += len(meeting.query)
        if meeting.how != "consonants":
            least = min(least, meeting.similarity)
        exact += meeting.how == "exact"
        result.initials += meeting.how == "initial"
    result.least = least
    query, listed = sides.query, sides.listed.name
    query_free, listed_free = _named(sides)
    last = len(query.words) - 1
    result.other_surname = (
        query_free == {last} and not listed_free and last < _LONG_NAME
    )
    result.query_left = sum([sides.query_bits[i] for i in sides.query_free])
    result.listed_left = sum([sides.listed.bits[i] for i in sides.listed_free])
    result.query_named = sum([sides.query_bits[i] for i in query_free])
    result.listed_named = sum([sides.listed.bits[i] for i in listed_free])
    result.query_words = len(sides.query_free)
    result.listed_words = len(sides.listed_free)
    _contradict(sides, result)
    result.identical = (
        len(query.words) == len(listed.words) == exact
        and not result.crossed
        and not result.order_differs
        and bool(query.fathers) == bool(listed.fathers)
        and query.native == listed.native
    )
    if query_free and not listed_free:
        result.contained = exact == len(result.meetings) > 1 and _is_sure(
            result, listed
        )


def _contradict(sides: _Sides, result: Alignment) -> None:
    """What tells the two apart whatever agrees."""
    query, listed = sides.query, sides.listed.name
    if query.numbers or listed.numbers:
        ours = not query.numbers.isdisjoint(sides.query_free)
        theirs = not listed.numbers.isdisjoint(sides.listed_free)
        result.numbers_differ = ours and theirs
        result.number_missing = ours != theirs
    if query.fathers and listed.fathers:
        result.crossed = _crossed(result.meetings, query, listed)
    result.native_differs = bool(query.native and listed.native) and (
        query.native != listed.native
    )
    result.romanised = bool(query.native) != bool(listed.native)
    result.forms_differ = bool(query.forms and listed.forms) and not (
        set(query.forms) & set(listed.forms)
    )
    result.order_differs = syllables_exchanged(result.meetings, query, listed)


def _is_sure(result: Alignment, listed: Name) -> bool:
    """Letters of many names are lost where no vowels are written, or one syllable is left."""
    unsure = result.crossed or result.romanised or result.native_differs
    unsure = unsure or result.order_differs
    return not unsure and not any(word[0] == ABJAD_MARK for word in listed.words)


def _named(sides: _Sides) -> tuple[set[int], set[int]]:
    """The positions left that count as left over. Daily use and papers of other countries
    leave the father out: where one name has none, his absence contradicts nothing."""
    query, listed = sides.query.fathers, sides.listed.name.fathers
    if bool(query) == bool(listed):
        return sides.query_free, sides.listed_free
    return sides.query_free - query, sides.listed_free - listed


def _crossed(meetings: Sequence[TokenMatch], query: Name, listed: Name) -> bool:
    """The father's name of one is the own name of the other, and the other way round."""
    crossings = sum(
        (meeting.query[0] in query.fathers) != (meeting.listed[0] in listed.fathers)
        for meeting in meetings
        if meeting.how in ("exact", "spelling", "consonants")
    )
    return crossings >= 2
