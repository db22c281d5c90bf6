"""Decisions go when their time is over, and never while something is still owed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import fraud_orchestrator
from fraud_orchestrator.settings import Settings
from fraud_orchestrator.tables import (
    decisions,
    idempotency_keys,
    labels,
    metadata,
    online_missed,
)
from fraud_shared.state.database import Database
from fraud_shared.state.retaining import Retainer, rules_in
from fraud_shared.state.retention_rule import AUDIT, DAY
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.rows import make_row
from fraud_shared.testing.servers import sql_schema, sql_url

__all__ = ["sql_schema", "sql_url"]

MIGRATIONS = Path(fraud_orchestrator.__file__).parent / "migrations"
NOW = FakeClock().now()


@pytest.fixture
async def db(sql_url: str, sql_schema: str) -> AsyncIterator[Database]:
    database = Database(sql_url, schema=sql_schema, migrations=MIGRATIONS)
    await database.start()
    yield database
    await database.stop()


def decision(name: str, age, reply: bytes | None = b"{}"):
    return make_row(
        decisions,
        decision_id=name,
        client="shop",
        transaction_id=f"tx-{name}",
        decided_at=NOW - age,
        reply=reply,
    )


async def rows(db: Database, column) -> set[str]:
    async with db.read() as conn:
        return set((await conn.execute(sa.select(column))).scalars())


async def test_old_decision_goes_with_its_key_and_what_is_owed_stays(db):
    key = {"client": "shop", "idempotency_key": "k", "decision_id": "old"}
    missed = {"client": "shop", "transaction_id": "tx-missed"}
    report = [
        make_row(labels, label_id="old", received_at=NOW - AUDIT),
        make_row(labels, label_id="young", received_at=NOW - AUDIT + DAY),
    ]
    async with db.begin() as conn:
        await conn.execute(
            sa.insert(decisions),
            [
                decision("old", AUDIT),
                decision("young", AUDIT - DAY),
                decision("unfinished", AUDIT + DAY, reply=None),
                decision("missed", AUDIT + DAY),
            ],
        )
        await conn.execute(sa.insert(idempotency_keys), key)
        await conn.execute(sa.insert(online_missed), missed)
        await conn.execute(sa.insert(labels), report)
    rules = rules_in("orchestrator", Settings())
    assert await Retainer(db, metadata, rules, FakeClock()).round() == 2
    kept = await rows(db, decisions.c.decision_id)
    assert kept == {"young", "unfinished", "missed"}
    assert await rows(db, idempotency_keys.c.idempotency_key) == set()
    assert await rows(db, labels.c.label_id) == {"young"}
    assert await rows(db, online_missed.c.transaction_id) == {"tx-missed"}
