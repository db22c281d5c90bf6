"""Challenges: a code is checked a few times at most, and each challenge ends exactly once."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action import otp
from fraud_action.holds import close_holds
from fraud_action.messages import ChallengeState, ChallengeStatus, resolved_event
from fraud_action.tables import challenges
from fraud_action.telemetry import CHALLENGES
from fraud_shared.contracts.action import ChallengeResolved
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox
from fraud_shared.web.problems import Conflict, NotFound


class ChallengeClosed(Conflict):
    """The challenge is already over."""

    type = "challenge-closed"
    detail = "It was passed, failed or expired before; ask for its state."


class Challenges:
    """Verification and expiry. The outcome and its event are stored together."""

    def __init__(
        self, db: Database, outbox: Outbox, keyring: otp.Keyring, clock: Clock
    ) -> None:
        self._db = db
        self._keyring = keyring
        self._clock = clock
        self._outbox = outbox

    async def state(self, challenge_id: str) -> ChallengeState:
        """How a challenge stands. Raises NotFound."""
        async with self._db.read() as conn:
            return _state(await _read(conn, challenge_id))

    async def verify(self, challenge_id: str, code: str) -> ChallengeState:
        """Spend one attempt. Raises NotFound, and ChallengeClosed when it is over.

        A wrong code leaves it pending until the last attempt, which fails it.
        """
        now = self._clock.now()
        expired = False
        async with self._db.begin() as conn:
            row = await self._spend(conn, challenge_id, now)
            if row is None:
                row = await _read(conn, challenge_id)
                # Over, but the sweep has not come round yet.
                expired = row["state"] == "pending"
                if not expired:
                    raise ChallengeClosed
                await self._resolve(conn, row, "expired", now)
            elif self._right(row, code, now):
                await self._resolve(conn, row, "passed", now)
            elif row["attempts"] >= row["attempts_allowed"]:
                await self._resolve(conn, row, "failed", now)
            after = _state(await _read(conn, challenge_id))
        if after.status != "pending":
            CHALLENGES.labels(after.status).inc()
        if expired:
            raise ChallengeClosed
        return after

    async def code(self, challenge_id: str) -> str:
        """The code of a pending challenge, for whoever delivers it. Raises NotFound."""
        now = self._clock.now()
        async with self._db.read() as conn:
            row = await _read(conn, challenge_id)
        if row["state"] != "pending" or row["expires_at"] <= now:
            raise NotFound
        return otp.code_at(_format(row), self._secret(row), now)

    async def expire(self, limit: int = 200) -> int:
        """End what has run out; returns how many."""
        now = self._clock.now()
        async with self._db.begin() as conn:
            found = await conn.execute(
                sa.select(challenges)
                .where(challenges.c.state == "pending", challenges.c.expires_at <= now)
                .order_by(challenges.c.challenge_id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
            rows = found.mappings().all()
            ended = 0
            for row in rows:
                ended += await self._resolve(conn, row, "expired", now)
        CHALLENGES.labels("expired").inc(ended)
        return ended

    async def _spend(
        self, conn: AsyncConnection, challenge_id: str, now: datetime
    ) -> sa.RowMapping | None:
        # One statement counts and checks, so racing guesses cannot exceed the limit.
        spent = await conn.execute(
            sa.update(challenges)
            .where(
                challenges.c.challenge_id == challenge_id,
                challenges.c.state == "pending",
                challenges.c.attempts < challenges.c.attempts_allowed,
                challenges.c.expires_at > now,
            )
            .values(attempts=challenges.c.attempts + 1)
            .returning(*challenges.c)
        )
        return spent.mappings().first()

    async def _resolve(
        self,
        conn: AsyncConnection,
        row: sa.RowMapping,
        outcome: ChallengeStatus,
        now: datetime,
    ) -> int:
        ended = await conn.execute(
            sa.update(challenges)
            .where(
                challenges.c.challenge_id == row["challenge_id"],
                challenges.c.state == "pending",
            )
            .values(state=outcome, resolved_at=now)
            .returning(challenges.c.challenge_id)
        )
        if ended.first() is None or outcome == "pending":
            return 0
        if outcome == "passed":
            await close_holds(conn, row["decision_id"], "challenge", now)
        resolved = ChallengeResolved(
            challenge_id=row["challenge_id"],
            decision_id=row["decision_id"],
            transaction_id=row["transaction_id"],
            account_id=row["account_id"],
            outcome=outcome,
            resolved_at=now,
            tenant=row["tenant"] or None,
        )
        await self._outbox.add(conn, [resolved_event(resolved)])
        return 1

    def _right(self, row: sa.RowMapping, code: str, now: datetime) -> bool:
        return otp.matches(_format(row), self._secret(row), code, now)

    def _secret(self, row: sa.RowMapping) -> str:
        try:
            return self._keyring.secret(row["key_id"], row["challenge_id"])
        except otp.UnknownKey:
            raise ChallengeClosed from None


async def _read(conn: AsyncConnection, challenge_id: str) -> sa.RowMapping:
    found = await conn.execute(
        sa.select(challenges).where(challenges.c.challenge_id == challenge_id)
    )
    row = found.mappings().first()
    if row is None:
        raise NotFound
    return row


def _format(row: sa.RowMapping) -> otp.OtpFormat:
    return otp.OtpFormat(row["scheme"], row["digits"], row["period_s"])


def _state(row: sa.RowMapping) -> ChallengeState:
    return ChallengeState(
        challenge_id=row["challenge_id"],
        decision_id=row["decision_id"],
        transaction_id=row["transaction_id"],
        status=row["state"],
        attempts_left=row["attempts_allowed"] - row["attempts"],
        expires_at=row["expires_at"],
        resolved_at=row["resolved_at"],
    )
