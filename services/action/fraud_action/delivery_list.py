"""Deliveries as operators see them; those that were given up are sent again from here."""

from typing import Any

import sqlalchemy as sa

from fraud_action.activity import of_tenants, record
from fraud_action.tables import outgoing
from fraud_shared.contracts.deliveries import Delivery, DeliveryQuery
from fraud_shared.contracts.paging import Page
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.tokens import Actor
from fraud_shared.state.database import Database
from fraud_shared.state.paging import Key, fetch_page
from fraud_shared.web.problems import Conflict, NotFound

_OLDEST = (Key(outgoing.c.number),)


class DeliveryNotFailed(Conflict):
    """The message was not given up."""

    type = "delivery-not-failed"
    detail = "Only what was given up can be sent again."


class DeliveryList:
    """What was sent, what waits, and what was given up."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def page(self, asked: DeliveryQuery, actor: Actor) -> Page[Delivery]:
        """Deliveries of the actor's tenants, oldest first."""
        query = sa.select(outgoing).where(
            outgoing.c.state == asked.state, of_tenants(outgoing, actor.tenants)
        )
        if asked.channel is not None:
            query = query.where(outgoing.c.channel == asked.channel)
        async with self._db.read() as conn:
            rows, cursor = await fetch_page(
                conn, query, _OLDEST, asked.limit, asked.cursor
            )
        return Page[Delivery](items=[_shown(row) for row in rows], next_cursor=cursor)

    async def replay(self, delivery_id: str, actor: Actor) -> Delivery:
        """Put a message that was given up back into its queue, at its old place. Raises
        NotFound, and DeliveryNotFailed in any other state."""
        now = self._clock.now()
        async with self._db.begin() as conn:
            row = await self._replayed(conn, delivery_id, actor)
            subject = ("delivery", delivery_id, row["tenant"])
            await record(conn, subject, "replayed", actor.client, now)
        return _shown(row)

    async def _replayed(self, conn: Any, delivery_id: str, actor: Actor) -> Any:
        if not (delivery_id.isascii() and delivery_id.isdigit()):
            raise NotFound
        now = self._clock.now()
        this = outgoing.c.number == int(delivery_id[:18])
        mine = of_tenants(outgoing, actor.tenants)
        changed = await conn.execute(
            sa.update(outgoing)
            .where(this, mine, outgoing.c.state == "failed")
            .values(state="pending", attempts=0, queued_at=now, next_attempt_at=now)
            .returning(*outgoing.c)
        )
        row = changed.mappings().first()
        if row is None:
            found = await conn.execute(sa.select(outgoing.c.number).where(this, mine))
            raise NotFound if found.first() is None else DeliveryNotFailed
        return row


def _shown(row: Any) -> Delivery:
    names = Delivery.model_fields.keys() - {"delivery_id"}
    return Delivery(
        delivery_id=str(row["number"]), **{name: row[name] for name in names}
    )
