"""The distinct words of all listed names, and which of them a query's word resembles."""

import math
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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
from fraud_sanctions.normalise.spelling import Spelling, spell
from fraud_sanctions.tables import words

Ids = NDArray[np.int32]
Floats = NDArray[np.float32]
# Rarity is meant against the population, so a small list must not make words look common.
_VOICING = 0.93
_AS_TYPED = 0.97
_ONE_SWAP = 0.6
_ONE_SYLLABLE = 4
_SHORT_BONE_SHARE = 0.3
_DIFFERENT_SPELLING = 0.99
_POPULATION = 30_000
_COMMON_BITS = 6.5
_BITS_PER_LETTER = 2.4
_CACHED_WORDS = 20_000
_NEAREST_BY_GRAM = 48
_KEY_LIMIT = 160
LEAST_SIMILARITY = 0.6
# How much the consonants count against the whole word, by number of consonants.
_BONE_SHARE = (0.0, 0.1, 0.25, 0.38, 0.46, 0.5)


@dataclass(frozen=True, slots=True)
class Similar:
    """Listed words that resemble one query word: ids, similarities, weight of the word."""

    ids: Ids
    similarities: Floats
    by_id: Mapping[int, float]
    bits: float


def grams(fold: str) -> set[str]:
    """Trigrams of a folded word, padded so that its ends count."""
    padded = f"^{fold}$"
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


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
        self._keys: dict[str, list[int]] = {}
        gram_ids: dict[str, list[int]] = {}
        for at, spelling in enumerate(self.spellings):
            for key in self._keys_of(spelling):
                self._keys.setdefault(key, []).append(at)
            if not spelling.bare:
                for gram in grams(spelling.fold):
                    gram_ids.setdefault(gram, []).append(at)
        self._grams = {g: np.array(ids, dtype=np.int32) for g, ids in gram_ids.items()}
        self._gram_bits = {
            g: math.log(1 + len(self.texts) / len(ids))
            for g, ids in self._grams.items()
        }
        self._gram_norm = np.array(
            [sum(self._gram_bits.get(g, 0.0) for g in grams(f)) for f in self._folds],
            dtype=np.float32,
        )
        self._entities = max(entities, _POPULATION)
        self._common = {spell(w).fold for w in words("common_names")}
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

    @staticmethod
    def _keys_of(spelling: Spelling) -> Iterable[str]:
        """Blocking keys: any one of them in common makes two words comparable."""
        yield "f" + spelling.fold
        yield "s" + "".join(sorted(spelling.text))
        if len(spelling.bones) > 1:
            yield "b" + spelling.bones
        if len(spelling.abjad) > 1:
            yield "a" + spelling.abjad
        if len(spelling.coarse) > 1:
            yield "c" + spelling.coarse
        if len(spelling.phone) > 1:
            yield "p" + spelling.phone
        for group in given_name_groups(spelling.text):
            yield f"n{group}"
        if business := business_word(spelling.text):
            yield "g" + business

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
        letters = len(spelling.fold) + (2 if spelling.bare else 0)
        return max(1.0, min(bits, _BITS_PER_LETTER * letters))

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

    def _find(self, word: str) -> Similar:
        spelling = spell(word)
        bits = self.bits_of(spelling)
        if is_number(word) or is_initial(word):
            exact = [self.ids[word]] if word in self.ids else []
            return self._packed(exact, np.ones(len(exact), dtype=np.float32), bits)
        candidates = self._candidates(spelling)
        if not candidates:
            return self._packed([], np.empty(0, dtype=np.float32), bits)
        return self._packed(candidates, self._similarities(spelling, candidates), bits)

    def _packed(self, ids: Sequence[int], similarities: Floats, bits: float) -> Similar:
        keep = np.flatnonzero(similarities >= LEAST_SIMILARITY)
        keep = keep[np.argsort(similarities[keep], kind="stable")]
        array = np.asarray(ids, dtype=np.int32)[keep]
        kept = similarities[keep].astype(np.float32)
        by_id = dict(zip(array.tolist(), kept.tolist(), strict=True))
        return Similar(array, kept, by_id, bits)

    def _candidates(self, spelling: Spelling) -> list[int]:
        found: set[int] = set()
        for key in self._keys_of(spelling):
            found.update(self._keys.get(key, ())[:_KEY_LIMIT])
        if not spelling.bare:
            found.update(self._nearest_by_grams(spelling.fold))
        return list(found)

    def _nearest_by_grams(self, fold: str) -> list[int]:
        own = [g for g in grams(fold) if g in self._grams]
        if not own:
            return []
        ids = np.concatenate([self._grams[g] for g in own])
        gains = np.concatenate(
            [
                np.full(len(self._grams[g]), self._gram_bits[g], dtype=np.float32)
                for g in own
            ]
        )
        total = sum(self._gram_bits[g] for g in own)
        unique, places = np.unique(ids, return_inverse=True)
        shared = np.bincount(places, weights=gains)
        dice = 2 * shared / (total + self._gram_norm[unique])
        if len(unique) > _NEAREST_BY_GRAM:
            best = np.argpartition(dice, -_NEAREST_BY_GRAM)[-_NEAREST_BY_GRAM:]
            unique, dice = unique[best], dice[best]
        return [int(i) for i in unique[dice > 0.25]]

    def _similarities(self, query: Spelling, ids: Sequence[int]) -> Floats:
        chosen = np.asarray(ids, dtype=np.int64)
        bones_left = [self._bones[i] for i in ids]
        whole = _compare(query.fold, [self._folds[i] for i in ids])
        typed = _compare(query.text, [self.texts[i] for i in ids])
        whole = np.maximum(whole, _AS_TYPED * typed)
        voiced = _compare(query.voiced, [self._voiced[i] for i in ids])
        whole = np.maximum(whole, _VOICING * voiced)
        bones = _compare(query.bones, bones_left)
        lengths = np.minimum([len(b) for b in bones_left], len(query.bones))
        short_words = np.array(
            [max(len(self._folds[i]), len(query.fold)) <= _ONE_SYLLABLE for i in ids]
        )
        share = np.take(_BONE_SHARE, np.minimum(lengths, len(_BONE_SHARE) - 1))
        # In a word of one syllable (Sang, Song) the vowel tells names apart.
        share = share * np.where(short_words, _SHORT_BONE_SHARE, 1.0)
        result = (1 - share) * whole + share * bones
        first = query.fold[:1]
        onset = np.array([self._folds[i][:1] == first for i in ids])
        result = np.where(onset, result, result * 0.94)
        bare = self._bare[chosen] | query.bare
        if bare.any():
            abjad = _compare(query.abjad, [self._abjads[i] for i in ids])
            coarse = _compare(query.coarse, [self._coarse[i] for i in ids])
            abjad = 0.6 * abjad + 0.4 * coarse
            short = np.array([min(len(self._abjads[i]), len(query.abjad)) for i in ids])
            abjad = np.where(short < 3, np.where(abjad == 1, 0.85, 0.0), abjad * 0.95)
            result = np.where(bare, abjad, result)
        result = np.minimum(result, _DIFFERENT_SPELLING)
        self._raise_known(query, ids, result, typed)
        return result.astype(np.float32)

    def _raise_known(
        self,
        query: Spelling,
        ids: Sequence[int],
        result: NDArray[np.float64],
        typed: NDArray[np.float64],
    ) -> None:
        """Nicknames, translated business words, and words with two letters swapped."""
        letters = sorted(query.text)
        nick, business = given_name_groups(query.text), business_word(query.text)
        for at, other in enumerate(ids):
            text = self.texts[other]
            if text == query.text:
                result[at] = 1.0
            elif (
                (sorted(text) == letters and typed[at] > _ONE_SWAP)
                or (nick and nick & given_name_groups(text))
                or (business and business == business_word(text))
            ):
                result[at] = max(result[at], 0.9)


def _compare(text: str, others: Sequence[str]) -> NDArray[np.float64]:
    scores = process.cdist([text], others, scorer=OSA.normalized_similarity)
    return np.asarray(scores[0], dtype=np.float64)
