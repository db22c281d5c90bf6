"""What finds a listed name or entity at once, without any likeness of words."""

from collections.abc import Sequence

from fraud_sanctions.analyse import Name

_NONE: tuple[int, ...] = ()


class Lookups:
    """Exact finds, whatever else resembles the query more."""

    def __init__(self, names: Sequence[Name]) -> None:
        self._same: dict[tuple[str, ...], list[int]] = {}
        for at, name in enumerate(names):
            self._same.setdefault(tuple(sorted(name.words)), []).append(at)

    def same(self, name: Name) -> Sequence[int]:
        """Entries of these very words, in any order."""
        return self._same.get(tuple(sorted(name.words)), _NONE)
