"""All listed names in memory, and the few worth comparing with a query in full."""

import threading
from collections import Counter
from collections.abc import Container, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraud_sanctions.analyse import Name, is_initial, readings
from fraud_sanctions.lookups import Lookups
from fraud_sanctions.match import Listed
from fraud_sanctions.normalise.spelling import fold
from fraud_sanctions.records import ListedEntity
from fraud_sanctions.vocabulary import Similar, Vocabulary

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
CANDIDATES = 40
_JOINED_BITS = 14.0
_JOINED_MOST = 0.9
_ACRONYM_LENGTHS = range(3, 9)
# A name must share at least this part of the best candidate's agreeing evidence.
_LEAST_SHARE = 0.3
# Log odds by which a candidate may be behind the best one and still overtake it.
_HOPELESS = 6.0


# Entries read for one word of the query, its best resembling words first, so that time
# stays bounded however many people carry a common name.
_MOST_POSTINGS = 40_000


class Entry(NamedTuple):
    """One comparable name of one listed entity."""

    entity: int
    listed: Listed
    weak: bool


class _Scratch(threading.local):
    """Each thread's sums per entry, zero between two screenings."""

    def __init__(self, entries: int) -> None:
        self.agreed = np.zeros(entries, dtype=np.float32)
        self.best = np.zeros(entries, dtype=np.float32)


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
                weak = listed.quality == "weak"
                for name in readings(listed.text, person=person):
                    _, only_weak = seen.setdefault(name.words, (name, weak))
                    if only_weak and not weak:
                        seen[name.words] = (name, weak)
            parsed += [(at, name, weak) for name, weak in seen.values()]
            frequency.update({word for words in seen for word in words})
        self.vocabulary = Vocabulary(frequency, len(self.entities))
        self.entries = [self._entry(*item) for item in parsed]
        self._bits = np.array(
            [sum(entry.listed.bits) for entry in self.entries], dtype=np.float32
        )
        self._scratch = _Scratch(len(self.entries))
        self._starts, self._postings = self._invert()
        self._joined = self._join()
        self._acronyms = self._abbreviate()
        self.lookups = Lookups(self.entities, [item[:2] for item in parsed])

    def __len__(self) -> int:
        return len(self.entries)

    def _entry(self, entity: int, name: Name, weak: bool) -> Entry:
        ids = tuple(self.vocabulary.ids[word] for word in name.words)
        bits = tuple(self.vocabulary.bits[list(ids)].tolist())
        return Entry(entity, Listed(name, ids, bits), weak)

    def _invert(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        pairs = [
            (w, at) for at, e in enumerate(self.entries) for w in set(e.listed.ids)
        ]
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
            for key in set(joined_keys(entry.listed.name)):
                found.setdefault(key, []).append(at)
        return found

    def _abbreviate(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for at, entry in enumerate(self.entries):
            words = entry.listed.name.words
            if self.entities[entry.entity].kind != "person" and len(words) > 2:
                letters = "".join(word[0] for word in words)
                found.setdefault(letters, []).append(at)
        return found

    def posted(self, word: int) -> NDArray[np.int32]:
        """Entries that contain a vocabulary word."""
        return self._postings[self._starts[word] : self._starts[word + 1]]

    def similar(self, name: Name) -> list[Similar]:
        """For each word of the query, the listed words it resembles."""
        return [self.vocabulary.similar(word) for word in name.words]

    def of(self, entity_ids: Container[str]) -> Mask:
        """Which entries belong to these entities."""
        wanted = [entity.entity_id in entity_ids for entity in self.entities]
        return np.array([wanted[entry.entity] for entry in self.entries], dtype=bool)

    def candidates(
        self, name: Name, similar: Sequence[Similar], only: Mask | None = None
    ) -> tuple[NDArray[np.int64], Floats]:
        """Up to 40 entries and their ranks, those sharing most evidence first; `only`: of
        those that the mask allows.

        No single word has to be right: each word adds what its best resembling word is
        worth, and names also meet by neighbouring words run together or by acronym.
        """
        agreed, best = self._scratch.agreed, self._scratch.best
        touched: list[NDArray[np.int32]] = []
        for word, likeness in zip(name.words, similar, strict=True):
            if is_initial(word) or not len(likeness.ids):
                continue
            ids, gains = self._gains(likeness)
            # Written in ascending order of similarity: the best one stays.
            best[ids] = gains
            agreed[ids] += best[
                ids
            ]  # once per distinct id, however often it stands here
            best[ids] = 0.0
            touched.append(ids)
        self._add_joined(name, agreed, touched)
        if not touched:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        ids = np.concatenate(touched)
        sums = agreed[ids]
        agreed[ids] = 0.0
        if only is not None:
            allowed = only[ids]
            ids, sums = ids[allowed], sums[allowed]
            if not len(ids):
                return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        kept = sums >= _LEAST_SHARE * sums.max()
        distinct, first = np.unique(ids[kept], return_index=True)
        asked = sum(likeness.bits for likeness in similar)
        return self._top(distinct, sums[kept][first], asked)

    def _gains(self, likeness: Similar) -> tuple[NDArray[np.int32], Floats]:
        """Entries with a word like this one, and what they gain, best last."""
        starts, ends = self._starts[likeness.ids], self._starts[likeness.ids + 1]
        lengths = ends - starts
        read = np.cumsum(lengths[::-1])[::-1]
        # The most similar word is always read, whole.
        first = min(int(np.argmax(read <= _MOST_POSTINGS)), len(read) - 1)
        if read[-1] > _MOST_POSTINGS:
            first = len(read) - 1
        lists = [
            self._postings[a:b]
            for a, b in zip(starts[first:].tolist(), ends[first:].tolist(), strict=True)
        ]
        gains = (likeness.similarities[first:] - 0.4) / 0.6
        gains *= self.vocabulary.bits[likeness.ids[first:]]
        return np.concatenate(lists), np.repeat(gains, lengths[first:])

    def _add_joined(
        self, name: Name, agreed: Floats, touched: list[NDArray[np.int32]]
    ) -> None:
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
        if gains:
            touched.append(np.fromiter(gains, dtype=np.int32, count=len(gains)))

    def _top(
        self, ids: NDArray[np.int32], agreed: Floats, asked: float
    ) -> tuple[NDArray[np.int64], Floats]:
        """The best by an estimate of their evidence, from what agrees and what is left."""
        found = np.minimum(agreed, self._bits[ids])
        left = self._bits[ids] - found
        asked = max(asked, 1.0)
        rank = 0.3 * np.minimum(found, 20.0) - 0.05 * left
        rank += 5.0 * np.minimum(found / asked, 1.0)
        rank += 4.0 * found / np.maximum(found + left, 1.0)
        if len(ids) > CANDIDATES:
            kept = np.argpartition(rank, -CANDIDATES)[-CANDIDATES:]
            ids, rank = ids[kept], rank[kept]
        order = np.argsort(-rank, kind="stable")
        hopeful = order[rank[order] >= rank[order[0]] - _HOPELESS]
        return np.asarray(ids[hopeful], dtype=np.int64), rank[hopeful]


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
