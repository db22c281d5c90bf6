"""Weighted alignment of a query's words with a listed name's words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from fraud_sanctions.analyse import Name
from fraud_sanctions.normalise.transliterate import ABJAD_MARK
from fraud_sanctions.vocabulary import Similar

# Words run together must agree this well with one word, and whole names this well.
_JOINED_LEAST = 0.84
_WHOLE_LEAST = 0.92
_JOINED_LETTERS = 4
_WHOLE_LETTERS = 6
# A word that found a partner this alike is not also tried together with its neighbour.
_GOOD_PARTNER = 0.9
_SAME_SYLLABLES = 0.9
_INITIAL_SIMILARITY = 0.75
_INITIAL_BITS = 2.5
_ACRONYM_SIMILARITY = 0.8
_ACRONYM_BITS = 2.2
_ACRONYM_WORDS = 3
_EXACT = 0.999


class Meeting(NamedTuple):
    """One agreement: positions in the query and in the listed name, how alike, worth."""

    query: tuple[int, ...]
    listed: tuple[int, ...]
    similarity: float
    bits: float
    how: str


class Listed(NamedTuple):
    """A listed name as it is compared: vocabulary ids of its words, evidence in each."""

    name: Name
    ids: tuple[int, ...]
    bits: tuple[float, ...]


@dataclass(slots=True)
class Alignment:
    """What agrees and what does not, in bits of evidence.

    `agreed`: evidence in words that met, times similarity; `doubt`: what spelling
    differences take from it; `query_left`, `listed_left`: evidence in words that met
    nothing, `query_words`, `listed_words` how many those are; `met`: how many query words
    met one; `least`: the least alike pair; `identical`: the same words; `contained`: the query
    has the same words and others; `numbers_differ`,
    `crossed`, `native_differs`: contradictions of identity; `romanised`: only one is in Han or
    Hangul; `forms_differ`: other company
    forms; `whole`: likeness of the names run together.
    """

    meetings: list[Meeting] = field(default_factory=list)
    agreed: float = 0.0
    doubt: float = 0.0
    query_left: float = 0.0
    listed_left: float = 0.0
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
    romanised: bool = False
    forms_differ: bool = False
    whole: float = 0.0


@dataclass(slots=True)
class _Sides:
    """Both names while they are being paired; `free`: positions that met nothing yet."""

    query: Name
    similar: Sequence[Similar]
    listed: Listed
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


def wholes(query: Name, listed: Sequence[Listed]) -> list[float]:
    """Likeness, 0-1, of the query run together with each listed name run together."""
    texts = [one.name.compact for one in listed]
    scorer = OSA.normalized_similarity
    found: list[float] = process.cdist([query.compact], texts, scorer=scorer)[
        0
    ].tolist()
    return found


def align(
    query: Name, similar: Sequence[Similar], listed: Listed, whole: float
) -> Alignment:
    """The best pairing of the two names' words. `whole`: from `wholes`.

    Greedy on likeness, then evidence: with words this few it differs from the optimal
    assignment only where two words of one name resemble each other.
    """
    result = Alignment(whole=whole)
    sides = _Sides(
        query, similar, listed, set(range(len(similar))), set(range(len(listed.ids)))
    )
    pairs = _pairs(query, similar, listed)
    if len(pairs) < max(len(listed.ids), len(similar)) or any(
        meeting.similarity < _GOOD_PARTNER for meeting in pairs
    ):
        pairs += _joined(sides, pairs)
    if len(pairs) > 1:
        pairs.sort(key=_preference)
    for meeting in pairs:
        sides.meet(meeting, result)
    if sides.query_free and sides.listed_free:
        _initials(sides, result)
        if whole >= _WHOLE_LEAST:
            _run_together(sides, result)
        if not result.meetings:
            _acronym(sides, result)
    _total(sides, result)
    return result


def _preference(meeting: Meeting) -> tuple[float, float]:
    return -meeting.similarity, -meeting.bits


def _pairs(query: Name, similar: Sequence[Similar], listed: Listed) -> list[Meeting]:
    found = []
    bare = [at for at, word in enumerate(query.words) if word[0] == ABJAD_MARK]
    for at, likeness in enumerate(similar):
        by_id = likeness.by_id
        for place, word in enumerate(listed.ids):
            alike = by_id.get(word)
            if alike is not None:
                worth = min(listed.bits[place], likeness.bits + 3.0)
                how = "exact" if alike >= _EXACT else "spelling"
                if alike < _EXACT and (
                    at in bare or listed.name.words[place][0] == ABJAD_MARK
                ):
                    how = "consonants"
                found.append(Meeting((at,), (place,), alike, worth, how))
    return found


def _joined(sides: _Sides, pairs: Sequence[Meeting]) -> list[Meeting]:
    """Words written apart in one name and together in the other."""
    good = [meeting for meeting in pairs if meeting.similarity >= _GOOD_PARTNER]
    query_settled = {meeting.query[0] for meeting in good}
    listed_settled = {meeting.listed[0] for meeting in good}
    ours, theirs = sides.query, sides.listed.name
    query_bits = [likeness.bits for likeness in sides.similar]
    listed_bits = sides.listed.bits
    found = []
    for at, left, alike in _compounds(ours, query_settled, theirs, listed_settled):
        both = listed_bits[left] + listed_bits[left + 1]
        worth = min(both, query_bits[at] + 2.0)
        found.append(Meeting((at,), (left, left + 1), alike, worth, "apart"))
    for place, left, alike in _compounds(theirs, listed_settled, ours, query_settled):
        both = query_bits[left] + query_bits[left + 1]
        worth = min(both, listed_bits[place] + 2.0)
        found.append(Meeting((left, left + 1), (place,), alike, worth, "together"))
    return found


def _compounds(
    one: Name, settled: set[int], other: Name, taken: set[int]
) -> list[tuple[int, int, float]]:
    """(position of a word of `one`, of the first of two of `other`, likeness)."""
    found = []
    parts, sounds = other.folds, other.syllables
    for at, word in enumerate(one.folds):
        if at in settled or len(word) < _JOINED_LETTERS:
            continue
        sound = one.syllables[at]
        for left in range(len(parts) - 1):
            if left in taken and left + 1 in taken:
                continue
            if parts[left][:1] == word[0]:
                joined = parts[left] + parts[left + 1]
                if abs(len(joined) - len(word)) <= 3:
                    alike = OSA.normalized_similarity(word, joined)
                    if alike >= _JOINED_LEAST:
                        found.append((at, left, float(alike)))
                        continue
            if sound and sounds[left] and sound == sounds[left] + sounds[left + 1]:
                found.append((at, left, _SAME_SYLLABLES))
    return found


def _initials(sides: _Sides, result: Alignment) -> None:
    query, listed = sides.query, sides.listed.name
    for at in sorted(sides.query_free):
        word = query.words[at]
        for place in sorted(sides.listed_free):
            other = listed.words[place]
            if (at in query.initials or place in listed.initials) and (
                word[0] == other[0]
            ):
                meeting = Meeting(
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
                    Meeting((at,), both, _INITIAL_SIMILARITY, bits, "initial"), result
                )


def _run_together(sides: _Sides, result: Alignment) -> None:
    """Spaces in other places: `VladimirPutin`, `van der bilt`."""
    query, listed = sides.query, sides.listed
    if query.numbers or listed.name.numbers or len(query.compact) < _WHOLE_LETTERS:
        return
    result.meetings.clear()
    worth = max(sum(likeness.bits for likeness in sides.similar), sum(listed.bits))
    positions = tuple(range(len(sides.similar))), tuple(range(len(listed.ids)))
    result.meetings.append(Meeting(*positions, result.whole, worth, "whole"))
    sides.query_free.clear()
    sides.listed_free.clear()


def _acronym(sides: _Sides, result: Alignment) -> None:
    """One word made of the first letters of all the other name's words."""
    ours, theirs = sides.query.words, sides.listed.name.words
    if len(ours) != 1 or len(theirs) < _ACRONYM_WORDS:
        return
    if ours[0] == "".join(word[0] for word in theirs):
        bits = _ACRONYM_BITS * len(theirs)
        positions = tuple(range(len(theirs)))
        meeting = Meeting((0,), positions, _ACRONYM_SIMILARITY, bits, "acronym")
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
    result.query_left = sum(sides.similar[i].bits for i in query_free)
    result.listed_left = sum(sides.listed.bits[i] for i in listed_free)
    result.query_words = len(sides.query_free)
    result.listed_words = len(sides.listed_free)
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
    result.identical = (
        len(query.words) == len(listed.words) == exact
        and not result.crossed
        and bool(query.fathers) == bool(listed.fathers)
        and query.native == listed.native
    )
    # Letters of many names are lost where no vowels are written, or one syllable is left.
    result.contained = (
        bool(query_free)
        and not listed_free
        and exact == len(result.meetings) > 1
        and not (result.crossed or result.romanised or result.native_differs)
        and not any(word[0] == ABJAD_MARK for word in listed.words)
    )


def _named(sides: _Sides) -> tuple[set[int], set[int]]:
    """The positions left that count as left over. Daily use and papers of other countries
    leave the father out: where one name has none, his absence contradicts nothing."""
    query, listed = sides.query.fathers, sides.listed.name.fathers
    if bool(query) == bool(listed):
        return sides.query_free, sides.listed_free
    return sides.query_free - query, sides.listed_free - listed


def _crossed(meetings: Sequence[Meeting], query: Name, listed: Name) -> bool:
    """The father's name of one is the own name of the other, and the other way round."""
    crossings = sum(
        (meeting.query[0] in query.fathers) != (meeting.listed[0] in listed.fathers)
        for meeting in meetings
        if meeting.how in ("exact", "spelling", "consonants")
    )
    return crossings >= 2
