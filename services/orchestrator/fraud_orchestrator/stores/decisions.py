"""Stage: the decision record, its outbox row and its idempotency, in one transaction.

Scoring is pure, so idempotency is optimistic: look up first, and let the unique keys on
(client, idempotency key) and (client, transaction) decide at commit. Losers get the winner's
bytes. The two are namespaces of their own: a key that reads like a transaction id is no
transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from fraud_orchestrator import tables
from fraud_orchestrator.action_requests import queued_event, requested
from fraud_orchestrator.lookups import BY_KEY_OR_TRANSACTION, BY_TRANSACTION
from fraud_orchestrator.stores.in_time import Patience
from fraud_orchestrator.stores.sca import reset
from fraud_orchestrator.stores.search import found_by
from fraud_orchestrator.stores.settling import Finished, settle
from fraud_shared.contracts.decision import Decision, DecisionMade
from fraud_shared.contracts.events import DECISION_MADE, CloudEvent, event_id
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.trace import Trace
from fraud_shared.state.batcher import Batcher
from fraud_shared.state.bus import Envelope, envelope
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox
from fraud_shared.web.problems import Conflict, InvalidInput

SOURCE = "urn:fraud:orchestrator"
# A flush to disk costs about a millisecond of this process: from some hundred payments a
# second on, payments wait this long to share one.
LINGER_S = 0.010


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """What identifies a request: its client, its transaction, its content, and the
    `Idempotency-Key` where it has one."""

    client: str
    key: str | None
    transaction_id: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision on record. `reply` is None while its actions are under way."""

    decision_id: str
    fingerprint: str
    reply: bytes | None


@dataclass(frozen=True, slots=True)
class _Found:
    """What is on record for a request, under its key and under its transaction; `won` is
    set by a commit that put it there."""

    by_key: RecordedDecision | None = None
    by_transaction: RecordedDecision | None = None
    won: bool = False


@dataclass(frozen=True, slots=True)
class DecisionEntry:
    """A decision to be recorded; `reply` is None when actions must follow."""

    key: IdempotencyKey
    made: DecisionMade
    reply: bytes | None
    trace: Trace
    missed: bool = False  # whether the online store has still to take the payment
    authenticated: str | None = None  # the instrument, see `stores.sca`


_KEYS = tables.idempotency_keys
# One whose winner vanished before it was read is tried again.
_TRIES = 3


class DecisionStore:
    """The decision log. Look-ups and commits of concurrent payments share transactions."""

    def __init__(
        self, db: Database, on_settled: Callable[[str], None] = lambda _: None
    ) -> None:
        """`on_settled` is told each decision whose reply came on record here."""
        self._db = db
        self._on_settled = on_settled
        self._patience = Patience()
        # Built once: a statement made anew is walked anew to find it compiled.
        self._insert = (
            db.insert(tables.decisions)
            .on_conflict_do_nothing()
            .returning(tables.decisions.c.decision_id)
        )
        self._claim = (
            db.insert(_KEYS).on_conflict_do_nothing().returning(_KEYS.c.decision_id)
        )
        self._bind = db.insert(_KEYS).on_conflict_do_nothing()
        self._insert_missed = db.insert(tables.online_missed).on_conflict_do_nothing()
        self.outbox = Outbox(db, tables.outbox)
        self._finding: Batcher[IdempotencyKey, _Found] = Batcher(self._find_all)
        self._binding: Batcher[dict[str, Any], None] = Batcher(self._bind_all)
        self._committing: Batcher[DecisionEntry, _Found] = Batcher(
            self._commit_all, linger_s=LINGER_S
        )
        self._finishing: Batcher[Finished, bytes] = Batcher(self._finish_all)

    def check(self) -> None:
        """Refuse at once what could only wait in vain. Raises Unavailable."""
        self._patience.check()

    async def find(
        self, key: IdempotencyKey, deadline: Deadline
    ) -> RecordedDecision | None:
        """The earlier decision for this request, if any; a new key for it is kept.

        Raises InvalidInput when the key or the transaction was used with other content, and
        Unavailable when the database does not answer by the deadline.
        """
        found = await self._patience.wait(lambda: self._finding.submit(key), deadline)
        stored = _same(key, found)
        if stored is None or key.key is None or found.by_key is not None:
            return stored
        # A repeat under another key: from now on this key stands for this payment.
        row = _key_row(key, stored.decision_id)
        await self._patience.wait(lambda: self._binding.submit(row), deadline)
        found = await self._patience.wait(lambda: self._finding.submit(key), deadline)
        return _same(key, found)

    async def commit(
        self, entry: DecisionEntry, deadline: Deadline
    ) -> RecordedDecision | None:
        """Record a decision: None when it is now on record, else the winner's.

        Raises like `find`, and Conflict when it is neither after several tries. A decision
        may be on record although its caller got Unavailable: a repeat of the request finds
        it.
        """
        for _ in range(_TRIES):
            begin = partial(self._committing.submit, entry)
            if (await self._patience.wait(begin, deadline)).won:
                return None
            winner = await self.find(entry.key, deadline)
            if winner is not None:
                return winner
        raise Conflict("This payment is being decided by another request.")

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
        decision_id = made.decision.decision_id
        request = requested(made)
        queued = () if done or request is None else (queued_event(request, trace),)
        finished = Finished(decision_id, reply, tuple(map(envelope, queued)))
        kept = await self._patience.wait(
            lambda: self._finishing.submit(finished), deadline
        )
        self.outbox.written.set()
        self._on_settled(decision_id)
        return kept

    async def unfinished(self, before: datetime) -> list[DecisionMade]:
        """Decisions made before then whose actions were interrupted, oldest first."""
        table = tables.decisions
        query = (
            sa.select(table.c.record)
            .where(table.c.reply.is_(None), table.c.decided_at < before)
            .order_by(table.c.decided_at)
            .limit(100)
        )
        async with self._db.read() as conn:
            rows = (await conn.execute(query)).all()
        return [DecisionMade.model_validate_json(bytes(row.record)) for row in rows]

    async def _find_all(self, keys: Sequence[IdempotencyKey]) -> Sequence[_Found]:
        given = [key.key for key in keys if key.key is not None]
        asked: dict[str, list[str]] = {
            "clients": list({key.client for key in keys}),
            "transactions": [key.transaction_id for key in keys],
        }
        if given:
            asked["keys"] = given
        query = BY_KEY_OR_TRANSACTION if given else BY_TRANSACTION
        rows = await self._db.run(
            lambda conn: conn.execute(query, asked).all(), write=False
        )
        # No key reads as a transaction here, nor the other way round.
        found = {
            (bool(row.by_key), row.client, row.name): RecordedDecision(
                row.decision_id, row.fingerprint, row.reply
            )
            for row in rows
        }
        return [
            _Found(
                by_key=found.get((True, key.client, key.key or "")),
                by_transaction=found.get((False, key.client, key.transaction_id)),
            )
            for key in keys
        ]

    async def _bind_all(self, rows: Sequence[dict[str, Any]]) -> Sequence[None]:
        ordered = sorted(rows, key=_by_key)
        await self._db.run(lambda conn: conn.execute(self._bind, ordered))
        return [None] * len(rows)

    async def _finish_all(self, finished: Sequence[Finished]) -> Sequence[bytes]:
        kept = await self._db.run(partial(settle, outbox=self.outbox, all_of=finished))
        return [kept[each.decision_id] for each in finished]

    async def _commit_all(self, entries: Sequence[DecisionEntry]) -> Sequence[_Found]:
        # Every gateway locks keys, then transactions, each in order: nobody waits in a circle.
        claims = sorted(
            (
                _key_row(entry.key, entry.made.decision.decision_id)
                for entry in entries
                if entry.key.key is not None
            ),
            key=_by_key,
        )
        rows = sorted(
            map(_row, entries), key=lambda row: (row["client"], row["transaction_id"])
        )

        def work(conn: sa.Connection) -> set[str]:
            won = self._insert_all(conn, claims, rows)
            recorded = [e for e in entries if e.made.decision.decision_id in won]
            records = {row["decision_id"]: row["record"] for row in rows}
            self.outbox.insert(
                conn,
                [_event(e, records[e.made.decision.decision_id]) for e in recorded],
            )
            names = ("client", "transaction_id")
            if missed := [
                {n: getattr(e.key, n) for n in names} for e in recorded if e.missed
            ]:
                conn.execute(self._insert_missed, missed)
            if strong := {e.authenticated for e in recorded if e.authenticated}:
                conn.execute(reset(strong))
            return won

        won = await self._db.run(work)
        self.outbox.written.set()
        for entry in entries:
            if entry.reply is not None and entry.made.decision.decision_id in won:
                self._on_settled(entry.made.decision.decision_id)
        return [_Found(won=e.made.decision.decision_id in won) for e in entries]

    def _insert_all(
        self,
        conn: sa.Connection,
        claims: Sequence[dict[str, Any]],
        rows: Sequence[dict[str, Any]],
    ) -> set[str]:
        """Insert what loses neither its key nor its transaction; returns those decisions."""
        claimed = set(conn.execute(self._claim, claims).scalars()) if claims else set()
        keyed = {claim["decision_id"] for claim in claims}
        lost = keyed - claimed
        left = [row for row in rows if row["decision_id"] not in lost]
        won = set(conn.execute(self._insert, left).scalars()) if left else set()
        if vacant := claimed - won:
            conn.execute(sa.delete(_KEYS).where(_KEYS.c.decision_id.in_(vacant)))
        return won


def _same(key: IdempotencyKey, found: _Found) -> RecordedDecision | None:
    """What is on record, if it is this request. Raises InvalidInput where it is another."""
    for field, stored in (
        ("Idempotency-Key", found.by_key),
        ("transaction_id", found.by_transaction),
    ):
        if stored is not None and stored.fingerprint != key.fingerprint:
            raise InvalidInput(errors=[(field, "was used before with other content")])
    return found.by_key or found.by_transaction


def _key_row(key: IdempotencyKey, decision_id: str) -> dict[str, Any]:
    return {
        "client": key.client,
        "idempotency_key": key.key,
        "decision_id": decision_id,
    }


def _by_key(row: dict[str, Any]) -> tuple[str, str]:
    return row["client"], row["idempotency_key"]


def _row(entry: DecisionEntry) -> dict[str, Any]:
    decision: Decision = entry.made.decision
    return {
        "decision_id": decision.decision_id,
        "client": entry.key.client,
        "transaction_id": decision.transaction_id,
        "account_id": entry.made.transaction.account_id,
        "fingerprint": entry.key.fingerprint,
        "decision": decision.decision.value,
        "decided_at": decision.decided_at,
        "supersedes": entry.made.transaction.supersedes,
        "reply": entry.reply,
        **found_by(entry.made),
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
