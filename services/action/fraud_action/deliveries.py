"""The queue of outgoing messages: tried with growing pauses until confirmed or given up."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from fraud_action.challenges import ChallengeClosed, Challenges
from fraud_action.tables import alerts, challenges, deliveries
from fraud_action.telemetry import DELIVERIES
from fraud_action.webhook import AlertSender, DeliveryFailed, OtpMessage, OtpSender
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.web.problems import NotFound

log = structlog.get_logger()

# Longer than a send can take, so that a crashed sender's message is picked up again.
LEASE = timedelta(seconds=30)
BASE = timedelta(seconds=1)
CAP = timedelta(minutes=5)


def pause(attempts: int, chance: float) -> timedelta:
    """How long to wait after `attempts` failures: full jitter, 1 s doubling to 5 minutes."""
    ceiling = min(CAP, BASE * (1 << min(attempts - 1, 16)))
    return max(ceiling * chance, timedelta(milliseconds=100))


@dataclass(frozen=True, slots=True)
class Senders:
    """Where each kind of message goes; None leaves it stored."""

    alert: AlertSender | None
    otp: OtpSender | None


class Courier:
    """Takes due messages one by one; each is leased, so replicas do not send it twice."""

    def __init__(
        self,
        db: Database,
        challenges_: Challenges,
        senders: Senders,
        clock: Clock,
        *,
        attempts: int,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._db = db
        self._challenges = challenges_
        self._senders = senders
        self._clock = clock
        self._attempts = attempts
        self._chance = chance

    async def round(self, limit: int = 50) -> int:
        """Try every due message once; returns how many were confirmed."""
        now = self._clock.now()
        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(deliveries)
                .where(
                    deliveries.c.state == "pending", deliveries.c.next_attempt_at <= now
                )
                .order_by(deliveries.c.next_attempt_at, deliveries.c.reference)
                .limit(limit)
            )
            due = found.mappings().all()
        confirmed = 0
        for row in due:
            if await self._lease(row["reference"], row["next_attempt_at"]):
                confirmed += await self._try(
                    row["kind"], row["reference"], row["attempts"]
                )
        return confirmed

    async def _lease(self, reference: str, seen: datetime) -> bool:
        async with self._db.begin() as conn:
            taken = await conn.execute(
                sa.update(deliveries)
                .where(
                    deliveries.c.reference == reference,
                    deliveries.c.state == "pending",
                    deliveries.c.next_attempt_at == seen,
                )
                .values(next_attempt_at=self._clock.now() + LEASE)
                .returning(deliveries.c.reference)
            )
            return taken.first() is not None

    async def _try(self, kind: str, reference: str, before: int) -> int:
        try:
            await (self._alert(reference) if kind == "alert" else self._otp(reference))
        except DeliveryFailed as error:
            DELIVERIES.labels(kind, "failed").inc()
            log.warning("delivery_failed", kind=kind, problem=error.kind)
            await self._failed(reference, before + 1, error.kind)
            return 0
        except (NotFound, ChallengeClosed):
            # The challenge ended first: its code is of no use any more.
            await self._close(reference, "dropped", before)
            return 0
        DELIVERIES.labels(kind, "delivered").inc()
        await self._close(reference, "delivered", before + 1)
        return 1

    async def _alert(self, alert_id: str) -> None:
        if self._senders.alert is None:
            raise DeliveryFailed("not_configured")
        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(alerts).where(alerts.c.alert_id == alert_id)
            )
            alert = dict(found.mappings().one())
        alert["created_at"] = alert["created_at"].isoformat()
        await self._senders.alert.send(alert_id, alert)

    async def _otp(self, challenge_id: str) -> None:
        if self._senders.otp is None:
            raise DeliveryFailed("not_configured")
        code = await self._challenges.code(challenge_id)
        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(challenges).where(challenges.c.challenge_id == challenge_id)
            )
            row = found.mappings().one()
        await self._senders.otp.send(
            OtpMessage(
                challenge_id=challenge_id,
                account_id=row["account_id"],
                transaction_id=row["transaction_id"],
                expires_at=row["expires_at"],
                code=code,
            )
        )

    async def _failed(self, reference: str, attempts: int, problem: str) -> None:
        over = attempts >= self._attempts
        async with self._db.begin() as conn:
            await conn.execute(
                sa.update(deliveries)
                .where(deliveries.c.reference == reference)
                .values(
                    attempts=attempts,
                    problem=problem[:32],
                    state="failed" if over else "pending",
                    next_attempt_at=self._clock.now() + pause(attempts, self._chance()),
                )
            )

    async def _close(self, reference: str, state: str, attempts: int) -> None:
        now = self._clock.now()
        async with self._db.begin() as conn:
            await conn.execute(
                sa.update(deliveries)
                .where(deliveries.c.reference == reference)
                .values(
                    state=state,
                    attempts=attempts,
                    delivered_at=now if state == "delivered" else None,
                )
            )
