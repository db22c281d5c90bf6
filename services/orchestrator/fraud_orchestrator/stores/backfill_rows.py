"""The missed payments in the decision log: what a new run of the gateway has to tell."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import structlog

from fraud_features.store.port import of_client
from fraud_features.store.schema import REPLY_TTL
from fraud_orchestrator.tables import decisions, online_missed
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.state.database import Database

log = structlog.get_logger()
# The store knows an id a little longer than that: telling it again moves nothing.
KNOWN_FOR = timedelta(microseconds=REPLY_TTL) - timedelta(days=1)
_CHUNK = 500


class BackfillRows:
    """`MissedLog` in SQL. Rows are written with their decisions, by `Record`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def load(self, most: int) -> Sequence[Transaction]:
        """The newest of them, oldest first; those that are too old to tell are given up."""
        since = datetime.now(UTC) - KNOWN_FOR
        joined = decisions.c.client_transaction == online_missed.c.client_transaction
        old = sa.select(decisions.c.client_transaction).where(
            decisions.c.decided_at < since
        )
        newest = (
            sa.select(decisions.c.client_transaction, decisions.c.record)
            .join(online_missed, joined)
            .order_by(decisions.c.decided_at.desc())
            .limit(most)
        )
        async with self._db.begin(patient=True) as conn:
            gone = await conn.execute(
                sa.delete(online_missed).where(
                    online_missed.c.client_transaction.in_(old)
                )
            )
            rows = (await conn.execute(newest)).all()
        if gone.rowcount:
            log.error("online_store_incomplete", cure="fraud features rebuild --again")
        return [_payment(row.client_transaction, row.record) for row in reversed(rows)]

    async def forget(self, ids: Sequence[str]) -> None:
        """The store has these."""
        for start in range(0, len(ids), _CHUNK):
            some = ids[start : start + _CHUNK]
            async with self._db.begin() as conn:
                await conn.execute(
                    sa.delete(online_missed).where(
                        online_missed.c.client_transaction.in_(some)
                    )
                )


def _payment(client_transaction: str, record: bytes) -> Transaction:
    made = DecisionMade.model_validate_json(bytes(record))
    return of_client(made.transaction, client_transaction.partition("\n")[0])
