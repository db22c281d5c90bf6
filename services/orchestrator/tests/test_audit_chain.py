"""Whatever is changed in what was decided or done, the audit log says so."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

import fraud_orchestrator
from fraud_orchestrator import audit_chain, tables
from fraud_orchestrator.audit_chain import CheckpointKey, genuine
from fraud_orchestrator.audit_verification import Verified, verify
from fraud_orchestrator.stores.audit import AuditLog
from fraud_shared.state.database import Database
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.rows import make_row
from fraud_shared.testing.servers import sql_schema, sql_url
from fraud_shared.web.problems import Unavailable

__all__ = ["sql_schema", "sql_url"]
MIGRATIONS = Path(fraud_orchestrator.__file__).parent / "migrations"
KEY = CheckpointKey("a secret of an auditor with 32 bytes or more")
LONG_AGO = timedelta(days=5000)


@pytest.fixture
async def db(sql_url: str, sql_schema: str) -> AsyncIterator[Database]:
    database = Database(sql_url, schema=sql_schema, migrations=MIGRATIONS)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def audit_log(db: Database, clock: FakeClock) -> AuditLog:
    return AuditLog(db, KEY, clock)


def decision(name: str, clock: FakeClock, reply: bytes | None = b"{}"):
    return make_row(
        tables.decisions,
        decision_id=name,
        client="shop",
        transaction_id=f"tx-{name}",
        decided_at=clock.now(),
        reply=reply,
        record=b'{"n": 1}',
    )


async def add(db: Database, *rows) -> None:
    async with db.begin() as conn:
        await conn.execute(sa.insert(tables.decisions), list(rows))


async def verified(db: Database, clock: FakeClock, **kwargs) -> Verified:
    kept = clock.now() - LONG_AGO
    return await db.run(lambda conn: verify(conn, kept_since=kept, **kwargs))


async def seal_ten(db: Database, clock: FakeClock, audit_log: AuditLog) -> None:
    await add(db, *(decision(f"d{n}", clock) for n in range(9)))
    await audit_log.note("ana", "POST /v1/blocks", "block_id=b1", "r-1", status=201)
    assert await audit_log.round() == 10


async def test_every_settled_decision_and_act_is_sealed_once(db, clock, audit_log):
    await seal_ten(db, clock, audit_log)
    audit_log.settled("d3")
    assert await audit_log.round() == 0
    found = await verified(db, clock)
    assert (found.rows, found.bad, found.unsealed, found.checkpoints) == (10, [], 0, 1)


async def test_decision_without_its_reply_waits_for_it(db, clock, audit_log):
    await add(db, decision("open", clock, reply=None))
    assert await audit_log.round() == 0
    table = tables.decisions
    async with db.begin() as conn:
        await conn.execute(sa.update(table).values(reply=b"{}"))
    audit_log.settled("open")
    assert await audit_log.round() == 1


async def test_gateway_that_died_leaves_nothing_unsealed(db, clock, audit_log):
    await add(db, decision("left", clock))
    other = AuditLog(db, KEY, clock)
    assert await other.round() == 1
    assert await audit_log.round() == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (sa.update(tables.decisions).values(decision="APPROVE"), "content"),
        (sa.update(tables.decisions).values(record=b'{"n": 2}'), "content"),
        (sa.update(tables.decisions).values(reply=b"{ }"), "content"),
        (sa.update(tables.decisions).values(account_id="other"), "content"),
        (sa.delete(tables.decisions), "missing"),
    ],
)
async def test_any_change_of_one_decision_names_its_row(
    db, clock, audit_log, change, why
):
    await seal_ten(db, clock, audit_log)
    async with db.begin() as conn:
        await conn.execute(change.where(tables.decisions.c.decision_id == "d4"))
    (bad,) = (await verified(db, clock)).bad
    assert (bad.subject, bad.why) == ("d4", why)


async def test_content_whose_time_is_over_may_be_gone(db, clock, audit_log):
    await seal_ten(db, clock, audit_log)
    async with db.begin() as conn:
        await conn.execute(sa.delete(tables.decisions))
    kept = clock.now() + timedelta(seconds=1)
    found = await db.run(lambda conn: verify(conn, kept_since=kept))
    assert (found.bad, found.gone) == ([], 9)


@pytest.mark.parametrize("table", [tables.audit_log, tables.audit_checkpoints])
@pytest.mark.parametrize("change", ["update", "delete"])
async def test_log_itself_cannot_be_changed(db, clock, audit_log, table, change):
    await seal_ten(db, clock, audit_log)
    statement = (
        sa.delete(table) if change == "delete" else sa.update(table).values(link=b"x")
    )
    with pytest.raises((Unavailable, sa.exc.IntegrityError)):
        async with db.begin() as conn:
            await conn.execute(statement)
    assert (await verified(db, clock)).bad == []


async def test_log_rewritten_as_a_whole_contradicts_its_checkpoint(
    db, clock, audit_log
):
    await seal_ten(db, clock, audit_log)
    async with db.begin() as conn:
        await _without_guards(conn)
        await conn.execute(sa.delete(tables.audit_log))
    forger = AuditLog(db, CheckpointKey("of somebody else, 32 bytes or more"), clock)
    clock.advance(timedelta(seconds=1))
    async with db.begin() as conn:
        await conn.execute(sa.update(tables.decisions).values(decision="APPROVE"))
    assert await forger.round() == 10
    (bad,) = (await verified(db, clock)).bad
    assert (bad.seq, bad.why) == (10, "checkpoint")


async def test_checkpoint_of_another_key_is_not_believed(db, clock, audit_log):
    await seal_ten(db, clock, audit_log)
    other = frozenset({CheckpointKey("of somebody else, 32 bytes or more").public})
    assert (await verified(db, clock, public_keys=other)).bad[0].why == "checkpoint"
    mine = frozenset({KEY.public})
    assert (await verified(db, clock, public_keys=mine)).bad == []


async def _without_guards(conn) -> None:
    postgres = conn.dialect.name == "postgresql"
    for kind in ("update", "delete"):
        on = " ON audit_log" if postgres else ""
        await conn.execute(sa.text(f"DROP TRIGGER audit_log_no_{kind}{on}"))


@given(st.lists(st.binary(max_size=8)), st.lists(st.binary(max_size=8)))
def test_two_lists_of_parts_have_two_digests(one, other):
    same = audit_chain.digest(one) == audit_chain.digest(other)
    assert same == (one == other)


def test_signature_holds_for_its_row_and_link_only():
    signature = KEY.sign(7, b"l" * 32)
    assert genuine(KEY.public, 7, b"l" * 32, signature)
    assert not genuine(KEY.public, 8, b"l" * 32, signature)
    assert not genuine(KEY.public, 7, b"m" * 32, signature)
    assert not genuine("nonsense", 7, b"l" * 32, signature)
