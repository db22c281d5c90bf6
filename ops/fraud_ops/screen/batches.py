"""Many names in few requests: how rows are cut into batches, and answers put back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from fraud_ops.screen.rows import Named, Refused, Row
from fraud_sanctions.matching.answers import worst
from fraud_shared.contracts.screening import (
    ListVersion,
    PartyQuery,
    ScreeningHit,
    ScreeningRequest,
    ScreeningResult,
)

LARGEST_BATCH = 1000
# Below the service's limit of a body (512 KiB) and of hits in one answer.
_LARGEST_BODY = 400_000
_MOST_HITS = 5000
_PARTY_BYTES = 220
# What answers the parties of one request. Raises DeskUnusable.
Screen = Callable[[ScreeningRequest], ScreeningResult]


@dataclass(frozen=True, slots=True)
class Screened:
    """One row and its answer: `refused` when it was not asked about, `unavailable` when
    there was no answer."""

    row: Row
    status: str
    hits: tuple[ScreeningHit, ...] = ()
    lists: tuple[ListVersion, ...] = ()


def screened(
    rows: Iterable[Row], screen: Screen, size: int = LARGEST_BATCH
) -> Iterator[Screened]:
    """Every row with its answer, in the order of the file."""
    for batch in batches(rows, size):
        asked = [row for row in batch if isinstance(row, Named)]
        answers = iter(_answers(asked, screen))
        for row in batch:
            if isinstance(row, Refused):
                yield Screened(row, "refused")
            else:
                yield next(answers)


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Rows in batches of at most `size` that fit in one request."""
    batch: list[Row] = []
    room = _LARGEST_BODY
    for row in rows:
        weight = _weight(row)
        if batch and (len(batch) == size or weight > room):
            yield batch
            batch, room = [], _LARGEST_BODY
        batch.append(row)
        room -= weight
    if batch:
        yield batch


def _weight(row: Row) -> int:
    if isinstance(row, Refused):
        return 0
    texts = (row.query.name or "", *row.query.identifiers)
    # In JSON a character takes two bytes where it is escaped, and at most four in UTF-8.
    return _PARTY_BYTES + sum(2 * len(text.encode()) + 4 for text in texts)


def _answers(rows: Sequence[Named], screen: Screen) -> list[Screened]:
    """One answer per row. An answer that did not hold them all is asked for in halves."""
    if not rows:
        return []
    result = screen(
        ScreeningRequest(parties=tuple(map(_party, range(len(rows)), rows)))
    )
    partial = result.status == "unavailable" or len(result.hits) >= _MOST_HITS
    if partial and len(rows) > 1:
        half = len(rows) // 2
        return _answers(rows[:half], screen) + _answers(rows[half:], screen)
    if result.status == "unavailable":
        return [Screened(row, "unavailable", (), result.lists) for row in rows]
    found: dict[str, list[ScreeningHit]] = {}
    for hit in result.hits:
        found.setdefault(hit.role, []).append(hit)
    return [
        Screened(row, worst(hits), tuple(hits), result.lists)
        for at, row in enumerate(rows)
        for hits in (found.get(_role(at), []),)
    ]


def _party(at: int, row: Named) -> PartyQuery:
    return row.query.model_copy(update={"role": _role(at)})


def _role(at: int) -> str:
    return f"row-{at}"
