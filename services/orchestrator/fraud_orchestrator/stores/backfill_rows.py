"""The missed payments in the decision log: what a new run of the gateway has to tell."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import structlog

from fraud_features.store.observation import client_and_id, of_client
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
        joined = sa.and_(
            decisions.c.client == online_missed.c.client,
            decisions.c.transaction_id == online_missed.c.transaction_id,
        )
        old = sa.exists().where(joined, decisions.c.decided_at < since)
        newest = (
            sa.select(decisions.c.client, decisions.c.record)
            .join(online_missed, joined)
            .order_by(decisions.c.decided_at.desc())
            .limit(most)
        )
        async with self._db.begin(patient=True) as conn:
            gone = await conn.execute(sa.delete(online_missed).where(old))
            rows = (await conn.execute(newest)).all()
        if gone.rowcount:
            log.error("online_store_incomplete", cure="fraud features rebuild --again")
        return [_payment(row.client, row.record) for row in reversed(rows)]

    async def forget(self, ids: Sequence[str]) -> None:
        """The store has these."""
        by_client: dict[str, list[str]] = {}
        for online_id in ids:
            client, transaction_id = client_and_id(online_id)
            by_client.setdefault(client, []).append(transaction_id)
        table = online_missed
        for client, transactions in by_client.items():
            for start in range(0, len(transactions), _CHUNK):
                some = transactions[start : start + _CHUNK]
                async with self._db.begin() as conn:
                    await conn.execute(
                        sa.delete(table).where(
                            table.c.client == client, table.c.transaction_id.in_(some)
                        )
                    )


def _payment(client: str, record: bytes) -> Transaction:
    made = DecisionMade.model_validate_json(bytes(record))
    return of_client(made.transaction, client)
