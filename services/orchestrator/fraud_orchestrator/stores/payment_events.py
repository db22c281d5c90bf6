"""Payment events: recorded and passed on to post_auth, each once."""

from datetime import UTC, datetime

import sqlalchemy as sa

from fraud_orchestrator import tables
from fraud_shared.contracts.events import PAYMENT_REPORTED, CloudEvent, event_id
from fraud_shared.contracts.payment_events import (
    PaymentEvent,
    PaymentEventAccepted,
    PaymentReported,
)
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox
from fraud_shared.web.context import RequestContext


class PaymentEvents:
    """Takes events; the same event again is recognised and changes nothing."""

    def __init__(self, db: Database, outbox: Outbox) -> None:
        self._db = db
        self._outbox = outbox

    async def report(
        self, given: PaymentEvent, context: RequestContext
    ) -> PaymentEventAccepted:
        """Store an event and its publication in one transaction. It may arrive before its
        payment is known here."""
        tenant = context.tenant or context.caller
        said = given.reference or given.model_dump_json()
        own_id = event_id(
            given.transaction_id,
            PAYMENT_REPORTED,
            f"{context.caller}\n{tenant}\n{given.event}\n{said}",
        )
        reported = PaymentReported(
            event_id=own_id,
            tenant=tenant,
            **{name: getattr(given, name) for name in PaymentEvent.model_fields},
        )
        now = datetime.now(UTC)
        async with self._db.begin() as conn:
            inserted = await conn.execute(
                self._db.insert(tables.payment_events)
                .values(
                    event_id=own_id,
                    client=context.caller,
                    tenant=tenant,
                    transaction_id=given.transaction_id,
                    event=given.event,
                    occurred_at=given.occurred_at,
                    received_at=now,
                    content=given.model_dump(mode="json"),
                )
                .on_conflict_do_nothing()
            )
            new = inserted.rowcount == 1
            if new:
                event = CloudEvent(
                    id=own_id,
                    source="urn:fraud:orchestrator",
                    type=PAYMENT_REPORTED,
                    subject=given.transaction_id,
                    time=now,
                    traceparent=context.trace.traceparent,
                    data=reported.model_dump(mode="json"),
                )
                await self._outbox.add(conn, [event])
        return PaymentEventAccepted(
            event_id=own_id,
            transaction_id=given.transaction_id,
            status="accepted" if new else "duplicate",
        )

    async def of(self, tenant: str, transaction_id: str) -> list[PaymentEvent]:
        """The events of a tenant's payment, oldest first."""
        table = tables.payment_events
        query = (
            sa.select(table.c.content)
            .where(table.c.tenant == tenant, table.c.transaction_id == transaction_id)
            .order_by(table.c.occurred_at, table.c.event_id)
        )
        async with self._db.read() as conn:
            rows = (await conn.execute(query)).scalars().all()
        return [PaymentEvent.model_validate(row, strict=False) for row in rows]
