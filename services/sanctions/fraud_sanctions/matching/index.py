"""All listed names in memory, and the few worth comparing with a query in full."""

import threading
from collections import Counter
from collections.abc import Container, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fraud_sanctions.lists.records import ListedEntity
from fraud_sanctions.matching.lookups import Lookups
from fraud_sanctions.matching.pairing import Listed
from fraud_sanctions.matching.vocabulary import Similar, Vocabulary
from fraud_sanctions.names.analyse import Name, is_initial, readings
from fraud_sanctions.names.normalise.spelling import fold

# As wide as numpy's own index: a narrower one is copied each time it is used.
Ids = NDArray[np.intp]
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


_FIRST = np.array([True])
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
        self._ends = self._starts[1:]
        self._lengths = np.diff(self._starts)
        self._joined = self._join()
        self._acronyms = self._abbreviate()
        self.lookups = Lookups(self.entities, [item[:2] for item in parsed])

    def __len__(self) -> int:
        return len(self.entries)

    def _entry(self, entity: int, name: Name, weak: bool) -> Entry:
        ids = tuple(self.vocabulary.ids[word] for word in name.words)
        bits = tuple(self.vocabulary.bits[list(ids)].tolist())
        return Entry(entity, Listed.of(name, ids, bits), weak)

    def _invert(self) -> tuple[Ids, Ids]:
        pairs = [
            (w, at) for at, e in enumerate(self.entries) for w in set(e.listed.ids)
        ]
        if not pairs:
            return np.zeros(1, dtype=np.intp), np.empty(0, dtype=np.intp)
        array = np.array(pairs, dtype=np.int32)
        array = array[np.argsort(array[:, 0], kind="stable")]
        starts = np.searchsorted(array[:, 0], np.arange(len(self.vocabulary) + 1))
        return starts, array[:, 1].astype(np.intp)

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

    def posted(self, word: int) -> Ids:
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
    ) -> tuple[Ids, Floats]:
        """Up to 40 entries and their ranks, those sharing most evidence first; `only`: of
        those that the mask allows.

        No single word has to be right: each word adds what its best resembling word is
        worth, and names also meet by neighbouring words run together or by acronym.
        """
        agreed = self._scratch.agreed
        ids = self._agree(name, similar)
        if joined := self._add_joined(name):
            ids = np.concatenate((ids, np.array(joined, dtype=np.intp)))
        allowed = ids if only is None else ids[only[ids]]
        if not len(allowed):
            agreed[ids] = 0.0
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.float32)
        sums = agreed[allowed]
        kept = allowed[sums >= _LEAST_SHARE * sums.max()]
        kept.sort()
        distinct = kept[np.concatenate((_FIRST, kept[1:] != kept[:-1]))]
        found = agreed[distinct]
        agreed[ids] = 0.0
        asked = sum([likeness.bits for likeness in similar])
        return self._top(distinct, found, asked)

    def _agree(self, name: Name, similar: Sequence[Similar]) -> Ids:
        """Add up what each entry gains by its words; the entries, some more than once."""
        words = [
            (likeness.ids, likeness.gains)
            for word, likeness in zip(name.words, similar, strict=True)
            if len(likeness.ids) and not is_initial(word)
        ]
        if not words:
            return np.empty(0, dtype=np.intp)
        lengths = self._lengths[np.concatenate([ids for ids, _ in words])]
        if lengths.sum() > _MOST_POSTINGS:
            words = [self._best_read(*word) for word in words]
        return self._add_up(words)

    def _best_read(self, ids: Ids, gains: Floats) -> tuple[Ids, Floats]:
        """As many of one word's best resembling words as may be read, at least one."""
        read = self._lengths[ids[::-1]].cumsum()
        first = len(ids) - max(1, int(np.searchsorted(read, _MOST_POSTINGS, "right")))
        return ids[first:], gains[first:]

    def _add_up(self, words: Sequence[tuple[Ids, Floats]]) -> Ids:
        agreed = self._scratch.agreed
        ids = np.concatenate([ids for ids, _ in words])
        lengths = self._lengths[ids]
        ends = lengths.cumsum()
        places = (self._ends[ids] - ends).repeat(lengths)
        places += np.arange(len(places))
        entries: Ids = self._postings[places]
        gains = np.concatenate([gains for _, gains in words]).repeat(lengths)
        last, start = -1, 0
        for word, _ in words:
            last += len(word)
            end = int(ends[last])
            met = entries[start:end]
            # Of an entry that stands here more than once, the last one counts: the best.
            agreed[met] += gains[start:end]
            start = end
        return entries

    def _add_joined(self, name: Name) -> Sequence[int]:
        """Raise names met by joined words, to almost full agreement but never beyond."""
        agreed = self._scratch.agreed
        gains: dict[int, float] = {}
        pairs = joined_keys(name)
        long = [
            folded
            for word, folded in zip(name.words, name.folds, strict=True)
            if len(word) > 4
        ]
        # Two words that stand apart in both names met already.
        whole = pairs[-1:] if len(name.words) > 2 else []
        for key in {*whole, *long}:
            for at in self._joined.get(key, ()):
                gains[at] = gains.get(at, 0.0) + _JOINED_BITS
        for key in set(pairs):
            for listed in self.vocabulary.folded(key):
                for at in self.posted(listed).tolist():
                    gains[at] = gains.get(at, 0.0) + _JOINED_BITS
        for one, other in pairwise(name.syllables):
            for listed in (
                self.vocabulary.syllabled(one + other) if one and other else ()
            ):
                for at in self.posted(listed).tolist():
                    gains[at] = max(gains.get(at, 0.0), _JOINED_BITS)
        for word in set(name.words):
            if len(word) in _ACRONYM_LENGTHS:
                for at in self._acronyms.get(word, ()):
                    gains[at] = gains.get(at, 0.0) + _JOINED_BITS
        for at, gain in gains.items():
            had, most = float(agreed[at]), _JOINED_MOST * float(self._bits[at])
            agreed[at] = max(had, min(had + gain, most))
        return list(gains)

    def _top(self, ids: Ids, agreed: Floats, asked: float) -> tuple[Ids, Floats]:
        """The best by an estimate of their evidence, from what agrees and what is left."""
        bits = self._bits[ids]
        found = np.minimum(agreed, bits)
        left = bits - found
        asked = max(asked, 1.0)
        rank = 0.3 * np.minimum(found, 20.0) - 0.05 * left
        rank += 5.0 * np.minimum(found / asked, 1.0)
        rank += 4.0 * found / np.maximum(found + left, 1.0)
        if len(ids) > CANDIDATES:
            kept = np.argpartition(rank, -CANDIDATES)[-CANDIDATES:]
            ids, rank = ids[kept], rank[kept]
        order = np.argsort(-rank, kind="stable")
        hopeful = order[rank[order] >= rank[order[0]] - _HOPELESS]
        return np.asarray(ids[hopeful], dtype=np.intp), rank[hopeful]


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
