"""Words that share rare trigrams with a word, whatever its first letter or its consonants."""

import math
from collections.abc import Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

_NEAREST = 48
_LEAST_DICE = 0.25
# Postings read for one word: the rarest trigrams first, so that time stays bounded
# however many words there are.
_MOST_POSTINGS = 8_000
_WEIGHT_BITS = 20
_WEIGHT_UNIT = 1 << 12
_WEIGHTS = (1 << _WEIGHT_BITS) - 1
_FIRST = np.array([True])
_BITS = itemgetter(0)


def trigrams(fold: str) -> set[str]:
    """Trigrams of a folded word, padded so that its ends count."""
    padded = f"^{fold}$"
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


class TrigramIndex:
    """Trigrams to the positions of the words that hold them. Empty words are left out."""

    def __init__(self, folds: Sequence[str]) -> None:
        found: dict[str, list[int]] = {}
        for at, fold in enumerate(folds):
            if fold:
                for gram in trigrams(fold):
                    found.setdefault(gram, []).append(at)
        bits = {g: math.log(1 + len(folds) / len(ids)) for g, ids in found.items()}
        # A posting carries its weight in its low bits, so that one sort adds them up.
        self._postings = {
            gram: (
                bits[gram],
                (np.array(ids, dtype=np.int64) << _WEIGHT_BITS)
                + round(bits[gram] * _WEIGHT_UNIT),
            )
            for gram, ids in found.items()
        }
        self._norms = np.array(
            [sum(bits[g] for g in trigrams(f)) if f else 0.0 for f in folds],
            dtype=np.float32,
        )

    def nearest(self, fold: str) -> list[int]:
        """Up to 48 positions by weighted Dice likeness of their trigrams."""
        postings = self._postings
        # Sorted, so that of equally rare ones every process reads the same.
        own = [postings[gram] for gram in sorted(trigrams(fold)) if gram in postings]
        if not own:
            return []
        own.sort(key=_BITS, reverse=True)
        total = sum([bits for bits, _ in own])
        lists: list[NDArray[np.int64]] = []
        read = 0
        for _, posted in own:
            read += len(posted)
            if lists and read > _MOST_POSTINGS:
                break
            lists.append(posted)
        packed = np.concatenate(lists)
        packed.sort()
        ids = packed >> _WEIGHT_BITS
        starts = np.flatnonzero(np.concatenate((_FIRST, ids[1:] != ids[:-1])))
        packed &= _WEIGHTS
        shared = np.add.reduceat(packed, starts)
        ids = ids[starts]
        dice = shared * (2 / _WEIGHT_UNIT)
        dice /= self._norms[ids] + total
        if len(ids) > _NEAREST:
            best = dice.argpartition(-_NEAREST)[-_NEAREST:]
            ids, dice = ids[best], dice[best]
        nearest: list[int] = ids[dice > _LEAST_DICE].tolist()
        return nearest
