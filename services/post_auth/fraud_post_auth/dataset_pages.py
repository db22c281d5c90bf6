"""Datasets in pages: the versions there are, and the rows of one day."""

import math
from datetime import datetime
from typing import Any

from fraud_post_auth.dataset import DatasetStore
from fraud_shared.contracts.datasets import DatasetQuery, DatasetRows, DatasetVersion
from fraud_shared.contracts.paging import Page, PageQuery
from fraud_shared.web.problems import NotFound


def version_page(
    versions: list[DatasetVersion], asked: PageQuery
) -> Page[DatasetVersion]:
    """The versions after the cursor, newest first. A cursor is the name of a version."""
    newest = versions[::-1]
    names = [version.version for version in newest]
    start = names.index(asked.cursor) + 1 if asked.cursor in names else 0
    items = newest[start : start + asked.limit]
    more = start + asked.limit < len(newest)
    cursor = items[-1].version if more else None
    return Page[DatasetVersion](items=items, next_cursor=cursor)


def day_page(store: DatasetStore, day: str, asked: DatasetQuery) -> DatasetRows:
    """Rows of a day (`2026-03-02`, UTC). Raises NotFound where no version has it."""
    version = _version(store.versions(), day, asked.version)
    left, skipped = asked.limit, asked.cursor
    items: list[dict[str, Any]] = []
    total = 0
    for part in version.parts:
        if not part.path.startswith(f"day={day}/"):
            continue
        total += part.rows
        if skipped >= part.rows:
            skipped -= part.rows
        elif left > 0:
            found = store.part(version, part).slice(skipped, left)
            items += [_plain(row) for row in found.iter_rows(named=True)]
            left, skipped = asked.limit - len(items), 0
    end = asked.cursor + len(items)
    cursor = str(end) if items and end < total else None
    return DatasetRows(version=version.version, items=items, next_cursor=cursor)


def _version(
    versions: list[DatasetVersion], day: str, wanted: str | None
) -> DatasetVersion:
    for version in reversed(versions):
        named = wanted is None or version.version == wanted
        if named and any(p.path.startswith(f"day={day}/") for p in version.parts):
            return version
    raise NotFound


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON can say it: times in RFC 3339, no NaN."""
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
