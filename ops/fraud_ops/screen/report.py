"""What is found, as a CSV: a line for each hit, and one for each row without any."""

import csv
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from fraud_ops.screen.batches import Screened
from fraud_ops.screen.rows import Refused

HEADER = (
    "line",
    "id",
    "status",
    "entity",
    "list",
    "listed_name",
    "hit",
    "similarity",
    "strength",
    "reasons",
    "list_versions",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_report(found: Iterable[Screened], path: Path) -> Counter[str]:
    """Write the report in one step, and count the rows by status."""
    counts: Counter[str] = Counter()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(HEADER)
            for one in found:
                counts[one.status] += 1
                counts["hits"] += len(one.hits)
                out.writerows(map(_cells, _lines(one)))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return counts


def _lines(one: Screened) -> Iterator[tuple[str, ...]]:
    start = (str(one.row.line), one.row.row_id, one.status)
    versions = "; ".join(f"{each.list} {each.version}" for each in one.lists)
    for hit in one.hits:
        yield (
            *start,
            hit.entity_id,
            hit.list,
            hit.name,
            hit.status,
            f"{hit.similarity:.4f}",
            f"{hit.strength:.4f}",
            "; ".join(hit.reasons),
            versions,
        )
    if not one.hits:
        row = one.row
        why = f"{row.field}: {row.problem}" if isinstance(row, Refused) else ""
        yield (*start, "", "", "", "", "", "", why, versions)


def _cells(line: tuple[str, ...]) -> list[str]:
    """No cell that a spreadsheet would take for a formula: listed names are foreign."""
    return [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in line]
