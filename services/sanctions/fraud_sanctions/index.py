"""All listed names in memory, and the few worth comparing with a query in full."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fraud_sanctions.analyse import Name, is_initial, readings
from fraud_sanctions.normalise.spelling import fold
from fraud_sanctions.records import ListedEntity
from fraud_sanctions.vocabulary import Similar, Vocabulary

CANDIDATES = 40
_JOINED_BITS = 14.0
_JOINED_MOST = 0.9
_ACRONYM_LENGTHS = range(3, 9)
# A name must share at least this part of the best candidate's agreeing evidence.
_LEAST_SHARE = 0.3
# Log odds by which a candidate may be behind the best one and still overtake it.
_HOPELESS = 6.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One comparable name of one listed entity. `words`: vocabulary ids."""

    entity: int
    name: Name
    words: tuple[int, ...]
    bits: float
    weak: bool


class Index:
    """Immutable. Build aside, then replace the one reference."""

    def __init__(self, entities: Sequence[ListedEntity]) -> None:
        self.entities = tuple(entities)
        parsed: list[tuple[int, Name, bool]] = []
        frequency: Counter[str] = Counter()
        for at, entity in enumerate(self.entities):
            person = entity.kind == "person"
            seen: dict[tuple[str, ...], tuple[Name, bool]] = {}
            for listed in entity.names:
                for name in readings(listed.text, person=person):
                    seen.setdefault(name.words, (name, listed.quality == "weak"))
            parsed += [(at, name, weak) for name, weak in seen.values()]
            frequency.update({word for words in seen for word in words})
        self.vocabulary = Vocabulary(frequency, len(self.entities))
        self.entries = [self._entry(*item) for item in parsed]
        self._bits = np.array([entry.bits for entry in self.entries], dtype=np.float32)
        self._starts, self._postings = self._invert()
        self._joined = self._join()
        self._acronyms = self._abbreviate()

    def __len__(self) -> int:
        return len(self.entries)

    def _entry(self, entity: int, name: Name, weak: bool) -> Entry:
        ids = tuple(self.vocabulary.ids[word] for word in name.words)
        bits = float(sum(self.vocabulary.bits[i] for i in ids))
        return Entry(entity, name, ids, bits, weak)

    def _invert(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        pairs = [(w, at) for at, e in enumerate(self.entries) for w in set(e.words)]
        if not pairs:
            return np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int32)
        array = np.array(pairs, dtype=np.int32)
        array = array[np.argsort(array[:, 0], kind="stable")]
        starts = np.searchsorted(array[:, 0], np.arange(len(self.vocabulary) + 1))
        return starts, np.ascontiguousarray(array[:, 1])

    def _join(self) -> dict[str, list[int]]:
        """Neighbouring words run together, so that `Sky Zone` is found by `Skyzone`."""
        found: dict[str, list[int]] = {}
        for at, entry in enumerate(self.entries):
            for key in set(joined_keys(entry.name)):
                found.setdefault(key, []).append(at)
        return found

    def _abbreviate(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for at, entry in enumerate(self.entries):
            if self.entities[entry.entity].kind != "person" and len(entry.words) > 2:
                letters = "".join(word[0] for word in entry.name.words)
                found.setdefault(letters, []).append(at)
        return found

    def posted(self, word: int) -> NDArray[np.int32]:
        """Entries that contain a vocabulary word."""
        return self._postings[self._starts[word] : self._starts[word + 1]]

    def similar(self, name: Name) -> list[Similar]:
        """For each word of the query, the listed words it resembles."""
        return [self.vocabulary.similar(word) for word in name.words]

    def candidates(self, name: Name, similar: Sequence[Similar]) -> NDArray[np.int64]:
        """Up to 40 entries, those sharing most evidence with the query first.

        No single word has to be right: each word adds what its best resembling word is
        worth, and names also meet by neighbouring words run together or by acronym.
        """
        agreed = np.zeros(len(self.entries), dtype=np.float32)
        best = np.zeros(len(self.entries), dtype=np.float32)
        for word, likeness in zip(name.words, similar, strict=True):
            if is_initial(word) or not len(likeness.ids):
                continue
            lists = [self.posted(i) for i in likeness.ids]
            ids = np.concatenate(lists)
            gains = (likeness.similarities - 0.4) / 0.6
            gains *= self.vocabulary.bits[likeness.ids]
            # Written in ascending order of similarity: the best one stays.
            best[ids] = np.repeat(gains, [len(posted) for posted in lists])
            agreed[ids] += _once(ids, best)
            best[ids] = 0.0
        self._add_joined(name, agreed)
        return self._top(agreed, sum(likeness.bits for likeness in similar))

    def _add_joined(self, name: Name, agreed: NDArray[np.float32]) -> None:
        """Raise names met by joined words, to almost full agreement but never beyond."""
        gains: dict[int, float] = {}
        pairs = joined_keys(name)
        for key in {*pairs, *(fold(word) for word in name.words if len(word) > 4)}:
            for at in self._joined.get(key, ()):
                gains[at] = gains.get(at, 0.0) + _JOINED_BITS
        for key in set(pairs):
            for listed in self.vocabulary.folded(key):
                for at in self.posted(listed).tolist():
                    gains[at] = gains.get(at, 0.0) + _JOINED_BITS
        for word in set(name.words):
            if len(word) in _ACRONYM_LENGTHS:
                for at in self._acronyms.get(word, ()):
                    gains[at] = gains.get(at, 0.0) + _JOINED_BITS
        for at, gain in gains.items():
            had, most = float(agreed[at]), _JOINED_MOST * float(self._bits[at])
            agreed[at] = max(had, min(had + gain, most))

    def _top(self, agreed: NDArray[np.float32], asked: float) -> NDArray[np.int64]:
        """The best by an estimate of their evidence, from what agrees and what is left."""
        most = float(agreed.max()) if len(agreed) else 0.0
        if most <= 0.0:
            return np.empty(0, dtype=np.int64)
        ids = np.flatnonzero(agreed >= _LEAST_SHARE * most)
        found = np.minimum(agreed[ids], self._bits[ids])
        left = self._bits[ids] - found
        asked = max(asked, 1.0)
        rank = 0.3 * np.minimum(found, 20.0) - 0.05 * left
        rank += 5.0 * np.minimum(found / asked, 1.0) + 4.0 * found / (found + left)
        if len(ids) > CANDIDATES:
            kept = np.argpartition(rank, -CANDIDATES)[-CANDIDATES:]
            ids, rank = ids[kept], rank[kept]
        order = np.argsort(-rank, kind="stable")
        hopeful = order[rank[order] >= rank[order[0]] - _HOPELESS]
        return np.asarray(ids[hopeful], dtype=np.int64)


def _once(ids: NDArray[np.int32], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each entry's value for a fancy `+=`, which numpy applies once per distinct id."""
    return values[ids]


def joined_keys(name: Name) -> list[str]:
    """Folded forms of each two neighbouring words run together, and of the whole name."""
    words = name.words
    keys = [
        fold(a + b)
        for a, b in pairwise(words)
        if len(a) + len(b) > 4 and "#" not in a + b
    ]
    if len(words) > 2 and len(name.compact) <= 40:
        keys.append(fold(name.compact))
    return keys
