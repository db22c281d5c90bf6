"""The distinct words of all listed names, and which of them a query's word resembles."""

import math
import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fraud_sanctions.matching.likeness import Likeness, Scores
from fraud_sanctions.matching.trigrams import TrigramIndex
from fraud_sanctions.names.analyse import (
    business_word,
    given_name_groups,
    is_initial,
    is_number,
)
from fraud_sanctions.names.normalise.spelling import Spelling, fold, spell
from fraud_sanctions.names.wordlists import words

Ids = NDArray[np.intp]
Floats = NDArray[np.float32]
_ONE_SWAP = 0.6
_KNOWN_VARIANT = 0.9
# Rarity is meant against the population, so a small list must not make words look common.
_POPULATION = 30_000
_COMMON_BITS = 6.5
_BITS_PER_LETTER = 2.4
_CACHED_WORDS = 20_000
_KEY_LIMIT = 64
LEAST_SIMILARITY = 0.6
# `Alrustom`, `Elrustom`, and with the consonant that the article takes on, `Annasir`.
_GLUED = re.compile(
    r"(?:[ae]l|a(?=(?:nn|ss|rr|zz|dd|tt|shsh)[aeiou]))([bcdfghjklmnpqrstvwyz][a-z]{4,})$"
)
# What a name gains by a word rises from here: at the least similarity it is a third.
_NO_GAIN = 0.4


@dataclass(frozen=True, slots=True)
class Similar:
    """Listed words that resemble one query word, the best last.

    `gains`: what a name gains by holding each of them; `by_id`: their similarities;
    `bits`: the weight of the query's word.
    """

    ids: Ids
    gains: Floats
    by_id: Mapping[int, float]
    bits: float


class Vocabulary:
    """Immutable once built; `similar` keeps a bounded cache of words seen lately."""

    def __init__(self, frequency: Mapping[str, int], entities: int) -> None:
        self.texts: list[str] = list(frequency)
        self.ids = {text: at for at, text in enumerate(self.texts)}
        self.spellings: list[Spelling] = [spell(text) for text in self.texts]
        self._keys: dict[str, list[int]] = {}
        for at, spelling in enumerate(self.spellings):
            for key in (*_keys(spelling), *_known_keys(spelling)):
                self._keys.setdefault(key, []).append(at)
            if rest := _without_article(spelling):
                self._keys.setdefault("r" + rest, []).append(at)
        self._grams = TrigramIndex(["" if s.bare else s.fold for s in self.spellings])
        self._entities = max(entities, _POPULATION)
        self._common = frozenset(spell(w).fold for w in words("common_names"))
        self._everyday = words("company_words")
        self._likeness = Likeness(self.spellings, self._common)
        self._family = Counter[str]()
        for text, count in frequency.items():
            self._family[spell(text).bones] += count
        self._frequency = dict(frequency)
        self.bits = np.array(
            [self.bits_of(s) for s in self.spellings], dtype=np.float32
        )
        self._cache: OrderedDict[str, Similar] = OrderedDict()

    def __len__(self) -> int:
        return len(self.texts)

    def bits_of(self, spelling: Spelling) -> float:
        """Evidence in a word, in bits: rare is strong, short and common is weak."""
        if is_initial(spelling.text):
            return 1.5
        if is_number(spelling.text):
            return 5.0
        own = self._frequency.get(spelling.text, 0)
        family = self._family[spelling.bones] if len(spelling.bones) > 2 else own
        count = 0.6 * own + 0.4 * family
        bits = math.log2(self._entities / (count + 1.0))
        if (
            spelling.fold in self._common
            or spelling.text in self._everyday
            or business_word(spelling.text)
        ):
            # Short common words are mostly syllables of East Asian names.
            bits = min(bits, _COMMON_BITS, 0.5 + 1.1 * len(spelling.fold))
        return max(1.0, min(bits, _BITS_PER_LETTER * len(spelling.fold)))

    def folded(self, key: str) -> Sequence[int]:
        """Words with this folded form."""
        return self._keys.get("f" + key, ())

    def syllabled(self, key: str) -> Sequence[int]:
        """Words of these Chinese or Korean syllables."""
        return self._keys.get("h" + key, ())

    def worth(self, word: str) -> float:
        """The evidence in a listed word, also in another spelling of it; 0 for others."""
        at = self.ids.get(word)
        if at is not None:
            return float(self.bits[at])
        found = self.folded(fold(word))
        return max((float(self.bits[at]) for at in found), default=0.0)

    def similar(self, word: str) -> Similar:
        """Listed words at least 0.6 similar to the word, best last."""
        cache = self._cache
        found = cache.get(word)
        if found is None:
            found = self._find(word)
            cache[word] = found
            if len(cache) > _CACHED_WORDS:
                cache.popitem(last=False)
        return found

    def forget(self) -> None:
        """Empty the cache, so that a measurement sees every word for the first time."""
        self._cache.clear()

    def _find(self, word: str) -> Similar:
        spelling = spell(word)
        bits = self.bits_of(spelling)
        if is_number(word) or is_initial(word):
            exact = np.array([self.ids[word]] if word in self.ids else [], np.intp)
            return self._packed(exact, np.ones(len(exact)), bits)
        known = self._under(_known_keys(spelling))
        articled = self._articled(spelling)
        candidates = self._under(_keys(spelling)) | known | articled
        if not spelling.bare:
            candidates.update(self._grams.nearest(spelling.fold))
        if not candidates:
            return self._packed(np.empty(0, np.intp), np.empty(0), bits)
        ids = list(candidates)
        chosen = np.array(ids, dtype=np.intp)
        result, typed = self._likeness.of(spelling, ids, chosen)
        self._raise_known(spelling, ids, known, result, typed)
        for other in articled:
            at = ids.index(other)
            result[at] = max(result[at], _KNOWN_VARIANT)
        return self._packed(chosen, result, bits)

    def _articled(self, spelling: Spelling) -> set[int]:
        """Words that are this one with an article glued on, or without it."""
        if spelling.bare:
            return set()
        found = self._under(("r" + spelling.fold,))
        if rest := _without_article(spelling):
            found |= self._under(("f" + rest,))
        return found

    def _under(self, keys: Iterable[str]) -> set[int]:
        found: set[int] = set()
        for key in keys:
            found.update(self._keys.get(key, ())[:_KEY_LIMIT])
        return found

    def _packed(self, ids: Ids, similarities: Scores, bits: float) -> Similar:
        keep = np.flatnonzero(similarities >= LEAST_SIMILARITY)
        keep = keep[similarities[keep].argsort(kind="stable")]
        kept = ids[keep]
        alike = similarities[keep].astype(np.float32)
        by_id = dict(zip(kept.tolist(), alike.tolist(), strict=True))
        alike -= _NO_GAIN
        alike /= 1.0 - _NO_GAIN
        alike *= self.bits[kept]
        return Similar(kept, alike, by_id, bits)

    def _raise_known(
        self,
        query: Spelling,
        ids: Sequence[int],
        known: set[int],
        result: Scores,
        typed: Scores,
    ) -> None:
        """Nicknames, translated business words, syllables, words with letters swapped."""
        if not known:
            return
        same = _known_variants(query)
        letters = sorted(query.text)
        for other in known:
            at = ids.index(other)
            spelling = self.spellings[other]
            if spelling.text == query.text:
                result[at] = 1.0
            elif (
                typed[at] > _ONE_SWAP and sorted(spelling.text) == letters
            ) or not same.isdisjoint(_known_variants(spelling)):
                result[at] = max(result[at], _KNOWN_VARIANT)


def _known_variants(spelling: Spelling) -> set[str]:
    """Keys any of which, in common, makes two words known writings of one."""
    found = {f"n{group}" for group in given_name_groups(spelling.text)}
    if business := business_word(spelling.text):
        found.add("g" + business)
    if spelling.syllabic:
        found.add("h" + spelling.syllabic)
    return found


def _without_article(spelling: Spelling) -> str:
    """The folded rest of a word to which an article is glued, or nothing."""
    glued = None if spelling.bare else _GLUED.match(spelling.text)
    return fold(glued[1]) if glued else ""


def _known_keys(spelling: Spelling) -> Iterable[str]:
    """Keys of what may be raised whatever the letters say: same letters, known variants."""
    return ("s" + "".join(sorted(spelling.text)), *_known_variants(spelling))


def _keys(spelling: Spelling) -> Iterable[str]:
    """Blocking keys: any one of them in common makes two words comparable."""
    yield "f" + spelling.fold
    if len(spelling.bones) > 1:
        yield "b" + spelling.bones
    if len(spelling.abjad) > 1:
        yield "a" + spelling.abjad
    if len(spelling.coarse) > 1:
        yield "c" + spelling.coarse
    if len(spelling.phone) > 1:
        yield "p" + spelling.phone
