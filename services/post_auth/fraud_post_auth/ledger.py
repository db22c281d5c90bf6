"""Applying events: inbox row, profile and training row in one transaction, exactly once."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_features.definitions.label_resolution import ReportedLabel
from fraud_post_auth import profiles
from fraud_post_auth.decode import DecisionFact, Fact, LabelFact, PaymentFact, fact
from fraud_post_auth.outcomes import fold
from fraud_post_auth.profile import change, payment
from fraud_post_auth.rows import training_row
from fraud_post_auth.tables import (
    inbox,
    labels,
    outcomes,
    payment_events,
    training_rows,
)
from fraud_post_auth.telemetry import APPLIED
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.contracts.label import LabelReported
from fraud_shared.decode import Unreadable
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.state.parking import Parking
from fraud_shared.web.problems import Unavailable

# A training row binds 25 values; SQLite takes 32,766 a statement.
_CHUNK = 500


class Ledger:
    """The consumer. Returning means durable; raising means deliver again."""

    def __init__(self, db: Database, parking: Parking, clock: Clock) -> None:
        self._db = db
        self._parking = parking
        self._clock = clock

    async def apply(self, events: Sequence[CloudEvent]) -> None:
        """Apply what is new and park what cannot be used.

        Raises Unavailable when nothing of this could be stored.
        """
        facts: dict[str, tuple[CloudEvent, Fact]] = {}
        for event in events:
            try:
                facts[event.id] = (event, fact(event))
            except Unreadable as refusal:
                await self._parking.keep(event, refusal.reason)
        for start in range(0, len(facts), _CHUNK):
            await self._apply_or_park(list(facts.values())[start : start + _CHUNK])

    async def _apply_or_park(self, chunk: Sequence[tuple[CloudEvent, Fact]]) -> None:
        """Apply all; an event that makes them fail is found by halving, and parked."""
        try:
            await self._apply(chunk)
        except Unavailable as error:
            if not _poisoned(error):
                raise
            if len(chunk) == 1:
                await self._parking.keep(chunk[0][0], "cannot_be_stored")
                return
            middle = len(chunk) // 2
            for half in (chunk[:middle], chunk[middle:]):
                await self._apply_or_park(half)

    async def _apply(self, chunk: Sequence[tuple[CloudEvent, Fact]]) -> None:
        async with self._db.begin() as conn:
            fresh = await self._receive(conn, [event for event, _ in chunk])
            new = [known for _, known in chunk if known.event_id in fresh]
            await self._decisions(conn, [f for f in new if isinstance(f, DecisionFact)])
            await self._labels(
                conn,
                [f.report for f in new if isinstance(f, LabelFact) and f.report],
            )
            await self._payments(conn, [f for f in new if isinstance(f, PaymentFact)])
        for event, _ in chunk:
            outcome = "applied" if event.id in fresh else "repeated"
            APPLIED.labels(event.type, outcome).inc()

    async def _receive(
        self, conn: AsyncConnection, events: Iterable[CloudEvent]
    ) -> set[str]:
        now = self._clock.now()
        rows = [
            {"event_id": event.id, "type": event.type, "received_at": now}
            for event in sorted(events, key=lambda event: event.id)
        ]
        won = await conn.execute(
            self._db.insert(inbox)
            .on_conflict_do_nothing(index_elements=["event_id"])
            .returning(inbox.c.event_id),
            rows,
        )
        return set(won.scalars())

    async def _decisions(
        self, conn: AsyncConnection, facts: Sequence[DecisionFact]
    ) -> None:
        made = {
            known.made.decision.decision_id: known.made
            for known in facts
            if known.made.transaction.counted
        }
        if not made:
            return
        won = await conn.execute(
            self._db.insert(training_rows)
            .on_conflict_do_nothing(index_elements=["decision_id"])
            .returning(training_rows.c.decision_id),
            [training_row(made[key]) for key in sorted(made)],
        )
        # The row decides, not the envelope: one decision counts once under any event id.
        new = [payment(made[key]) for key in won.scalars()]
        await profiles.add(self._db, conn, change(new))

    async def _payments(
        self, conn: AsyncConnection, facts: Sequence[PaymentFact]
    ) -> None:
        rows = {
            known.reported.event_id: {
                "event_id": known.reported.event_id,
                "tenant": known.reported.tenant or "",
                "transaction_id": known.reported.transaction_id,
                "event": known.reported.event,
                "occurred_at": known.reported.occurred_at,
            }
            for known in facts
        }
        if rows:
            await conn.execute(
                self._db.insert(payment_events).on_conflict_do_nothing(
                    index_elements=["event_id"]
                ),
                [rows[key] for key in sorted(rows)],
            )

    async def _labels(
        self, conn: AsyncConnection, reports: Sequence[LabelReported]
    ) -> None:
        if not reports:
            return
        rows = {
            report.label_id: {
                "label_id": report.label_id,
                "tenant": report.tenant or "",
                "transaction_id": report.transaction_id,
                "label": report.label,
                "source": report.source,
                "reported_at": report.reported_at,
                "reversal": report.reversal,
                "event": report.event,
                "scheme": report.scheme,
                "stage": report.stage,
            }
            for report in reports
        }
        await conn.execute(
            self._db.insert(labels).on_conflict_do_nothing(index_elements=["label_id"]),
            [rows[key] for key in sorted(rows)],
        )
        await self._fold(
            conn,
            sorted(
                {(report.transaction_id, report.tenant or "") for report in reports}
            ),
        )

    async def _fold(
        self, conn: AsyncConnection, payments: Sequence[tuple[str, str]]
    ) -> None:
        # Taking the outcome rows first makes concurrent reports about one payment wait for
        # each other, so the later one sees both.
        empty = {"state": "pending", "revision": 1, "projected": 0}
        await conn.execute(
            self._db.insert(outcomes).on_conflict_do_update(
                index_elements=["transaction_id", "tenant"],
                set_={"revision": outcomes.c.revision + 1},
            ),
            [{"transaction_id": t, "tenant": owner, **empty} for t, owner in payments],
        )
        found = await conn.execute(
            sa.select(labels).where(
                labels.c.transaction_id.in_(
                    {transaction for transaction, _ in payments}
                )
            )
        )
        reports: dict[tuple[str, str], list[ReportedLabel[datetime]]] = {}
        for row in found.mappings():
            reports.setdefault((row["transaction_id"], row["tenant"]), []).append(
                report_of(row)
            )
        standing = {key: fold(reports[key]) for key in payments}
        await conn.execute(
            sa.update(outcomes)
            .where(
                outcomes.c.transaction_id == sa.bindparam("transaction"),
                outcomes.c.tenant == sa.bindparam("owner"),
            )
            .values(
                state=sa.bindparam("new_state"),
                source=sa.bindparam("new_source"),
                reported_at=sa.bindparam("new_time"),
            ),
            [
                {
                    "transaction": transaction,
                    "owner": owner,
                    "new_state": outcome.state,
                    "new_source": outcome.source,
                    "new_time": outcome.reported_at,
                }
                for (transaction, owner), outcome in standing.items()
            ],
        )


def report_of(row: sa.RowMapping) -> ReportedLabel[datetime]:
    """A row of `labels` as a report."""
    return ReportedLabel(
        label=row["label"],
        source=row["source"],
        reported_at=row["reported_at"],
        reversal=row["reversal"],
    )


def _poisoned(error: Unavailable) -> bool:
    """Whether the store refused the values, rather than being away."""
    cause = error.__cause__
    if isinstance(cause, sa.exc.DBAPIError):
        # SQLSTATE class 22: data exception.
        state = str(getattr(cause.orig, "sqlstate", "") or "")
        return isinstance(cause, sa.exc.DataError) or state.startswith("22")
    return isinstance(cause, sa.exc.StatementError)
