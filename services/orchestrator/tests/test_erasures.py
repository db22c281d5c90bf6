"""Decisions without the person they were about: the audit log knows an erasure from a forgery."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import fraud_orchestrator
from fraud_orchestrator import tables
from fraud_orchestrator.audit_chain import CheckpointKey
from fraud_orchestrator.audit_verification import Verified, verify
from fraud_orchestrator.stores.audit import (
    DECISION,
    ERASED,
    AuditLog,
    Subject,
    append,
    contents,
    lock,
)
from fraud_orchestrator.stores.decisions import (
    DecisionEntry,
    DecisionStore,
    IdempotencyKey,
)
from fraud_orchestrator.stores.erasures import (
    Erasure,
    ErasureStore,
)
from fraud_orchestrator.stores.subject_decisions import SubjectDecisions
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.privacy import NewErasure
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.trace import Trace
from fraud_shared.state.database import Database
from fraud_shared.state.versions import SecondPersonRequired
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.factories import make_decision_made
from fraud_shared.testing.servers import sql_schema, sql_url
from fraud_shared.web.problems import InvalidInput

__all__ = ["sql_schema", "sql_url"]
MIGRATIONS = Path(fraud_orchestrator.__file__).parent / "migrations"
KEY = CheckpointKey("a secret of an auditor with 32 bytes or more")
PERSON = "zqxwv-account"


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
def subjects(db: Database, clock: FakeClock) -> SubjectDecisions:
    return SubjectDecisions(db, KEY, clock)


def erasure(clock: FakeClock, account: str = PERSON) -> Erasure:
    return Erasure("erasure-1", "shop", account, clock.now())


async def decided(
    db: Database, clock: FakeClock, number: int, **fields
) -> DecisionMade:
    """A payment on record, its event sent, and sealed."""
    name = f"tx-{number}"
    made = make_decision_made(f"d-{number}", name, **fields)
    key = IdempotencyKey("shop", None, name, "f" * 64)
    reply = made.decision.model_dump_json().encode()
    entry = DecisionEntry(key, made, reply, Trace.start(0.0))
    assert await DecisionStore(db).commit(entry, Deadline.after(60_000)) is None
    await AuditLog(db, KEY, clock).round()
    return made


async def sent(db: Database, clock: FakeClock) -> None:
    async with db.begin() as conn:
        await conn.execute(sa.update(tables.outbox).values(sent_at=clock.now()))


async def verified(db: Database, clock: FakeClock, **kwargs) -> Verified:
    kept = clock.now() - timedelta(days=5000)
    return await db.run(lambda conn: verify(conn, kept_since=kept, **kwargs))


async def rows_of(db: Database) -> str:
    async with db.read() as conn:
        found = [
            [tuple(row) for row in await conn.execute(sa.select(table))]
            for table in tables.metadata.sorted_tables
        ]
    return repr(found)


async def test_payer_then_receiver_leave_and_the_log_still_verifies(
    db, clock, subjects
):
    receiver = {"counterparty": {"account": "zqxwv-receiver"}}
    await decided(db, clock, 1, account_id=PERSON, **receiver)
    await decided(db, clock, 2, account_id="other", **receiver)
    await sent(db, clock)
    for account, names in (("zqxwv-receiver", ["d-1", "d-2"]), (PERSON, ["d-1"])):
        its = erasure(clock, account)
        assert (
            sorted(m.decision.decision_id for m in await subjects.some(its, 9)) == names
        )
        assert await subjects.rewrite(its, names) == len(names)
        assert not await subjects.left(its)
    kept = await rows_of(db)
    assert "zqxwv" not in kept
    assert "'other'" in kept
    found = await verified(db, clock, public_keys=frozenset({KEY.public}))
    assert (found.bad, found.erased) == ([], 2)


async def test_a_decision_whose_event_is_not_sent_waits(db, clock, subjects):
    await decided(db, clock, 1, account_id=PERSON)
    assert await subjects.rewrite(erasure(clock), ["d-1"]) == 0
    await sent(db, clock)
    assert await subjects.rewrite(erasure(clock), ["d-1"]) == 1


async def test_whoever_calls_a_change_an_erasure_needs_the_signing_key(
    db, clock, subjects
):
    await decided(db, clock, 1, account_id=PERSON)

    def forge(conn: sa.Connection) -> None:
        lock(conn)
        conn.execute(sa.update(tables.decisions).values(decision="DECLINE"))
        [(_, digest)] = contents(conn, [Subject(DECISION, "d-1")])
        (row,) = append(conn, [(Subject(f"{ERASED}1", "d-1"), digest)], clock.now())
        thief = CheckpointKey("another secret, made by somebody in the database")
        signature = thief.sign_erasure(row.seq, "erasure-1", digest)
        values = {
            "seq": row.seq,
            "erasure_id": "erasure-1",
            "public_key": KEY.public,
            "signature": signature,
        }
        conn.execute(sa.insert(tables.audit_erasures).values(values))

    await db.run(forge)
    found = await verified(db, clock, most=9)
    assert [(bad.kind, bad.why) for bad in found.bad] == [
        ("decision", "content"),
        (f"{ERASED}1", "erasure"),
    ]


async def test_a_change_after_an_erasure_is_found(db, clock, subjects):
    await decided(db, clock, 1, account_id=PERSON)
    await sent(db, clock)
    await subjects.rewrite(erasure(clock), ["d-1"])
    async with db.begin() as conn:
        await conn.execute(sa.update(tables.decisions).values(decision="DECLINE"))
    (bad,) = (await verified(db, clock)).bad
    assert (bad.subject, bad.why) == ("d-1", "content")


async def test_two_people_who_name_the_same_account_are_needed(db, clock):
    store = ErasureStore(db, clock)
    wanted = NewErasure(account_id=PERSON, why="request 7")
    asked = await store.ask(wanted, "shop", "account_token", "ana")
    assert (await store.ask(wanted, "shop", "account_token", "eve")) == asked
    for account, who, refused in (
        (PERSON, "ana", SecondPersonRequired),
        ("other", "ben", InvalidInput),
    ):
        with pytest.raises(refused):
            await store.approve(asked.erasure_id, account, "shop", who, "seen")
    assert await store.running() == []
    await store.approve(asked.erasure_id, PERSON, "shop", "ben", "seen")
    (running,) = await store.running()
    await store.note(running.erasure_id, {"action": 2}, done=False)
    await store.note(running.erasure_id, {"action": 1}, done=True)
    done = await store.get(asked.erasure_id, "shop")
    assert (done.state, done.erased) == ("done", {"action": 3})
    assert PERSON not in await rows_of(db)
