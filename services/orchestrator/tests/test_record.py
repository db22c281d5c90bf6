"""The decision log on each SQL backend: who wins when requests arrive at the same time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

import fraud_orchestrator
from fraud_orchestrator import tables
from fraud_orchestrator.stores.decisions import (
    DecisionEntry,
    DecisionStore,
    IdempotencyKey,
)
from fraud_orchestrator.stores.search import DecisionSearch
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.tokens import Actor
from fraud_shared.mesh.trace import Trace
from fraud_shared.state.database import Database
from fraud_shared.testing.factories import make_decision_made
from fraud_shared.testing.servers import sql_schema, sql_url
from fraud_shared.web.problems import InvalidInput

__all__ = ["sql_schema", "sql_url"]
MIGRATIONS = Path(fraud_orchestrator.__path__[0]) / "migrations"


@asynccontextmanager
async def two_gateways(
    url: str, schema: str
) -> AsyncIterator[tuple[DecisionStore, DecisionStore]]:
    """Two processes' records over one database."""
    databases = [Database(url, schema=schema, migrations=MIGRATIONS) for _ in range(2)]
    for db in databases:
        await db.start()
    try:
        yield DecisionStore(databases[0]), DecisionStore(databases[1])
    finally:
        for db in databases:
            await db.stop()


def entry(
    number: int, key: str | None, transaction_id: str, content: str
) -> DecisionEntry:
    made: DecisionMade = make_decision_made(f"d-{number}", transaction_id)
    return DecisionEntry(
        IdempotencyKey("shop", key, transaction_id, content),
        made,
        f"reply {number}".encode(),
        Trace.start(0.0),
    )


async def outcome(record: DecisionStore, given: DecisionEntry) -> bytes | str | None:
    """The bytes that count, or the field that was refused."""
    try:
        winner = await record.commit(given, Deadline.after(20_000))
    except InvalidInput as error:
        return error.errors[0][0]
    return given.reply if winner is None else winner.reply


class TestConcurrentRequests:
    async def test_same_request_on_two_gateways_has_one_winner(
        self, sql_url: str, sql_schema: str
    ) -> None:
        async with two_gateways(sql_url, sql_schema) as gateways:
            replies = await asyncio.gather(
                *(
                    outcome(gateways[n % 2], entry(n, "K", "T", "same"))
                    for n in range(20)
                )
            )
        assert len(set(replies)) == 1

    async def test_same_payment_under_many_keys_has_one_winner_and_keeps_each_key(
        self, sql_url: str, sql_schema: str
    ) -> None:
        async with two_gateways(sql_url, sql_schema) as gateways:
            replies = await asyncio.gather(
                *(
                    outcome(gateways[n % 2], entry(n, f"K{n}", "T", "same"))
                    for n in range(20)
                )
            )
            for n in range(20):
                other = IdempotencyKey("shop", f"K{n}", "U", "other")
                with pytest.raises(InvalidInput):
                    await gateways[0].find(other, Deadline.after(20_000))
        assert len(set(replies)) == 1

    async def test_one_key_for_many_payments_decides_one_of_them(
        self, sql_url: str, sql_schema: str
    ) -> None:
        async with two_gateways(sql_url, sql_schema) as gateways:
            replies = await asyncio.gather(
                *(
                    outcome(gateways[n % 2], entry(n, "K", f"T{n}", f"c{n}"))
                    for n in range(20)
                )
            )
            count = sa.select(sa.func.count()).select_from(tables.decisions)
            async with gateways[0]._db.read() as conn:
                recorded = await conn.scalar(count)
        assert sorted(map(str, replies))[:19] == ["Idempotency-Key"] * 19
        assert recorded == 1

    async def test_keys_and_transactions_in_opposite_orders_do_not_wait_for_each_other(
        self, sql_url: str, sql_schema: str
    ) -> None:
        async with two_gateways(sql_url, sql_schema) as gateways:
            turns = [range(12), reversed(range(12))]
            replies = await asyncio.gather(
                *(
                    outcome(gateway, entry(100 * g + n, f"K{11 - n}", f"T{n}", f"c{n}"))
                    for g, (gateway, turn) in enumerate(
                        zip(gateways, turns, strict=True)
                    )
                    for n in turn
                )
            )
        assert len(set(replies)) == 12


class TestOwner:
    async def test_other_clients_payment_of_the_same_number_is_not_found(
        self, sql_url: str, sql_schema: str
    ) -> None:
        async with two_gateways(sql_url, sql_schema) as (record, _):
            await record.commit(entry(1, "K", "T", "same"), Deadline.after(20_000))
            own = IdempotencyKey("shop", "K", "T", "same")
            other = IdempotencyKey("market", "K", "T", "same")
            found = await asyncio.gather(
                record.find(own, Deadline.after(20_000)),
                record.find(other, Deadline.after(20_000)),
            )
            other_client = Actor("market", tenants=("market",))
            read = await DecisionSearch(record._db).get("d-1", other_client)
        assert found[0] is not None
        assert found[1] is None
        assert read is None
