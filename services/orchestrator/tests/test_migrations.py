"""What the gateway's migrations make, and what they keep of the rows that are there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateSchema

import fraud_orchestrator
from fraud_orchestrator import tables
from fraud_orchestrator.stores.backfill import SqlBackfillLog
from fraud_orchestrator.stores.decisions import DecisionStore, IdempotencyKey
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.state import migrate
from fraud_shared.state.database import Database
from fraud_shared.testing.factories import make_decision_made
from fraud_shared.testing.migrations import schema_differences
from fraud_shared.testing.servers import sql_schema, sql_url

__all__ = ["sql_schema", "sql_url"]
MIGRATIONS = Path(fraud_orchestrator.__path__[0]) / "migrations"


@asynccontextmanager
async def database(url: str, schema: str) -> AsyncIterator[Database]:
    db = Database(url, schema=schema, migrations=MIGRATIONS, pool_size=2)
    try:
        yield db
    finally:
        await db.stop()


async def up_to(db: Database, schema: str, revision: str) -> None:
    async with db.begin() as conn:
        if db.skip_locked:
            await conn.execute(CreateSchema(schema, if_not_exists=True))
        await conn.run_sync(migrate.upgrade, MIGRATIONS, revision)


def joined_row(number: int, client: str, key: str) -> dict[str, Any]:
    """A decision as revision 0002 kept it."""
    made = make_decision_made(f"d-{number}", f"T{number}", client=client)
    return {
        "decision_id": f"d-{number}",
        "client_key": f"{client}\n{key}",
        "client_transaction": f"{client}\nT{number}",
        "transaction_id": f"T{number}",
        "account_id": "acc-1",
        "fingerprint": f"{number}",
        "decision": "APPROVE",
        "decided_at": "2999-03-02 12:00:00+00:00",
        "reply": b"bytes %d" % number if number != 3 else None,
        "record": made.model_dump_json().encode(),
    }


ROWS = [
    joined_row(1, "shop", "K"),
    joined_row(2, "shop", "T2"),  # no key: the transaction's id stood in its place
    joined_row(3, "market", "K"),
]


async def test_migrations_make_the_declared_tables(
    sql_url: str, sql_schema: str
) -> None:
    async with database(sql_url, sql_schema) as db:
        await db.start()
        assert await schema_differences(db, tables.metadata) == []


class TestKeysAsColumns:
    async def test_rows_with_joined_keys_are_found_by_key_and_transaction(
        self, sql_url: str, sql_schema: str
    ) -> None:
        async with database(sql_url, sql_schema) as db:
            await self._filled(db, sql_schema)
            await db.start()
            record = DecisionStore(db)
            by_key = await record.find(
                IdempotencyKey("shop", "K", "T1", "1"), Deadline.after(5000)
            )
            by_transaction = await record.find(
                IdempotencyKey("shop", None, "T2", "2"), Deadline.after(5000)
            )
            other_client = await record.find(
                IdempotencyKey("market", None, "T1", "1"), Deadline.after(5000)
            )
            unfinished = await record.find(
                IdempotencyKey("market", "K", "T3", "3"), Deadline.after(5000)
            )
            async with db.read() as conn:
                keys = (await conn.execute(sa.select(tables.idempotency_keys))).all()
        assert by_key is not None
        assert by_key.reply == b"bytes 1"
        assert by_transaction is not None
        assert by_transaction.reply == b"bytes 2"
        assert other_client is None
        assert unfinished is not None
        assert unfinished.reply is None
        assert sorted(map(tuple, keys)) == [
            ("K", "market", "d-3"),
            ("K", "shop", "d-1"),
        ]

    async def test_missed_payments_keep_their_clients(
        self, sql_url: str, sql_schema: str
    ) -> None:
        async with database(sql_url, sql_schema) as db:
            await self._filled(db, sql_schema)
            await db.start()
            missed = SqlBackfillLog(db)
            loaded = [p.transaction_id for p in await missed.load(10)]
            await missed.forget(["market\nT3"])
            left = [p.transaction_id for p in await missed.load(10)]
        assert sorted(loaded) == ["market\nT3", "shop\nT1"]
        assert left == ["shop\nT1"]

    async def _filled(self, db: Database, schema: str) -> None:
        await up_to(db, schema, "0002")
        names = ", ".join(ROWS[0])
        binds = ", ".join(f":{name}" for name in ROWS[0])
        insert = f"INSERT INTO decisions ({names}) VALUES ({binds})"
        if db.skip_locked:
            insert = insert.replace(
                ":decided_at", "CAST(CAST(:decided_at AS text) AS timestamptz)"
            )
        async with db.begin() as conn:
            await conn.execute(sa.text(insert), ROWS)
            await conn.execute(
                sa.text("INSERT INTO online_missed VALUES (:name)"),
                [{"name": "shop\nT1"}, {"name": "market\nT3"}],
            )
