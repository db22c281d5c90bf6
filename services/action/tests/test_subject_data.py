"""Erasing a person in the action service, on each database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import fraud_action
from fraud_action import tables
from fraud_action.blocks import Blocks
from fraud_action.subject_data import ActionSubjects
from fraud_shared.contracts.privacy import Own, Subject
from fraud_shared.state.database import Database
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.rows import make_row
from fraud_shared.testing.servers import sql_schema, sql_url

__all__ = ["sql_schema", "sql_url"]
MIGRATIONS = Path(fraud_action.__file__).parent / "migrations"
PERSON, CARD = "zqxwv_account", "zqxwv-card"
SUBJECT = Subject(account_id=PERSON, tenant="shop", own=[Own(kind="card", id=CARD)])
LATER = datetime.now(UTC) + timedelta(days=30)


class Online:
    """Keeps what is blocked."""

    def __init__(self) -> None:
        self.blocked: set[tuple[str, str]] = set()

    async def put_block(self, kind: str, key: str, until: datetime) -> None:
        self.blocked.add((kind, key))

    async def drop_block(self, kind: str, key: str) -> None:
        self.blocked.discard((kind, key))


@pytest.fixture
async def db(sql_url: str, sql_schema: str) -> AsyncIterator[Database]:
    database = Database(sql_url, schema=sql_schema, migrations=MIGRATIONS)
    await database.start()
    yield database
    await database.stop()


def about(name: str, account: str, **more: object) -> dict[str, object]:
    return {"account_id": account, "tenant": "shop", "decision_id": name, **more}


async def fill(db: Database) -> None:
    rows = {
        "cases": [
            about("d-1", PERSON, case_id="c-1", note="zqxwv", state="open",
                  card_token=CARD, listing={"name": "zqxwv"}),
            about("d-2", "other", case_id="c-2", note="kept", counterparty=PERSON,
                  state="open", listing=None),
        ],
        "blocks": [
            about(f"d-{n}", account, block_id=f"b-{n}", kind=kind, key=key, state="active",
                  expires_at=LATER, reason="zqxwv" if n < 4 else "kept")
            for n, (account, kind, key) in enumerate(
                [(PERSON, "account", PERSON), ("", "account", PERSON), ("", "card", CARD),
                 ("", "device", "zqxwv-device"), ("other", "account", "other")], 1
            ) if kind != "device"
        ],
        "holds": [about("d-1", PERSON, hold_id="h-1", reason="zqxwv")],
        "activity": [
            {"subject_kind": kind, "subject_id": name, "tenant": "shop", "text": text}
            for kind, name, text in (("case", "c-1", "zqxwv"), ("case", "c-2", "kept"))
        ],
        "outbox": [
            {"event_id": f"e-{n}", "body": f'{{"account_id": "{account}"}}'.encode(),
             "sent_at": sent}
            for n, account, sent in ((1, PERSON, LATER), (2, PERSON, None), (3, "other", LATER))
        ],
        "parked": [
            {"parked_id": f"p-{account}", "body": f'["{account}"]'.encode()}
            for account in (PERSON, "other")
        ],
    }  # fmt: skip
    async with db.begin() as conn:
        for name, some in rows.items():
            table = tables.metadata.tables[name]
            for number, row in enumerate(some):
                filled = make_row(table, **row)
                for counted in {"seq", "number"} & set(filled):
                    filled[counted] = number + 1
                await conn.execute(sa.insert(table).values(filled))


async def rows_of(db: Database) -> str:
    async with db.read() as conn:
        found = [
            [tuple(row) for row in await conn.execute(sa.select(table))]
            for table in tables.metadata.sorted_tables
        ]
    return repr(found)


async def test_nothing_of_the_person_stays_and_others_stay_whole(db):
    await fill(db)
    online = Online()
    blocks = Blocks(db, online, FakeClock())
    subjects = ActionSubjects(db, blocks, FakeClock())
    await blocks.reconcile()
    exported = (await subjects.export(SUBJECT)).tables
    assert {"cases", "blocks", "holds", "activity", "parked"} <= set(exported)

    # An event that is not sent yet is waited for.
    first = await subjects.erase(SUBJECT)
    assert first.more
    async with db.begin() as conn:
        await conn.execute(sa.update(tables.outbox).values(sent_at=LATER))
    second = await subjects.erase(SUBJECT)
    assert (second.rows, second.more) == (1, False)

    kept = await rows_of(db)
    assert "zqxwv" not in kept
    assert kept.count("'kept'") == 3
    assert online.blocked == {("account", "other")}
    assert (await subjects.erase(SUBJECT)).rows == 0
