"""Rows of entries, snoozes and totals as the routes show them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from fraud_engines.rules.ruleset import Ruleset
from fraud_rules.store import Row
from fraud_rules.tallies import EVERY_PAYMENT
from fraud_shared.contracts.entries import Entry, Snooze
from fraud_shared.contracts.rules import RuleMetric, RuleMetrics
from fraud_shared.web.problems import InvalidInput

_MICROS = 1_000_000


def entry(row: Row) -> Entry:
    """An entry of a list."""
    return Entry(entry_id=row.marker_id, list=row.on, **_common(row))


def snooze(row: Row) -> Snooze:
    """A snooze."""
    return Snooze(snooze_id=row.marker_id, rule=row.on, **_common(row))


def _common(row: Row) -> dict[str, Any]:
    names = (
        "kind", "value", "reason", "who", "created_at", "expires_at", "ended_at",
        "ended_by", "ended_why",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names}


def page(rows: Sequence[Row], limit: int, view: Callable[[Row], Any]) -> dict[str, Any]:
    """Items and the next cursor, of one row more than were asked for."""
    items = rows[:limit]
    cursor = None
    if len(rows) > limit:
        last = items[-1]
        stamp = last.created_at - datetime(1970, 1, 1, tzinfo=UTC)
        at = round(stamp.total_seconds() * _MICROS)
        cursor = f"{at}_{last.marker_id}"
    return {"items": [view(row) for row in items], "next_cursor": cursor}


def position(cursor: str | None) -> tuple[datetime, str] | None:
    """Where a page begins. Raises InvalidInput."""
    if cursor is None:
        return None
    at, _, marker_id = cursor.partition("_")
    if not (at.isascii() and at.isdigit() and len(at) <= 16 and marker_id):
        raise InvalidInput(errors=[("cursor", "not one of ours")])
    seconds, micros = divmod(int(at), _MICROS)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    return moment, marker_id


def metrics(ruleset: Ruleset, totals: Sequence[Row]) -> RuleMetrics:
    """What each rule did: hits, share of hits, errors, and the mean time of those that were
    timed."""
    payments = next((r.hits for r in totals if r.rule == EVERY_PAYMENT), 0)
    items = [
        RuleMetric(
            rule=row.rule,
            state=row.state,
            hits=row.hits,
            hit_rate=row.hits / payments if payments else 0.0,
            errors=row.errors,
            mean_us=row.micros / row.timed if row.timed else None,
        )
        for row in totals
        if row.rule != EVERY_PAYMENT
    ]
    return RuleMetrics(document=ruleset.version, payments=payments, items=items)
