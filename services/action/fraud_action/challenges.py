"""Challenges: a code is checked a few times at most, and each challenge ends exactly once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action import otp
from fraud_action.activity import of_tenants, record
from fraud_action.blocks import Blocks, BlockTarget, close_blocks
from fraud_action.holds import close_holds
from fraud_action.messages import resolved_event
from fraud_action.tables import blocks, challenges, outgoing
from fraud_action.telemetry import CHALLENGES
from fraud_shared.contracts.action import ChallengeResolved
from fraud_shared.contracts.casework import ChallengeState, ChallengeStatus
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.tokens import Actor
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox
from fraud_shared.web.challenge_problems import ChallengeClosed, ResendsSpent
from fraud_shared.web.keys import EVERY_TENANT
from fraud_shared.web.problems import Conflict, NotFound


class ResendTooSoon(Conflict):
    """The code was sent a moment ago."""

    type = "resend-too-soon"
    detail = "Wait for the seconds that Retry-After names."


@dataclass(frozen=True, slots=True)
class ResendTerms:
    """How often a code is sent again, and how long after it was last sent."""

    most: int
    pause: timedelta


class Challenges:
    """Verification, sending again, and the end of it. An outcome, its event and what it
    lifts are stored together."""

    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        keyring: otp.Keyring,
        clock: Clock,
        *,
        blocks: Blocks,
        resend: ResendTerms,
    ) -> None:
        self._db = db
        self._keyring = keyring
        self._clock = clock
        self._outbox = outbox
        self._blocks = blocks
        self._resend = resend

    async def state(self, challenge_id: str, tenants: Sequence[str]) -> ChallengeState:
        """How a challenge of these tenants stands. Raises NotFound."""
        async with self._db.read() as conn:
            return self.shown(await _read(conn, challenge_id, tenants))

    def shown(self, row: sa.RowMapping) -> ChallengeState:
        """A row as its verifier may see it."""
        return ChallengeState(
            challenge_id=row["challenge_id"],
            decision_id=row["decision_id"],
            transaction_id=row["transaction_id"],
            status=row["state"],
            attempts_left=row["attempts_allowed"] - row["attempts"],
            resends_left=max(0, self._resend.most - row["resends"]),
            expires_at=row["expires_at"],
            resolved_at=row["resolved_at"],
        )

    async def verify(
        self, challenge_id: str, tenants: Sequence[str], code: str
    ) -> ChallengeState:
        """Spend one attempt. Raises NotFound, and ChallengeClosed when it is over.

        A wrong code leaves it pending until the last attempt, which fails it. A right one
        releases the hold and the blocks of the same decision.
        """
        now = self._clock.now()
        expired = False
        unblocked: tuple[BlockTarget, ...] = ()
        async with self._db.begin() as conn:
            await _read(conn, challenge_id, tenants)
            row = await self._spend(conn, challenge_id, now)
            if row is None:
                row = await _read(conn, challenge_id, tenants)
                # Over, but the sweep has not come round yet.
                expired = row["state"] == "pending"
                if not expired:
                    raise ChallengeClosed
                await self._resolve(conn, row, "expired", now)
            elif self._right(row, code, now):
                await self._resolve(conn, row, "passed", now)
                theirs = blocks.c.decision_id == row["decision_id"]
                unblocked = await close_blocks(self._db, conn, theirs, "challenge", now)
            elif row["attempts"] >= row["attempts_allowed"]:
                await self._resolve(conn, row, "failed", now)
            after = self.shown(await _read(conn, challenge_id, tenants))
        await self._blocks.project(unblocked)
        if after.status != "pending":
            CHALLENGES.labels(after.status).inc()
        if expired:
            raise ChallengeClosed
        return after

    async def resend(self, challenge_id: str, actor: Actor) -> ChallengeState:
        """Have the code sent again. Raises NotFound, ChallengeClosed, ResendsSpent and
        ResendTooSoon."""
        now = self._clock.now()
        async with self._db.begin() as conn:
            row = await _read(conn, challenge_id, actor.tenants, lock=True)
            if row["state"] != "pending" or row["expires_at"] <= now:
                raise ChallengeClosed
            if row["resends"] >= self._resend.most:
                raise ResendsSpent
            wait = (row["sent_at"] or row["created_at"]) + self._resend.pause - now
            if wait > timedelta(0):
                seconds = math.ceil(wait.total_seconds())
                raise ResendTooSoon(headers={"retry-after": str(seconds)})
            await conn.execute(
                sa.update(challenges)
                .where(challenges.c.challenge_id == challenge_id)
                .values(resends=challenges.c.resends + 1, sent_at=now)
            )
            await conn.execute(
                sa.update(outgoing)
                .where(outgoing.c.reference == challenge_id)
                .values(state="pending", attempts=0, queued_at=now, next_attempt_at=now)
            )
            subject = ("challenge", challenge_id, row["tenant"])
            await record(conn, subject, "resent", actor.client, now)
            return self.shown(await _read(conn, challenge_id, actor.tenants))

    async def cancel(self, challenge_id: str, actor: Actor) -> ChallengeState:
        """End a challenge that nobody will finish; what is held stays held. A second time
        changes nothing. Raises NotFound, and ChallengeClosed when it ended otherwise."""
        now = self._clock.now()
        async with self._db.begin() as conn:
            row = await _read(conn, challenge_id, actor.tenants)
            if await self._resolve(conn, row, "cancelled", now):
                subject = ("challenge", challenge_id, row["tenant"])
                await record(conn, subject, "cancelled", actor.client, now)
                CHALLENGES.labels("cancelled").inc()
            row = await _read(conn, challenge_id, actor.tenants)
        if row["state"] != "cancelled":
            raise ChallengeClosed
        return self.shown(row)

    async def code(self, challenge_id: str) -> str:
        """The code of a pending challenge, for whoever delivers it. Raises NotFound."""
        now = self._clock.now()
        async with self._db.read() as conn:
            row = await _read(conn, challenge_id, (EVERY_TENANT,))
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


async def _read(
    conn: AsyncConnection,
    challenge_id: str,
    tenants: Sequence[str],
    *,
    lock: bool = False,
) -> sa.RowMapping:
    query = sa.select(challenges).where(
        challenges.c.challenge_id == challenge_id, of_tenants(challenges, tenants)
    )
    found = await conn.execute(query.with_for_update() if lock else query)
    row = found.mappings().first()
    if row is None:
        raise NotFound
    return row


def _format(row: sa.RowMapping) -> otp.OtpFormat:
    return otp.OtpFormat(row["scheme"], row["digits"], row["period_s"])
