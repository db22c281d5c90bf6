"""Where test mode keeps its answers: a table of its own, which nothing else reads."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_orchestrator.tables import test_decisions as rows
from fraud_orchestrator.test_mode.magic import ChallengeStand
from fraud_shared.state.database import Database
from fraud_shared.web.problems import InvalidInput, NotFound


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose request it is, and what makes another one the same."""

    client: str
    transaction_id: str
    key: str | None
    fingerprint: str


class TestModeStore:
    """Answers by client and transaction, and how their challenges stand."""

    __test__ = False

    def __init__(self, db: Database) -> None:
        self._db = db

    async def keep(
        self,
        asked: Asked,
        *,
        decision_id: str,
        challenge_id: str | None,
        reply: bytes,
        record: bytes,
        now: datetime,
    ) -> bytes:
        """Keep an answer, and return the reply that counts: the first one. Raises
        InvalidInput for a key or a transaction that was used with other content."""
        async with self._db.begin() as conn:
            await conn.execute(
                self._db.insert(rows)
                .values(
                    decision_id=decision_id,
                    client=asked.client,
                    idempotency_key=asked.key,
                    fingerprint=asked.fingerprint,
                    challenge_id=challenge_id,
                    reply=reply,
                    record=record,
                    status="pending",
                    attempts=0,
                    resends=0,
                    created_at=now,
                )
                .on_conflict_do_nothing()
            )
            # Its own transaction, and whatever its key was used for.
            same = rows.c.decision_id == decision_id
            if asked.key is not None:
                keyed = rows.c.idempotency_key == asked.key
                same = sa.or_(same, sa.and_(rows.c.client == asked.client, keyed))
            found = await conn.execute(
                sa.select(rows.c.reply, rows.c.fingerprint).where(same)
            )
            stored = found.all()
        for row in stored:
            if row.fingerprint != asked.fingerprint:
                field = "transaction_id" if asked.key is None else "Idempotency-Key"
                raise InvalidInput(
                    errors=[(field, "was used before with other content")]
                )
        return bytes(stored[0].reply)

    async def get(self, client: str, decision_id: str) -> sa.Row[Any]:
        """Reply and record of a decision. Raises NotFound."""
        mine = rows.c.client == client, rows.c.decision_id == decision_id
        async with self._db.read() as conn:
            row = (await conn.execute(sa.select(rows).where(*mine))).first()
        if row is None:
            raise NotFound
        return row

    async def challenge(
        self, conn: AsyncConnection, client: str, challenge_id: str
    ) -> sa.RowMapping:
        """The row of a challenge, locked. Raises NotFound."""
        mine = rows.c.client == client, rows.c.challenge_id == challenge_id
        found = await conn.execute(sa.select(rows).where(*mine).with_for_update())
        row = found.mappings().first()
        if row is None:
            raise NotFound
        return row

    async def write(
        self, conn: AsyncConnection, row: sa.RowMapping, stand: ChallengeStand
    ) -> None:
        """Store how a challenge stands."""
        await conn.execute(
            sa.update(rows)
            .where(rows.c.decision_id == row["decision_id"])
            .values(status=stand.status, attempts=stand.attempts, resends=stand.resends)
        )


def ends(row: sa.RowMapping) -> datetime:
    """When a challenge ends by itself."""
    made: datetime = row["created_at"]
    return made + timedelta(minutes=5)
