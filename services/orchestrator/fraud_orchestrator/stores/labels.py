"""Labels: what happened to a payment, recorded and passed on to post_auth."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from fraud_orchestrator import tables
from fraud_shared.contracts.events import LABEL_REPORTED, CloudEvent, event_id
from fraud_shared.contracts.evidence import RecordedLabel
from fraud_shared.contracts.label import LabelAccepted, LabelReport
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox
from fraud_shared.web.context import RequestContext

# The columns besides `dispute`.
_COLUMNS = ("transaction_id", "label", "source", "reported_at", "reversal")


class Labels:
    """Takes reports; the same report again is recognised and changes nothing."""

    def __init__(self, db: Database, outbox: Outbox) -> None:
        self._db = db
        self._outbox = outbox

    async def report(
        self, label: LabelReport, context: RequestContext
    ) -> LabelAccepted:
        """Store a label and its event in one transaction.

        A label may arrive before its payment is known here; post_auth joins them.
        """
        identity = "\n".join(
            (
                context.caller,
                *(
                    [context.tenant]
                    if context.tenant not in ("", context.caller)
                    else []
                ),
                label.source,
                label.label,
                str(label.reversal),
                label.reported_at.astimezone(UTC).isoformat(),
                *(text for text in (label.event, label.stage, label.reference) if text),
            )
        )
        label_id = event_id(label.transaction_id, LABEL_REPORTED, identity)
        table = tables.labels
        async with self._db.begin() as conn:
            inserted = await conn.execute(
                self._db.insert(table)
                .values(
                    label_id=label_id,
                    client=context.caller,
                    tenant=context.tenant or context.caller,
                    received_at=datetime.now(UTC),
                    dispute=_dispute(label),
                    **{name: getattr(label, name) for name in _COLUMNS},
                )
                .on_conflict_do_nothing()
            )
            new = inserted.rowcount == 1
            if new:
                first = await conn.scalar(_first_request(label, context))
                about = label
                if first is not None:
                    about = label.model_copy(update={"transaction_id": first})
                await self._outbox.add(conn, [_event(label_id, about, context)])
        return LabelAccepted(
            label_id=label_id,
            transaction_id=label.transaction_id,
            status="accepted" if new else "duplicate",
        )

    async def of(self, tenant: str, transaction_id: str) -> list[LabelReport]:
        """The labels that were reported for a payment of a tenant, oldest first."""
        table = tables.labels
        query = (
            sa.select(table)
            .where(table.c.tenant == tenant, table.c.transaction_id == transaction_id)
            .order_by(table.c.reported_at)
        )
        async with self._db.read() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [report_of(row) for row in rows]

    async def recorded(
        self, tenant: str, transaction_ids: Sequence[str]
    ) -> list[tuple[str, RecordedLabel]]:
        """The reports about payments of a tenant with the payment's number, oldest first."""
        table = tables.labels
        query = (
            sa.select(table)
            .where(
                table.c.tenant == tenant, table.c.transaction_id.in_(transaction_ids)
            )
            .order_by(table.c.reported_at, table.c.label_id)
        )
        async with self._db.read(patient=True) as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [(row["transaction_id"], _recorded(row)) for row in rows]


def _recorded(row: sa.RowMapping) -> RecordedLabel:
    said, extra = report_of(row), ("event", "scheme", "reason_code", "reference")
    same = ("label", "source", "reported_at", "reversal", *extra)
    return RecordedLabel(
        label_id=row["label_id"], **{name: getattr(said, name) for name in same}
    )


def report_of(row: sa.RowMapping) -> LabelReport:
    """A row of `labels` as a report."""
    return LabelReport.model_validate(
        {**{name: row[name] for name in _COLUMNS}, **(row["dispute"] or {})}
    )


def _dispute(label: LabelReport) -> dict[str, Any] | None:
    return label.model_dump(mode="json", exclude=set(_COLUMNS)) or None


def _first_request(label: LabelReport, context: RequestContext) -> sa.Select[Any]:
    """The payment that a report is about, where it names a later request about it: what is
    learnt of a payment is learnt under its first request."""
    table = tables.decisions
    return sa.select(table.c.supersedes).where(
        table.c.transaction_id == label.transaction_id,
        table.c.client.in_({context.caller, context.tenant or context.caller}),
        table.c.supersedes.is_not(None),
    )


def _event(label_id: str, label: LabelReport, context: RequestContext) -> CloudEvent:
    return CloudEvent(
        id=label_id,
        source="urn:fraud:orchestrator",
        type=LABEL_REPORTED,
        subject=label.transaction_id,
        time=datetime.now(UTC),
        traceparent=context.trace.traceparent,
        data={
            "label_id": label_id,
            "tenant": context.tenant or context.caller,
            **label.model_dump(mode="json"),
        },
    )
