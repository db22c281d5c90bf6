"""Which words of two names may meet: all that a comparison is then chosen from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from fraud_sanctions.analyse import Name
from fraud_sanctions.vocabulary import Similar

# Words run together must agree this well with one word.
_JOINED_LEAST = 0.84
_JOINED_LETTERS = 4
_JOINED_ODD_LETTERS = 3
# A word that found a partner this alike is not also tried together with its neighbour.
_GOOD_PARTNER = 0.9
_SAME_SYLLABLES = 0.9
# A listed word is worth at most its own evidence, and hardly more than the query's.
_WORTH_MORE = 3.0
_JOINED_WORTH_MORE = 2.0


class Pair(NamedTuple):
    """One word of the query and one listed word that it resembles."""

    similarity: float
    bits: float
    at: int
    place: int


class Joined(NamedTuple):
    """Two neighbouring words of one name that are one word of the other."""

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


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it is compared with one listed name after another.

    `words`: what each word resembles, and the evidence in it. `starts`: first letters of words
    that may be two listed ones, `lefts`: of words that, with the next, may be a listed one;
    `sounds`, `twins`: the same for words of Chinese or Korean syllables.
    """

    name: Name
    words: Sequence[tuple[Mapping[int, float], float]]
    starts: frozenset[str]
    lefts: frozenset[str]
    sounds: frozenset[str]
    twins: frozenset[str]

    @staticmethod
    def of(name: Name, similar: Sequence[Similar]) -> "Asked":
        """The query with what each of its words resembles."""
        folds, sounds = name.folds, name.syllables
        return Asked(
            name,
            [(likeness.by_id, likeness.bits) for likeness in similar],
            frozenset([word[0] for word in folds if len(word) >= _JOINED_LETTERS]),
            frozenset([word[:1] for word in folds[:-1]]),
            frozenset([sound[0] for sound in sounds if sound]),
            frozenset([sound[0] for sound in sounds[:-1] if sound]),
        )


class Draft(NamedTuple):
    """What may meet in a query and a listed name. `whole`: their likeness run together.

    `most`: what all meetings of `pairs` can agree to at most; `left`: the evidence in words of
    the query that are in none.
    """

    asked: Asked
    listed: Listed
    whole: float
    pairs: Sequence[Pair]
    joined: Sequence[Joined]
    most: float
    left: float


def wholes(query: Name, listed: Sequence[Listed]) -> list[float]:
    """Likeness, 0-1, of the query run together with each listed name run together."""
    texts = [one.name.compact for one in listed]
    scores = process.cdist([query.compact], texts, scorer=OSA.normalized_similarity)
    found: list[float] = scores[0].tolist()
    return found


def draft(asked: Asked, listed: Listed, whole: float) -> Draft:
    """All words that may meet. `whole`: from `wholes`."""
    pairs: list[Pair] = []
    most = left = 0.0
    for at, (by_id, bits) in enumerate(asked.words):
        best = 0.0
        for place, word in enumerate(listed.ids):
            alike = by_id.get(word)
            if alike is not None:
                worth = min(listed.bits[place], bits + _WORTH_MORE)
                pairs.append(Pair(alike, worth, at, place))
                best = max(best, alike * worth)
        if best:
            most += best
        else:
            left += bits
    joined: Sequence[Joined] = ()
    if len(pairs) < max(len(listed.ids), len(asked.words)) or any(
        [pair.similarity < _GOOD_PARTNER for pair in pairs]
    ):
        joined = _joined(asked, listed, pairs)
    return Draft(asked, listed, whole, pairs, joined, most, left)


def _joined(asked: Asked, listed: Listed, pairs: Sequence[Pair]) -> Sequence[Joined]:
    """Words written apart in one name and together in the other."""
    ours, theirs = asked.name, listed.name
    starts = [word[:1] for word in theirs.folds]
    sounds = [sound[:1] for sound in theirs.syllables]
    apart = not (
        asked.starts.isdisjoint(starts[:-1]) and asked.sounds.isdisjoint(sounds[:-1])
    )
    together = not (asked.lefts.isdisjoint(starts) and asked.twins.isdisjoint(sounds))
    if not apart and not together:
        return ()
    good = [pair for pair in pairs if pair.similarity >= _GOOD_PARTNER]
    query_settled = {pair.at for pair in good}
    listed_settled = {pair.place for pair in good}
    query_bits = [bits for _, bits in asked.words]
    listed_bits = listed.bits
    found = []
    if apart:
        for at, left, alike in _compounds(ours, query_settled, theirs, listed_settled):
            both = listed_bits[left] + listed_bits[left + 1]
            worth = min(both, query_bits[at] + _JOINED_WORTH_MORE)
            found.append(Joined((at,), (left, left + 1), alike, worth, "apart"))
    if together:
        for at, left, alike in _compounds(theirs, listed_settled, ours, query_settled):
            both = query_bits[left] + query_bits[left + 1]
            worth = min(both, listed_bits[at] + _JOINED_WORTH_MORE)
            found.append(Joined((left, left + 1), (at,), alike, worth, "together"))
    return found


def _compounds(
    one: Name, settled: set[int], other: Name, taken: set[int]
) -> Iterator[tuple[int, int, float]]:
    """(position of a word of `one`, of the first of two of `other`, likeness)."""
    parts, sounds = other.folds, other.syllables
    for at, word in enumerate(one.folds):
        if at in settled or len(word) < _JOINED_LETTERS:
            continue
        start, sound = word[0], one.syllables[at]
        for left in range(len(parts) - 1):
            if left in taken and left + 1 in taken:
                continue
            if parts[left][:1] == start:
                joined = parts[left] + parts[left + 1]
                if abs(len(joined) - len(word)) <= _JOINED_ODD_LETTERS:
                    alike = OSA.normalized_similarity(word, joined)
                    if alike >= _JOINED_LEAST:
                        yield at, left, float(alike)
                        continue
            if sound and sounds[left] and sound == sounds[left] + sounds[left + 1]:
                yield at, left, _SAME_SYLLABLES
