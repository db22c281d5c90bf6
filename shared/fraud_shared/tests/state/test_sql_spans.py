"""A sampled request's transactions are spans; those that are shared are in each trace."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
import sqlalchemy as sa
from opentelemetry.trace import StatusCode

from fraud_shared.state.batcher import Batcher
from fraud_shared.state.database import Database
from fraud_shared.state.sql_spans import summary
from fraud_shared.testing.spans import Collected

Make = Callable[..., Database]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("INSERT INTO decisions (a) VALUES (?)", "INSERT decisions"),
        ("SELECT a,\n b FROM fraud.decisions WHERE x", "SELECT fraud.decisions"),
        ('UPDATE "outbox" SET a = (SELECT 1 FROM b)', "UPDATE outbox"),
        ("DELETE FROM keys WHERE a IN (?)", "DELETE keys"),
        ("SELECT pg_advisory_xact_lock(1)", "SELECT"),
        ("PRAGMA journal_mode=WAL", "PRAGMA"),
    ],
)
def test_a_statement_is_summed_up_without_its_values(statement: str, said: str) -> None:
    assert summary(statement) == said


@pytest.mark.servers
class TestTransactions:
    async def test_each_is_a_span_named_by_what_it_does(
        self, make_database: Make, things: sa.Table, sql_url: str
    ) -> None:
        db, kit = make_database(), Collected()
        await db.start()
        row = {"name": "secret", "count": 1}
        with kit.sampled():
            await db.run(lambda conn: conn.execute(sa.insert(things), row))
            async with db.begin() as conn:
                await conn.execute(sa.update(things).values(count=2))
            async with db.read() as conn:
                await conn.execute(sa.select(things))
        await db.run(lambda conn: conn.execute(sa.delete(things)))
        *spans, _ = kit.exporter.get_finished_spans()
        assert [span.name for span in spans] == [
            "INSERT things",
            "UPDATE things",
            "SELECT things",
        ]
        system = "postgresql" if sql_url.startswith("postgres") else "sqlite"
        assert {(s.attributes or {})["db.system.name"] for s in spans} == {system}
        assert "secret" not in " ".join(span.to_json() for span in spans)

    async def test_a_failed_one_says_what_failed(
        self, make_database: Make, things: sa.Table
    ) -> None:
        db, kit = make_database(), Collected()
        await db.start()
        insert = sa.insert(things).values(name="a", count=1)
        await db.run(lambda conn: conn.execute(insert))
        with pytest.raises(sa.exc.IntegrityError), kit.sampled():
            await db.run(lambda conn: conn.execute(insert))
        (span,) = kit.named("INSERT things")
        assert span.attributes is not None
        assert span.attributes["error.type"] == "IntegrityError"
        assert span.status.status_code is StatusCode.ERROR


class TestShared:
    async def test_payments_that_share_a_commit_have_each_a_span_of_it(
        self, make_database: Make, things: sa.Table
    ) -> None:
        db, kit = make_database(), Collected()
        await db.start()

        async def commit(names: Sequence[str]) -> Sequence[None]:
            rows = [{"name": name, "count": 1} for name in names]
            await db.run(lambda conn: conn.execute(sa.insert(things), rows))
            return [None] * len(names)

        batcher: Batcher[str, None] = Batcher(commit)

        async def payment(name: str, *, sampled: bool) -> None:
            if not sampled:
                await batcher.submit(name)
                return
            with kit.sampled():
                await batcher.submit(name)

        await asyncio.gather(*(payment(n, sampled=n != "b") for n in "abc"))
        await payment("d", sampled=False)
        first, second = kit.named("INSERT things")
        requests = {s.context.span_id for s in kit.named("request")}
        assert first.parent is not None
        assert second.parent is not None
        assert {first.parent.span_id, second.parent.span_id} == requests
        assert [link.context for link in second.links] == [first.context]
