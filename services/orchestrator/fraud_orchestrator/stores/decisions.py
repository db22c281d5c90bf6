"""Stage: the decision record, its outbox row and its idempotency, in one transaction.

Scoring is pure, so idempotency is optimistic: look up first, and let the unique keys on
(client, key) and (client, transaction) decide at commit. Losers get the winner's bytes.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from fraud_orchestrator import tables
from fraud_orchestrator.stages.actions import queued_event, requested
from fraud_shared.contracts.decision import Decision, DecisionMade
from fraud_shared.contracts.events import DECISION_MADE, CloudEvent, event_id
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.trace import Trace
from fraud_shared.state.batcher import Batcher
from fraud_shared.state.bus import Envelope, envelope
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox
from fraud_shared.web.problems import InvalidInput, Unavailable

SOURCE = "urn:fraud:orchestrator"
# A flush to disk costs about a millisecond of this process: from some hundred payments a
# second on, payments wait this long to share one.
LINGER_S = 0.010
# What a commit may take when a payment comes to it in time: some ten times as long as it
# takes, and little enough for an answer within 200 ms.
LEAST_MS = 150.0
# With less than this left a payment is late because this process is busy, not the database:
# to give up all that was computed would make an overload worse.
IN_TIME_MS = 60.0
LATE_MS = 500.0
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """What identifies a request: the client's key (or transaction) and its content."""

    client: str
    key: str
    transaction_id: str
    fingerprint: str

    @property
    def client_key(self) -> str:
        return f"{self.client}\n{self.key}"

    @property
    def client_transaction(self) -> str:
        return f"{self.client}\n{self.transaction_id}"


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision on record. `reply` is None while its actions are under way."""

    decision_id: str
    client_key: str
    client_transaction: str
    fingerprint: str
    reply: bytes | None


@dataclass(frozen=True, slots=True)
class DecisionEntry:
    """A decision to be recorded; `reply` is None when actions must follow."""

    key: IdempotencyKey
    made: DecisionMade
    reply: bytes | None
    trace: Trace
    # Whether the online store has still to be told of the payment.
    missed: bool = False


_STORED = sa.select(
    tables.decisions.c.decision_id,
    tables.decisions.c.client_key,
    tables.decisions.c.client_transaction,
    tables.decisions.c.fingerprint,
    tables.decisions.c.reply,
).where(
    sa.or_(
        tables.decisions.c.client_key.in_(sa.bindparam("keys", expanding=True)),
        tables.decisions.c.client_transaction.in_(
            sa.bindparam("transactions", expanding=True)
        ),
    )
)


class DecisionStore:
    """The decision log. Look-ups and commits of concurrent payments share transactions."""

    def __init__(self, db: Database) -> None:
        self._db = db
        # Built once: a statement made anew is walked anew to find it compiled.
        self._insert = (
            db.insert(tables.decisions)
            .on_conflict_do_nothing()
            .returning(tables.decisions.c.decision_id)
        )
        self._insert_missed = db.insert(tables.online_missed).on_conflict_do_nothing()
        self.outbox = Outbox(db, tables.outbox)
        self._finding: Batcher[IdempotencyKey, RecordedDecision | None] = Batcher(
            self._find_all
        )
        self._committing: Batcher[DecisionEntry, RecordedDecision | None] = Batcher(
            self._commit_all, linger_s=LINGER_S
        )

    async def find(
        self, key: IdempotencyKey, deadline: Deadline
    ) -> RecordedDecision | None:
        """The earlier decision for this request, if any.

        Raises InvalidInput when the key was used with other content, and Unavailable when
        the database does not answer by the deadline.
        """
        return _same(key, await _in_time(self._finding.submit(key), deadline))

    async def commit(
        self, entry: DecisionEntry, deadline: Deadline
    ) -> RecordedDecision | None:
        """Record a decision: None when it is now on record, else the winner's.

        Raises like `find`. A decision may be on record although its caller got
        Unavailable: a repeat of the request finds it.
        """
        return _same(
            entry.key, await _in_time(self._committing.submit(entry), deadline)
        )

    async def finish(
        self,
        made: DecisionMade,
        reply: bytes,
        deadline: Deadline,
        *,
        done: bool,
        trace: Trace | None,
    ) -> bytes:
        """Store the reply once the actions are settled; returns the bytes that count.

        Actions that could not be done go to the outbox in the same transaction. Raises
        Unavailable when the database does not answer by the deadline.
        """
        table = tables.decisions
        this = table.c.decision_id == made.decision.decision_id
        request = requested(made.transaction, made.decision)
        queued = [] if done or request is None else [queued_event(request, trace)]

        def work(conn: sa.Connection) -> bytes:
            changed = conn.execute(
                sa.update(table)
                .where(this, table.c.reply.is_(None))
                .values(reply=reply)
            )
            if changed.rowcount == 0:
                kept = conn.scalar(sa.select(table.c.reply).where(this))
                return bytes(kept) if kept is not None else reply
            self.outbox.insert(conn, [envelope(event) for event in queued])
            return reply

        kept = await _in_time(self._db.run(work), deadline)
        self.outbox.written.set()
        return kept

    async def unfinished(self, older_than: timedelta) -> list[DecisionMade]:
        """Decisions whose actions were interrupted, oldest first."""
        table = tables.decisions
        query = (
            sa.select(table.c.record)
            .where(
                table.c.reply.is_(None),
                table.c.decided_at < datetime.now(UTC) - older_than,
            )
            .order_by(table.c.decided_at)
            .limit(100)
        )
        async with self._db.read() as conn:
            rows = (await conn.execute(query)).all()
        return [DecisionMade.model_validate_json(bytes(row.record)) for row in rows]

    async def get(
        self, client: str, *, decision_id: str | None, transaction_id: str | None
    ) -> sa.Row[tuple[object, ...]] | None:
        """One stored decision of a client, by either identifier."""
        table = tables.decisions
        query = sa.select(table)
        if decision_id is not None:
            prefix = f"{client}\n"
            query = query.where(
                table.c.decision_id == decision_id,
                sa.func.substr(table.c.client_key, 1, len(prefix)) == prefix,
            )
        else:
            query = query.where(
                table.c.client_transaction == f"{client}\n{transaction_id}"
            )
        async with self._db.read() as conn:
            return (await conn.execute(query)).first()

    async def _find_all(
        self, keys: Sequence[IdempotencyKey]
    ) -> Sequence[RecordedDecision | None]:
        asked = {
            "keys": [key.client_key for key in keys],
            "transactions": [key.client_transaction for key in keys],
        }
        rows = await self._db.run(
            lambda conn: conn.execute(_STORED, asked).all(), write=False
        )
        by_key = {row.client_key: row for row in rows}
        by_transaction = {row.client_transaction: row for row in rows}
        found = [
            by_key.get(key.client_key) or by_transaction.get(key.client_transaction)
            for key in keys
        ]
        return [None if row is None else RecordedDecision(*row) for row in found]

    async def _commit_all(
        self, entries: Sequence[DecisionEntry]
    ) -> Sequence[RecordedDecision | None]:
        rows = [_row(entry) for entry in entries]

        def work(conn: sa.Connection) -> set[str]:
            won = set(conn.execute(self._insert, rows).scalars())
            events = [
                _event(entry, row["record"])
                for entry, row in zip(entries, rows, strict=True)
                if entry.made.decision.decision_id in won
            ]
            self.outbox.insert(conn, events)
            missed = [
                {"client_transaction": entry.key.client_transaction}
                for entry in entries
                if entry.missed and entry.made.decision.decision_id in won
            ]
            if missed:
                conn.execute(self._insert_missed, missed)
            return won

        won = await self._db.run(work)
        self.outbox.written.set()
        losers = [e.key for e in entries if e.made.decision.decision_id not in won]
        winners = (
            dict(zip(losers, await self._find_all(losers), strict=True))
            if losers
            else {}
        )
        return [
            None if e.made.decision.decision_id in won else winners[e.key]
            for e in entries
        ]


async def _in_time(work: Awaitable[Result], deadline: Deadline) -> Result:
    """`work`, or Unavailable when it takes longer than there is time; a payment that was
    slow elsewhere can still be recorded."""
    left = deadline.remaining_ms()
    ms = max(left, LEAST_MS) if left >= IN_TIME_MS else LATE_MS
    try:
        async with asyncio.timeout(ms / 1000):
            return await work
    except TimeoutError:
        raise Unavailable("The data store did not answer in time.") from None


def _same(
    key: IdempotencyKey, stored: RecordedDecision | None
) -> RecordedDecision | None:
    if stored is not None and stored.fingerprint != key.fingerprint:
        by_key = stored.client_key == key.client_key
        field = (
            "Idempotency-Key"
            if by_key and key.key != key.transaction_id
            else "transaction_id"
        )
        raise InvalidInput(errors=[(field, "was used before with other content")])
    return stored


def _row(entry: DecisionEntry) -> dict[str, Any]:
    decision: Decision = entry.made.decision
    return {
        "decision_id": decision.decision_id,
        "client_key": entry.key.client_key,
        "client_transaction": entry.key.client_transaction,
        "transaction_id": decision.transaction_id,
        "account_id": entry.made.transaction.account_id,
        "fingerprint": entry.key.fingerprint,
        "decision": decision.decision.value,
        "decided_at": decision.decided_at,
        "reply": entry.reply,
        "record": entry.made.model_dump_json().encode(),
    }


def _event(entry: DecisionEntry, record: bytes) -> Envelope:
    subject = entry.made.transaction.transaction_id
    head = CloudEvent(
        id=event_id(subject, DECISION_MADE, entry.key.client),
        source=SOURCE,
        type=DECISION_MADE,
        subject=subject,
        time=entry.made.decision.decided_at,
        traceparent=entry.trace.traceparent,
        data={},
    )
    # The record is the event's data: it is spliced in as it is, not encoded again.
    body = head.model_dump_json(exclude={"data"}).encode()
    return Envelope(
        head.id, head.type, body[:-1] + b',"data":' + record + b"}", head.traceparent
    )
