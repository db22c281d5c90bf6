"""The queues of outgoing messages: tried with growing pauses until confirmed or given up.

A queue is one kind of message on one channel. Within it the messages about one entity
leave in the order in which they were recorded; those about others do not wait for them.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action.challenges import Challenges
from fraud_action.notifications import (
    Channel,
    DeliveryFailed,
    Kind,
    Notification,
    Queue,
    Senders,
    alert_notification,
    code_notification,
)
from fraud_action.tables import alerts, challenges, outgoing
from fraud_action.tables import deliveries as earlier
from fraud_action.telemetry import DELIVERIES, GIVEN_UP
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.web.challenge_problems import ChallengeClosed
from fraud_shared.web.problems import NotFound

log = structlog.get_logger()

# Longer than a send can take, so that a crashed sender's message is picked up again.
LEASE = timedelta(seconds=30)
BASE = timedelta(seconds=1)
CAP = timedelta(minutes=5)
# Nobody of the release before takes care of its message any more.
ABANDONED = timedelta(minutes=10)
# Messages about different entities on their way to one destination at the same time.
TOGETHER = 8


def pause(attempts: int, chance: float) -> timedelta:
    """How long to wait after `attempts` failures: full jitter, 1 s doubling to 5 minutes."""
    ceiling = min(CAP, BASE * (1 << min(attempts - 1, 16)))
    return max(ceiling * chance, timedelta(milliseconds=100))


@dataclass(frozen=True, slots=True)
class DeliveryTerms:
    """How long one attempt may take, after how many attempts a message is given up that
    is refused, and after how long one that finds nobody; what the text of a code says."""

    timeout_s: float
    attempts: int
    lasting: timedelta
    code_text: str


class Courier:
    """Takes due messages; each is leased, so that replicas do not send it twice."""

    def __init__(
        self,
        db: Database,
        challenges_: Challenges,
        senders: Senders,
        clock: Clock,
        *,
        terms: DeliveryTerms,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._db = db
        self._challenges = challenges_
        self._senders = senders
        self._clock = clock
        self._terms = terms
        self._chance = chance

    @property
    def queues(self) -> tuple[Queue, ...]:
        """Those that have a sender."""
        return tuple(self._senders)

    async def give_up_unsendable(self) -> None:
        """Give up what waits for a channel that is no longer set."""
        sendable = (
            sa.and_(outgoing.c.kind == kind, outgoing.c.channel == channel)
            for kind, channel in self.queues
        )
        async with self._db.begin() as conn:
            await conn.execute(
                sa.update(outgoing)
                .where(outgoing.c.state == "pending", ~sa.or_(sa.false(), *sendable))
                .values(state="failed", problem="not_configured")
            )

    async def take_over(self) -> int:
        """Move what the release before left unsent into the queues; returns how much."""
        now = self._clock.now()
        async with self._db.begin() as conn:
            left = await conn.execute(
                sa.update(earlier)
                .where(
                    earlier.c.state == "pending",
                    earlier.c.kind.in_(
                        [k for k, way in self.queues if way == "webhook"]
                    ),
                    earlier.c.next_attempt_at <= now - ABANDONED,
                )
                .values(state="moved")
                .returning(earlier.c.reference, earlier.c.kind)
            )
            moved = [await _moved(conn, row.reference, row.kind, now) for row in left]
            if moved:
                insert = self._db.insert(outgoing).on_conflict_do_nothing()
                await conn.execute(insert, moved)
        return len(moved)

    async def drain(self, queue: Queue) -> None:
        """Try what is due in one queue until nothing more gets settled."""
        while await self.round([queue]):
            pass

    async def round(
        self, queues: Iterable[Queue] | None = None, limit: int = 64
    ) -> int:
        """Try every due message of `queues` (of all that have a sender) once; returns how
        many were settled: confirmed, dropped or given up."""
        settled = [
            await self._queue(kind, channel, limit)
            for kind, channel in (self.queues if queues is None else queues)
        ]
        return sum(settled)

    async def _queue(self, kind: Kind, channel: Channel, limit: int) -> int:
        async with self._db.read() as conn:
            found = await conn.execute(_due(kind, channel, self._clock.now(), limit))
            due = found.mappings().all()
        settled = 0
        for start in range(0, len(due), TOGETHER):
            some = due[start : start + TOGETHER]
            tried = await asyncio.gather(*(self._take(row) for row in some))
            settled += sum(tried)
            if not any(tried):
                # The destination is away: the others need not find out too.
                break
        return settled

    async def _take(self, row: sa.RowMapping) -> bool:
        return await self._lease(row) and await self._try(row)

    async def _lease(self, row: sa.RowMapping) -> bool:
        async with self._db.begin() as conn:
            taken = await conn.execute(
                sa.update(outgoing)
                .where(
                    outgoing.c.number == row["number"],
                    outgoing.c.state == "pending",
                    outgoing.c.next_attempt_at == row["next_attempt_at"],
                )
                .values(next_attempt_at=self._clock.now() + LEASE)
                .returning(outgoing.c.number)
            )
            return taken.first() is not None

    async def _try(self, row: sa.RowMapping) -> bool:
        kind, channel, attempts = row["kind"], row["channel"], row["attempts"] + 1
        try:
            async with asyncio.timeout(self._terms.timeout_s):
                message = await self._message(row)
                await self._senders[kind, channel].send(message)
        except DeliveryFailed as error:
            return await self._failed(row, attempts, error)
        except TimeoutError:
            return await self._failed(row, attempts, DeliveryFailed("timeout"))
        except (NotFound, ChallengeClosed):
            # The challenge ended first: its code is of no use any more.
            await self._close(row, "dropped", attempts - 1)
            return True
        DELIVERIES.labels(kind, channel, "delivered").inc()
        await self._close(row, "delivered", attempts)
        return True

    async def _message(self, row: sa.RowMapping) -> Notification:
        reference = row["reference"]
        if row["kind"] == "alert":
            alert = await self._row(alerts, alerts.c.alert_id == reference)
            return alert_notification(alert)
        code = await self._challenges.code(reference)
        challenge = await self._row(challenges, challenges.c.challenge_id == reference)
        return code_notification(
            challenge, code, self._terms.code_text, self._clock.now()
        )

    async def _row(
        self, table: sa.Table, this: sa.ColumnElement[bool]
    ) -> dict[str, Any]:
        async with self._db.read() as conn:
            found = await conn.execute(sa.select(table).where(this))
            return dict(found.mappings().one())

    async def _failed(
        self, row: sa.RowMapping, attempts: int, error: DeliveryFailed
    ) -> bool:
        now = self._clock.now()
        over = now - row["queued_at"] >= self._terms.lasting or (
            error.refused and attempts >= self._terms.attempts
        )
        DELIVERIES.labels(row["kind"], row["channel"], "failed").inc()
        if over:
            GIVEN_UP.labels(row["kind"], row["channel"]).inc()
        log.warning(
            "delivery_failed",
            kind=row["kind"],
            channel=row["channel"],
            problem=error.kind,
            given_up=over,
        )
        asked = min(CAP, timedelta(seconds=error.retry_after_s))
        wait = max(pause(attempts, self._chance()), asked)
        await self._write(
            row,
            attempts=attempts,
            problem=error.kind[:32],
            state="failed" if over else "pending",
            next_attempt_at=now + wait,
        )
        return over

    async def _close(self, row: sa.RowMapping, state: str, attempts: int) -> None:
        at = self._clock.now() if state == "delivered" else None
        await self._write(row, state=state, attempts=attempts, delivered_at=at)

    async def _write(self, row: sa.RowMapping, **values: object) -> None:
        """Unless it was queued anew meanwhile: then that is another sending."""
        async with self._db.begin() as conn:
            await conn.execute(
                sa.update(outgoing)
                .where(
                    outgoing.c.number == row["number"],
                    outgoing.c.queued_at == row["queued_at"],
                )
                .values(**values)
            )


async def _moved(
    conn: AsyncConnection, reference: str, kind: str, now: datetime
) -> dict[str, Any]:
    table, key = (
        (alerts, alerts.c.alert_id)
        if kind == "alert"
        else (challenges, challenges.c.challenge_id)
    )
    about = (await conn.execute(sa.select(table).where(key == reference))).mappings()
    row = about.one()
    return {
        "reference": reference,
        "kind": kind,
        "channel": "webhook",
        "entity": row["account_id"] if kind == "alert" else reference,
        "tenant": row["tenant"],
        "state": "pending",
        "attempts": 0,
        "queued_at": now,
        "next_attempt_at": now,
    }


def _due(
    kind: Kind, channel: Channel, now: datetime, limit: int
) -> sa.Select[tuple[object, ...]]:
    """The first message of each entity, where it is due."""
    before = outgoing.alias()
    same = (
        before.c.kind == kind,
        before.c.channel == channel,
        before.c.state == "pending",
        before.c.entity == outgoing.c.entity,
    )
    return (
        sa.select(outgoing)
        .where(
            outgoing.c.kind == kind,
            outgoing.c.channel == channel,
            outgoing.c.state == "pending",
            outgoing.c.next_attempt_at <= now,
            ~sa.exists().where(*same, before.c.number < outgoing.c.number),
        )
        .order_by(outgoing.c.number)
        .limit(limit)
    )
