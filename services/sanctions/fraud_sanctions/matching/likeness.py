"""How alike a query's word and listed words are, 0-1, by all their forms at once."""

import re
from collections.abc import Sequence
from operator import itemgetter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from fraud_sanctions.names.normalise.spelling import Spelling

_Item = TypeVar("_Item")
Scores = NDArray[np.float64]
_VOICING = 0.93
_AS_TYPED = 0.97
_ONE_SYLLABLE = 4
_SHORT_BONE_SHARE = 0.3
_DIFFERENT_SPELLING = 0.99
_OTHER_ONSET = 0.94
# Consonants that agree where vowels are unwritten, and what the vowels as guessed add.
_BARE, _GUESSED, _SHORT_BARE = 0.76, 0.22, 0.94
# Two words that many people carry, with other consonants, are two names (Ahmed, Mohamed).
_TWO_NAMES = 0.85
# What many names end or begin with says nothing: `Jonsdottir` is no `Tomasdottir`. The rest
# has at least this share in the likeness of two such words.
_AFFIX = re.compile(
    r"^abd(?=[a-z]{4})|(?<=[a-z]{3})"
    r"(?:dottir|[oae]vich|[oe]vna|shvili|uddin|ullah|zadeh|oglu|poulos|enko)$"
)
_STEM_SHARE = 0.7
# How much the consonants count against the whole word, by number of consonants.
_BONE_SHARE = np.array((0.0, 0.1, 0.25, 0.38, 0.46, 0.5))
_MOST_BONES = len(_BONE_SHARE) - 1


def _shape(spelling: Spelling) -> int:
    """Number of consonants, and whether longer than a syllable: a row of `_SHARES`."""
    bones = min(len(spelling.bones), _MOST_BONES)
    return 2 * bones + (len(spelling.fold) > _ONE_SYLLABLE)


def _shares() -> Scores:
    """The share of the consonants for each two shapes of words."""
    bones, long = np.divmod(np.arange(2 * len(_BONE_SHARE)), 2)
    # In a word of one syllable (Sang, Song) the vowel tells names apart.
    either = np.where(np.maximum.outer(long, long), 1.0, _SHORT_BONE_SHARE)
    return np.asarray(_BONE_SHARE[np.minimum.outer(bones, bones)] * either)


_SHARES = _shares()


class Likeness:
    """The listed words' forms side by side. Immutable once built."""

    def __init__(self, spellings: Sequence[Spelling], common: frozenset[str]) -> None:
        self._forms = _side_by_side(spellings)
        self._spellings = spellings
        self._shapes = np.array([_shape(s) for s in spellings], dtype=np.intp)
        self._onsets = np.array([_onset(s) for s in spellings], dtype=np.int32)
        self._bare = np.array([s.bare for s in spellings], dtype=np.bool_)
        self._common = common
        self._shared = np.array([s.fold in common for s in spellings], dtype=np.bool_)

    def of(
        self, query: Spelling, ids: Sequence[int], chosen: NDArray[np.intp]
    ) -> tuple[Scores, Scores]:
        """Likeness to each of the listed words `ids`, and as typed alone. `chosen`: `ids`."""
        texts, folds, voiced, consonants = zip(*_pick(self._forms, ids), strict=True)
        typed = _compare(query.text, texts)
        whole = np.maximum(_compare(query.fold, folds), _AS_TYPED * typed)
        np.maximum(whole, _VOICING * _compare(query.voiced, voiced), out=whole)
        bones = _compare(query.bones, consonants)
        share = _SHARES[_shape(query)][self._shapes[chosen]]
        result = (1 - share) * whole + share * bones
        other = self._onsets[chosen] != _onset(query)
        np.multiply(result, _OTHER_ONSET, out=result, where=other)
        if query.fold in self._common:
            two = self._shared[chosen] & (bones < 1.0)
            np.multiply(result, _TWO_NAMES, out=result, where=two)
        if affix := _AFFIX.search(query.text):
            result = _without_affix(affix.group(), query.text, texts, result)
        bare = self._bare[chosen] | query.bare
        if bare.any():
            result[bare] = self._by_consonants(query, chosen[bare].tolist())
        return np.minimum(result, _DIFFERENT_SPELLING, out=result), typed

    def _by_consonants(self, query: Spelling, ids: Sequence[int]) -> Scores:
        """For words written without vowels, which are guessed and count less."""
        listed = _pick(self._spellings, ids)
        abjads = [spelling.abjad for spelling in listed]
        alike = 0.6 * _compare(query.abjad, abjads)
        alike += 0.4 * _compare(query.coarse, [spelling.coarse for spelling in listed])
        folds = [spelling.fold for spelling in listed]
        said = _BARE + _GUESSED * _compare(query.fold, folds)
        alike *= said
        shortest = len(query.abjad)
        short = np.array([min(len(abjad), shortest) < 3 for abjad in abjads])
        return np.where(short, np.where(alike == said, _SHORT_BARE * said, 0.0), alike)


def _without_affix(
    affix: str, text: str, texts: Sequence[str], result: Scores
) -> Scores:
    """Likeness of words of one ending (or beginning), mostly by the rest of them."""
    others = [_AFFIX.sub("", t) if affix in t else t for t in texts]
    shared = np.array([affix in t for t in texts])
    rest = _compare(_AFFIX.sub("", text), others)
    mixed = (1.0 - _STEM_SHARE) * result + _STEM_SHARE * rest
    return np.where(shared, np.minimum(result, mixed), result)


def _side_by_side(spellings: Sequence[Spelling]) -> list[tuple[str, ...]]:
    """The forms of each word, those of words that sound alike near each other in memory.

    What a query's word resembles is read together, and waiting for the memory is most of
    the time that it takes. Forms that are the same are one.
    """
    forms: list[tuple[str, ...]] = [()] * len(spellings)
    copies: dict[str, str] = {}
    for at in sorted(range(len(spellings)), key=lambda at: spellings[at].fold):
        s = spellings[at]
        for form in (s.text, s.fold, s.voiced, s.bones):
            if form not in copies:
                copies[form] = form.encode().decode()
        forms[at] = tuple([copies[f] for f in (s.text, s.fold, s.voiced, s.bones)])
    return forms


def _onset(spelling: Spelling) -> int:
    return ord((spelling.fold or " ")[0])


def _pick(items: Sequence[_Item], ids: Sequence[int]) -> Sequence[_Item]:
    """The items at `ids`."""
    if len(ids) == 1:
        return (items[ids[0]],)
    found: tuple[_Item, ...] = itemgetter(*ids)(items)
    return found


def _compare(text: str, others: Sequence[str]) -> Scores:
    scores = process.cdist([text], others, scorer=OSA.normalized_similarity)
    return np.asarray(scores[0], dtype=np.float64)
