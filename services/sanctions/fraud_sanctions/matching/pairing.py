"""Which words of two names may meet: all that a comparison is then chosen from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from fraud_sanctions.matching.vocabulary import Similar
from fraud_sanctions.names.analyse import Name

# Words run together must agree this well with one word.
_JOINED_LEAST = 0.84
_JOINED_LETTERS = 4
_JOINED_ODD_LETTERS = 3
# A word that found a partner this alike is not also tried together with its neighbour.
_GOOD_PARTNER = 0.9
_SAME_SYLLABLES = 0.9
# Stands for the first letter where no syllables are; names have neither of them.
_NO_START = " "
_NO_SOUND = "-"
# `J Marchand` and `JP Marchand` for `Jean-Paul Marchand`.
_INITIALS = 2
# A listed word is worth at most its own evidence, and hardly more than the query's.
_WORTH_MORE = 3.0
_JOINED_WORTH_MORE = 2.0


# Likeness, evidence, position in the query, position in the listed name.
Pair = tuple[float, float, int, int]


class TokenMatch(NamedTuple):
    """One agreement: positions in the query and in the listed name, how alike, worth."""

    query: tuple[int, ...]
    listed: tuple[int, ...]
    similarity: float
    bits: float
    how: str


class Listed(NamedTuple):
    """A listed name as it is compared.

    `ids`: of its words in the vocabulary; `bits`: the evidence in each; `starts`: the first
    letter of each, `sounds`: of its syllables, a space where there are none.
    """

    name: Name
    ids: tuple[int, ...]
    bits: tuple[float, ...]
    starts: str
    sounds: str

    @staticmethod
    def of(name: Name, ids: tuple[int, ...], bits: tuple[float, ...]) -> "Listed":
        """The name with what its words are in the vocabulary."""
        # Interned, since thousands of names begin with the same letters.
        return Listed(
            name,
            ids,
            bits,
            intern(_starts(name.folds)),
            intern(_starts(name.syllables)),
        )


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A query as it is compared with one listed name after another.

    `words`: what each word resembles, and the evidence in it; `long`: words that may be two
    listed ones, by position, first letter, first letter of the syllables; `lefts`,
    `left_sounds`: such letters of words that, with the next, may be a listed one; `letters`:
    how many words the letters of its shortest words may stand for.
    """

    name: Name
    words: Sequence[tuple[Mapping[int, float], float]]
    long: Sequence[tuple[int, str, str]]
    lefts: frozenset[str]
    left_sounds: frozenset[str]
    letters: int

    @staticmethod
    def of(name: Name, similar: Sequence[Similar]) -> "PreparedQuery":
        """The query with what each of its words resembles."""
        folds, sounds = name.folds, name.syllables
        return PreparedQuery(
            name,
            [(likeness.by_id, likeness.bits) for likeness in similar],
            [
                (at, word[0], sounds[at][:1] or _NO_SOUND)
                for at, word in enumerate(folds)
                if len(word) >= _JOINED_LETTERS
            ],
            frozenset([word[:1] for word in folds[:-1]]),
            frozenset([sound[0] for sound in sounds[:-1] if sound]),
            sum([len(word) for word in name.words if len(word) <= _INITIALS]),
        )


class CandidatePairs(NamedTuple):
    """What may meet in a query and a listed name. `whole`: their likeness run together.

    `pairs`: of single words; `joined`: of one and two; `most`: what all meetings of `pairs` can
    agree to at most; `left`: the evidence in words of the query that are in none.
    """

    asked: PreparedQuery
    listed: Listed
    whole: float
    pairs: Sequence[Pair]
    joined: Sequence[TokenMatch]
    most: float
    left: float


def _starts(words: Sequence[str]) -> str:
    return "".join([word[:1] or _NO_START for word in words])


def wholes(query: Name, listed: Sequence[Listed]) -> list[float]:
    """Likeness, 0-1, of the query run together with each listed name run together."""
    texts = [one.name.compact for one in listed]
    found = _alike(query.compact, texts)
    # A patronymic that only one of them has is left out.
    short = bool(query.short)
    lone = [at for at, one in enumerate(listed) if bool(one.name.short) != short]
    if lone:
        texts = [listed[at].name.short or texts[at] for at in lone]
        again = _alike(query.short or query.compact, texts)
        for at, alike in zip(lone, again, strict=True):
            found[at] = max(found[at], alike)
    return found


def _alike(text: str, others: Sequence[str]) -> list[float]:
    scores = process.cdist([text], others, scorer=OSA.normalized_similarity)
    found: list[float] = scores[0].tolist()
    return found


def candidate_pairs(
    asked: PreparedQuery, listed: Listed, whole: float
) -> CandidatePairs:
    """All words that may meet. `whole`: from `wholes`."""
    pairs: list[Pair] = []
    most, left, least = 0.0, 0.0, 1.0
    listed_ids, listed_bits = listed.ids, listed.bits
    for at, (by_id, bits) in enumerate(asked.words):
        best, most_worth = 0.0, bits + _WORTH_MORE
        for place, word in enumerate(listed_ids):
            alike = by_id.get(word)
            if alike is not None:
                worth = min(listed_bits[place], most_worth)
                pairs.append((alike, worth, at, place))
                best = max(best, alike * worth)
                least = min(least, alike)
        if best:
            most += best
        else:
            left += bits
    joined: Sequence[TokenMatch] = ()
    words = max(len(listed_ids), len(asked.words))
    if least < _GOOD_PARTNER or len(pairs) < words:
        joined = _joined(asked, listed, pairs)
    return CandidatePairs(asked, listed, whole, pairs, joined, most, left)


def _joined(
    asked: PreparedQuery, listed: Listed, pairs: Sequence[Pair]
) -> Sequence[TokenMatch]:
    """Words written apart in one name and together in the other."""
    settled = [at for alike, _, at, _ in pairs if alike >= _GOOD_PARTNER]
    taken = [place for alike, _, _, place in pairs if alike >= _GOOD_PARTNER]
    starts, sounds = listed.starts[:-1], listed.sounds[:-1]
    apart = [
        at
        for at, start, sound in asked.long
        if (start in starts or sound in sounds) and at not in settled
    ]
    lefts, left_sounds = asked.lefts, asked.left_sounds
    together = [
        place
        for place, start in enumerate(listed.starts)
        if (start in lefts or listed.sounds[place] in left_sounds)
        and place not in taken
    ]
    if not apart and not together:
        return ()
    ours, theirs = asked.name, listed.name
    query_bits = [bits for _, bits in asked.words]
    listed_bits = listed.bits
    found = []
    for at, left, alike in _compounds(ours, apart, theirs, taken):
        both = listed_bits[left] + listed_bits[left + 1]
        worth = min(both, query_bits[at] + _JOINED_WORTH_MORE)
        found.append(TokenMatch((at,), (left, left + 1), alike, worth, "apart"))
    for place, left, alike in _compounds(theirs, together, ours, settled):
        both = query_bits[left] + query_bits[left + 1]
        worth = min(both, listed_bits[place] + _JOINED_WORTH_MORE)
        found.append(TokenMatch((left, left + 1), (place,), alike, worth, "together"))
    return found


def _compounds(
    one: Name, free: Sequence[int], other: Name, taken: Sequence[int]
) -> Iterator[tuple[int, int, float]]:
    """(position in `free` of a word of `one`, of the first of two of `other`, likeness)."""
    parts, sounds = other.folds, other.syllables
    for at in free:
        word, sound = one.folds[at], one.syllables[at]
        if len(word) < _JOINED_LETTERS:
            continue
        for left in range(len(parts) - 1):
            if left in taken and left + 1 in taken:
                continue
            if parts[left][:1] == word[0]:
                joined = parts[left] + parts[left + 1]
                if abs(len(joined) - len(word)) <= _JOINED_ODD_LETTERS:
                    alike = OSA.normalized_similarity(word, joined)
                    if alike >= _JOINED_LEAST:
                        yield at, left, float(alike)
                        continue
            if sound and sounds[left] and sound == sounds[left] + sounds[left + 1]:
                yield at, left, _SAME_SYLLABLES
