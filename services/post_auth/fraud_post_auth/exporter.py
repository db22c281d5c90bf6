"""From the training rows to a dataset version, point in time."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_features.definitions.label_resolution import ReportedLabel
from fraud_post_auth import telemetry
from fraud_post_auth.dataset import (
    DatasetMissing,
    DatasetRow,
    DatasetStore,
    Features,
    Writer,
)
from fraud_post_auth.drift import REFERENCE, WEEK, NotEnough, measure
from fraud_post_auth.ledger import report_of
from fraud_post_auth.outcomes import Outcome, fold, learnable
from fraud_post_auth.rows import unpack
from fraud_post_auth.tables import labels, training_rows
from fraud_post_auth.telemetry import EXPORTED
from fraud_shared.contracts.datasets import DatasetVersion
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database

# Bounds memory: rows of a page are held at once, and a part holds at most so many.
PAGE = 10_000
# What drift compares; older days need not be read again.
LOOK_BACK = REFERENCE + WEEK


class Exporter:
    """Writes datasets, one at a time, to `store`."""

    def __init__(
        self,
        db: Database,
        store: DatasetStore,
        features: Features,
        maturity: timedelta,
        clock: Clock,
    ) -> None:
        self._db = db
        self.store = store
        self._features = features
        self._maturity = maturity
        self._clock = clock
        self._one = asyncio.Lock()

    async def versions(self) -> list[DatasetVersion]:
        """All complete versions, oldest first."""
        return await asyncio.to_thread(self.store.versions)

    async def watermark(self) -> datetime | None:
        """How far event time has come: the newest payment or report, never past now.

        Maturity counts in event time, or a replayed year would mature in an hour.
        """
        async with self._db.read(patient=True) as conn:
            paid = await conn.scalar(
                sa.select(training_rows.c.occurred_at)
                .order_by(training_rows.c.occurred_at.desc())
                .limit(1)
            )
            reported = await conn.scalar(
                sa.select(labels.c.reported_at)
                .order_by(labels.c.reported_at.desc())
                .limit(1)
            )
        newest = max((at for at in (paid, reported) if at is not None), default=None)
        return min(newest, self._clock.now()) if newest is not None else None

    async def export(self, as_of: datetime | None = None) -> DatasetVersion | None:
        """Write what was known at `as_of` (default: the watermark); None when there has
        been no event. Reports made after `as_of` are not looked at."""
        async with self._one:
            at = as_of or await self.watermark()
            if at is None:
                return None
            writer = self.store.writer(self._features)
            try:
                others = await self._pages(writer, at)
                version = await asyncio.to_thread(
                    writer.finish,
                    as_of=at.astimezone(UTC),
                    maturity_days=self._maturity / timedelta(days=1),
                    other_features=others,
                    now=self._clock.now(),
                )
            except BaseException:
                await asyncio.to_thread(writer.abandon)
                raise
        EXPORTED.set(version.rows)
        await asyncio.to_thread(self._measure, version)
        return version

    def _measure(self, version: DatasetVersion) -> None:
        """Metrics of drift, of what was just written."""
        try:
            rows = self.store.read(version, since=version.as_of - LOOK_BACK)
            drift = measure(rows)
        except (DatasetMissing, NotEnough):
            return
        telemetry.show(drift)

    async def export_if_due(self, every: timedelta | None) -> DatasetVersion | None:
        """Export when a day of event time has passed since the newest version, or `every`
        of wall time where that is given."""
        versions = await self.versions()
        if every is not None:
            newest = max((v.written_at for v in versions), default=None)
            due = newest is None or self._clock.now() - newest >= every
            return await self.export() if due else None
        mark = await self.watermark()
        if mark is None:
            return None
        midnight = mark.replace(hour=0, minute=0, second=0, microsecond=0)
        if any(version.as_of >= midnight for version in versions):
            return None
        return await self.export(midnight)

    async def _pages(self, writer: Writer, as_of: datetime) -> dict[str, int]:
        others: dict[str, int] = {}
        after: tuple[datetime, str] | None = None
        while True:
            async with self._db.read(patient=True) as conn:
                page = await _page(conn, as_of, after)
                reports = await _reports(conn, page, as_of)
            if not page:
                return others
            rows = []
            for row in page:
                known = self._known(row, reports, as_of)
                if known is None:
                    continue
                if not self._ours(row):
                    so_far = others.get(row["feature_hash"], 0)
                    others[row["feature_hash"]] = so_far + 1
                    continue
                rows.append(_dataset_row(row, *known))
            await asyncio.to_thread(writer.add, rows)
            after = (page[-1]["occurred_at"], page[-1]["decision_id"])

    def _ours(self, row: sa.RowMapping) -> bool:
        # The length too: one wrong row would otherwise stop every export.
        expected = len(self._features.names) * 8
        same = row["feature_hash"] == self._features.hash
        return same and len(row["features"]) == expected

    def _known(
        self,
        row: sa.RowMapping,
        reports: Mapping[tuple[str, str], list[ReportedLabel[datetime]]],
        as_of: datetime,
    ) -> tuple[Outcome, float] | None:
        outcome = fold(reports.get((row["transaction_id"], row["tenant"]), ()))
        return learnable(outcome, row["occurred_at"], as_of, self._maturity)


async def _page(
    conn: AsyncConnection, as_of: datetime, after: tuple[datetime, str] | None
) -> Sequence[sa.RowMapping]:
    time, key = training_rows.c.occurred_at, training_rows.c.decision_id
    query = sa.select(training_rows).where(time <= as_of)
    if after is not None:
        beyond = sa.or_(time > after[0], sa.and_(time == after[0], key > after[1]))
        query = query.where(beyond)
    found = await conn.execute(query.order_by(time, key).limit(PAGE))
    return found.mappings().all()


async def _reports(
    conn: AsyncConnection, page: Sequence[sa.RowMapping], as_of: datetime
) -> dict[tuple[str, str], list[ReportedLabel[datetime]]]:
    if not page:
        return {}
    first, last = page[0]["occurred_at"], page[-1]["occurred_at"]
    paid = sa.select(training_rows.c.transaction_id).where(
        training_rows.c.occurred_at.between(first, last)
    )
    found = await conn.execute(
        sa.select(labels).where(
            labels.c.transaction_id.in_(paid), labels.c.reported_at <= as_of
        )
    )
    reports: dict[tuple[str, str], list[ReportedLabel[datetime]]] = {}
    for row in found.mappings():
        reports.setdefault((row["transaction_id"], row["tenant"]), []).append(
            report_of(row)
        )
    return reports


def _dataset_row(row: sa.RowMapping, outcome: Outcome, weight: float) -> DatasetRow:
    columns = {
        name: row[name]
        for name in (
            "decision_id",
            "tenant",
            "transaction_id",
            "account_id",
            "occurred_at",
            "decided_at",
            "decision",
            "risk",
            "if_score",
            "ae_error",
            "fraud_score",
            "amount_ref_minor",
            "currency",
        )
    }
    columns |= {
        "kind": row["payment"].get("kind", "purchase"),
        "channel": row["payment"].get("channel"),
        "label": int(outcome.state == "fraud"),
        "label_state": outcome.state,
        "label_source": outcome.source,
        "labelled_at": outcome.reported_at,
        "weight": weight,
        "versions": json.dumps(row["versions"], sort_keys=True),
        "degraded": json.dumps(row["degraded"]),
    }
    return DatasetRow(columns, unpack(row["features"]))
