"""What finds a listed name or entity at once, without any likeness of words."""

from collections.abc import Iterable, Sequence

import numpy as np

from fraud_sanctions.lists.records import ListedEntity, ListedIdentifier
from fraud_sanctions.matching.qualify import is_informative
from fraud_sanctions.names.analyse import Name

# Words of a name and of what stands beside it.
_LONGEST = 10
_NONE: tuple[int, ...] = ()


class Lookups:
    """Exact finds, whatever else resembles the query more.

    `names`: the entity that each name belongs to, and the name.
    """

    def __init__(
        self, entities: Sequence[ListedEntity], names: Sequence[tuple[int, Name]]
    ) -> None:
        self._same: dict[tuple[str, ...], list[int]] = {}
        self._holding: dict[str, list[int]] = {}
        # Which of the names are those of ships.
        self.ships = np.array([entities[at].kind == "vessel" for at, _ in names], bool)
        for at, (entity, name) in enumerate(names):
            self._same.setdefault(tuple(sorted(name.words)), []).append(at)
            for value in {number.value for number in entities[entity].identifiers}:
                self._holding.setdefault(value, []).append(at)

    def same(self, name: Name) -> Sequence[int]:
        """Entries of these very words, in any order."""
        return self._same.get(tuple(sorted(name.words)), _NONE)

    def inside(self, name: Name) -> Sequence[int]:
        """Entries of two or more words that stand together in this longer name."""
        words = name.words
        if not 2 < len(words) <= _LONGEST:
            return _NONE
        runs = (
            words[start:end]
            for start in range(len(words) - 1)
            for end in range(start + 2, len(words) + 1)
            if end - start < len(words)
        )
        return [at for run in runs for at in self._same.get(tuple(sorted(run)), _NONE)]

    def holding(self, numbers: Iterable[ListedIdentifier]) -> Sequence[int]:
        """Entries of entities that have one of these numbers, whatever they are called."""
        return [
            at
            for number in numbers
            if is_informative(number)
            for at in self._holding.get(number.value, _NONE)
        ]
