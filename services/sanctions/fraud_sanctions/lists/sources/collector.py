"""The entities of a list while it is read: a bad row costs one row, counted and named."""

from collections.abc import Callable
from dataclasses import replace
from typing import ParamSpec

from fraud_sanctions.lists.records import ListedEntity, SkippedRow
from fraud_sanctions.lists.sources.refusal import ListRefused, RowCode, RowRefused

P = ParamSpec("P")
# More than this many bad rows, and more than this share, are no slips: the file is damaged,
# or is not what it is taken for.
_FEW = 5
_SHARE = 10
_LONGEST_LABEL = 64


class Collector:
    """Entities by id, and the rows that were left out.

    `skipped`: where to put those; the caller's own list, which it reads afterwards.
    """

    def __init__(self, list_id: str, skipped: list[SkippedRow] | None = None) -> None:
        self.list_id = list_id
        self.skipped = [] if skipped is None else skipped
        self._found: dict[str, ListedEntity] = {}
        self._rows = 0

    @property
    def rows(self) -> int:
        """How many rows were seen, good or bad."""
        return self._rows

    def take(
        self,
        row: str,
        build: Callable[P, ListedEntity],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Add the entity that `build` makes of a row, or leave the row out by name."""
        try:
            entity = build(*args, **kwargs)
        except RowRefused as refused:
            self.skip(row, refused.code)
            return
        self._rows += 1
        known = self._found.get(entity.entity_id)
        if known is None:
            self._found[entity.entity_id] = entity
            return
        # Whoever of the two is meant by the id: both names are screened.
        self._found[entity.entity_id] = _both(known, entity)
        self._note(row, "ROW_DUPLICATE")

    def skip(self, row: str, code: RowCode) -> None:
        """Leave a row out."""
        self._rows += 1
        self._note(row, code)

    def _note(self, row: str, code: RowCode) -> None:
        label = "".join(char for char in row if char.isprintable())
        self.skipped.append(SkippedRow(label[:_LONGEST_LABEL] or "?", code))

    def whole(self) -> tuple[ListedEntity, ...]:
        """All entities; raises ListRefused without any, or with too many bad rows."""
        if not self._found:
            raise ListRefused(
                self.list_id, "LIST_CORRUPT" if self.skipped else "LIST_EMPTY"
            )
        refuse_many(self.list_id, len(self.skipped), self._rows)
        return tuple(self._found.values())


def refuse_many(list_id: str, bad: int, rows: int) -> None:
    """Raise ListRefused (corrupt) for more bad rows than slips make."""
    if bad > max(_FEW, rows // _SHARE):
        raise ListRefused(list_id, "LIST_CORRUPT")


def _both(one: ListedEntity, other: ListedEntity) -> ListedEntity:
    """One entity with the names and facts of two rows."""
    extra = [
        replace(name, quality="alias") if name.quality == "primary" else name
        for name in other.names
    ]
    return replace(
        one,
        names=tuple(dict.fromkeys((*one.names, *extra))),
        birth_dates=tuple(dict.fromkeys((*one.birth_dates, *other.birth_dates))),
        countries=tuple(dict.fromkeys((*one.countries, *other.countries))),
        programs=tuple(dict.fromkeys((*one.programs, *other.programs))),
        identifiers=tuple(dict.fromkeys((*one.identifiers, *other.identifiers))),
    )
