"""The distinct words of all listed names, and which of them a query's word resembles."""

import math
import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from fraud_sanctions.analyse import (
    business_word,
    given_name_groups,
    is_initial,
    is_number,
)
from fraud_sanctions.grams import GramIndex
from fraud_sanctions.normalise.spelling import Spelling, spell
from fraud_sanctions.tables import words

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]
_VOICING = 0.93
_AS_TYPED = 0.97
_ONE_SWAP = 0.6
_ONE_SYLLABLE = 4
_SHORT_BONE_SHARE = 0.3
_DIFFERENT_SPELLING = 0.99
_KNOWN_VARIANT = 0.9
_SAME_SYLLABLES = 0.9
# Consonants that agree where vowels are unwritten, and what the vowels as guessed add.
_BARE, _GUESSED, _SHORT_BARE = 0.76, 0.22, 0.94
_OTHER_ONSET = 0.94
# Two words that many people carry, with other consonants, are two names (Ahmed, Mohamed).
_TWO_NAMES = 0.85
# What many names end or begin with says nothing: `Jonsdottir` is no `Tomasdottir`. The rest
# has at least this share in the likeness of two such words.
_AFFIX = re.compile(
    r"^abd(?=[a-z]{4})|(?<=[a-z]{3})"
    r"(?:dottir|[oae]vich|[oe]vna|shvili|uddin|ullah|zadeh|oglu|poulos|enko)$"
)
_STEM_SHARE = 0.7
# Rarity is meant against the population, so a small list must not make words look common.
_POPULATION = 30_000
_COMMON_BITS = 6.5
_BITS_PER_LETTER = 2.4
_CACHED_WORDS = 20_000
_KEY_LIMIT = 64
LEAST_SIMILARITY = 0.6
# How much the consonants count against the whole word, by number of consonants.
_BONE_SHARE = np.array((0.0, 0.1, 0.25, 0.38, 0.46, 0.5))


@dataclass(frozen=True, slots=True)
class Similar:
    """Listed words that resemble one query word: ids, similarities, weight of the word."""

    ids: Ids
    similarities: Floats
    by_id: Mapping[int, float]
    bits: float


class Vocabulary:
    """Immutable once built; `similar` keeps a bounded cache of words seen lately."""

    def __init__(self, frequency: Mapping[str, int], entities: int) -> None:
        self.texts: list[str] = list(frequency)
        self.ids = {text: at for at, text in enumerate(self.texts)}
        self.spellings: list[Spelling] = [spell(text) for text in self.texts]
        self._folds = [s.fold for s in self.spellings]
        self._bones = [s.bones for s in self.spellings]
        self._abjads = [s.abjad for s in self.spellings]
        self._voiced = [s.voiced for s in self.spellings]
        self._coarse = [s.coarse for s in self.spellings]
        self._bare = np.array([s.bare for s in self.spellings], dtype=bool)
        self._fold_lengths = _lengths(self._folds)
        self._bone_lengths = _lengths(self._bones)
        self._abjad_lengths = _lengths(self._abjads)
        self._onsets = np.array([ord((f or " ")[0]) for f in self._folds], np.int32)
        self._keys: dict[str, list[int]] = {}
        for at, spelling in enumerate(self.spellings):
            for key in (*_keys(spelling), *_known_keys(spelling)):
                self._keys.setdefault(key, []).append(at)
        self._grams = GramIndex(["" if s.bare else s.fold for s in self.spellings])
        self._entities = max(entities, _POPULATION)
        self._common = {spell(w).fold for w in words("common_names")}
        self._shared = np.array([f in self._common for f in self._folds], dtype=bool)
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
        if spelling.fold in self._common or business_word(spelling.text):
            # Short common words are mostly syllables of East Asian names.
            bits = min(bits, _COMMON_BITS, 0.5 + 1.1 * len(spelling.fold))
        return max(1.0, min(bits, _BITS_PER_LETTER * len(spelling.fold)))

    def folded(self, key: str) -> Sequence[int]:
        """Words with this folded form."""
        return self._keys.get("f" + key, ())

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
            exact = [self.ids[word]] if word in self.ids else []
            return _packed(exact, np.ones(len(exact)), bits)
        known = self._under(_known_keys(spelling))
        candidates = self._under(_keys(spelling)) | known
        if not spelling.bare:
            candidates.update(self._grams.nearest(spelling.fold))
        if not candidates:
            return _packed([], np.empty(0), bits)
        ids = list(candidates)
        return _packed(ids, self._similarities(spelling, ids, known), bits)

    def _under(self, keys: Iterable[str]) -> set[int]:
        found: set[int] = set()
        for key in keys:
            found.update(self._keys.get(key, ())[:_KEY_LIMIT])
        return found

    def _similarities(
        self, query: Spelling, ids: Sequence[int], known: set[int]
    ) -> NDArray[np.float64]:
        chosen = np.asarray(ids, dtype=np.int64)
        pick = _picker(ids)
        typed = _compare(query.text, pick(self.texts))
        whole = np.maximum(_compare(query.fold, pick(self._folds)), _AS_TYPED * typed)
        voiced = _compare(query.voiced, pick(self._voiced))
        whole = np.maximum(whole, _VOICING * voiced)
        bones = _compare(query.bones, pick(self._bones))
        shorter = np.minimum(self._bone_lengths[chosen], len(query.bones))
        share = _BONE_SHARE[np.minimum(shorter, len(_BONE_SHARE) - 1)]
        # In a word of one syllable (Sang, Song) the vowel tells names apart.
        longest = np.maximum(self._fold_lengths[chosen], len(query.fold))
        share = share * np.where(longest <= _ONE_SYLLABLE, _SHORT_BONE_SHARE, 1.0)
        result = (1 - share) * whole + share * bones
        onset = self._onsets[chosen] == ord((query.fold or " ")[0])
        result = np.where(onset, result, result * _OTHER_ONSET)
        if query.fold in self._common:
            two = self._shared[chosen] & (bones < 1.0)
            result = np.where(two, result * _TWO_NAMES, result)
        if affix := _AFFIX.search(query.text):
            result = self._without_affix(affix.group(), query.text, pick, result)
        bare = self._bare[chosen] | query.bare
        if bare.any():
            result[bare] = self._by_consonants(query, chosen[bare])
        result = np.minimum(result, _DIFFERENT_SPELLING)
        self._raise_known(query, ids, known, result, typed)
        return result

    def _without_affix(
        self, affix: str, text: str, pick: Any, result: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Likeness of words of one ending (or beginning), mostly by the rest of them."""
        others = [_AFFIX.sub("", t) if affix in t else t for t in pick(self.texts)]
        shared = np.array([affix in t for t in pick(self.texts)])
        rest = _compare(_AFFIX.sub("", text), others)
        mixed = (1.0 - _STEM_SHARE) * result + _STEM_SHARE * rest
        return np.where(shared, np.minimum(result, mixed), result)

    def _by_consonants(
        self, query: Spelling, chosen: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """For words written without vowels, which are guessed and count less."""
        pick = _picker(chosen.tolist())
        abjad = _compare(query.abjad, pick(self._abjads))
        coarse = _compare(query.coarse, pick(self._coarse))
        said = _BARE + _GUESSED * _compare(query.fold, pick(self._folds))
        alike = (0.6 * abjad + 0.4 * coarse) * said
        short = np.minimum(self._abjad_lengths[chosen], len(query.abjad)) < 3
        return np.where(short, np.where(alike == said, _SHORT_BARE * said, 0.0), alike)

    def _raise_known(
        self,
        query: Spelling,
        ids: Sequence[int],
        known: set[int],
        result: NDArray[np.float64],
        typed: NDArray[np.float64],
    ) -> None:
        """Nicknames, translated business words, syllables, words with letters swapped."""
        if not known:
            return
        same = _known_variants(query)
        letters = sorted(query.text)
        for at, other in enumerate(ids):
            if other not in known:
                continue
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


def _packed(
    ids: Sequence[int], similarities: NDArray[np.float64], bits: float
) -> Similar:
    keep = np.flatnonzero(similarities >= LEAST_SIMILARITY)
    keep = keep[np.argsort(similarities[keep], kind="stable")]
    array = np.asarray(ids, dtype=np.int32)[keep]
    kept = similarities[keep].astype(np.float32)
    by_id = dict(zip(array.tolist(), kept.tolist(), strict=True))
    return Similar(array, kept, by_id, bits)


def _lengths(texts: Sequence[str]) -> NDArray[np.int32]:
    return np.array([len(text) for text in texts], dtype=np.int32)


def _picker(ids: Sequence[int]) -> Any:
    """Gathers the items of a list at `ids`, as a sequence."""
    if len(ids) == 1:
        only = ids[0]
        return lambda items: (items[only],)
    return itemgetter(*ids)


def _compare(text: str, others: Sequence[str]) -> NDArray[np.float64]:
    scores = process.cdist([text], others, scorer=OSA.normalized_similarity)
    return np.asarray(scores[0], dtype=np.float64)
