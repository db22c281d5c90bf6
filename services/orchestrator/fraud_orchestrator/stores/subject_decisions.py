"""The decisions about an account: found, and rewritten without what they say of a person.

A decision that is rewritten is sealed anew in the audit log, in the same transaction and
signed: its first seal no longer fits, and the log says why.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fraud_orchestrator.audit_chain import CheckpointKey
from fraud_orchestrator.stores.audit import (
    DECISION,
    ERASED,
    Subject,
    append,
    contents,
    lock,
)
from fraud_orchestrator.stores.erasures import Erasure
from fraud_orchestrator.stores.sca import instrument_of, reset
from fraud_orchestrator.tables import audit_erasures, audit_log, decisions, outbox
from fraud_shared.contracts.decision import Decision, DecisionMade
from fraud_shared.contracts.events import ACTION_REQUESTED, DECISION_MADE, event_id
from fraud_shared.mesh.clock import Clock
from fraud_shared.redaction import redacted_decision, redacted_payment
from fraud_shared.state.database import Database
from fraud_shared.state.paging import Key, fetch_page

Row = sa.Row[Any]
_NEWEST = (Key(decisions.c.decided_at, descending=True), Key(decisions.c.decision_id))


class SubjectDecisions:
    """The decisions about an account: found, exported page by page, and rewritten."""

    def __init__(self, db: Database, key: CheckpointKey, clock: Clock) -> None:
        self._db, self._key, self._clock = db, key, clock

    async def some(self, erasure: Erasure, most: int) -> list[DecisionMade]:
        """Records about the account that are not rewritten yet."""
        query = (
            sa.select(decisions.c.record)
            .where(_about(erasure.tenant, erasure.account_id), _ANSWERED)
            .limit(most)
        )
        async with self._db.read(patient=True) as conn:
            rows = (await conn.execute(query)).all()
        return [DecisionMade.model_validate_json(bytes(row.record)) for row in rows]

    async def page(
        self, tenant: str, account_id: str, limit: int, cursor: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Decisions about the account, newest first, and the cursor of the next page."""
        query = sa.select(decisions).where(_about(tenant, account_id))
        async with self._db.read(patient=True) as conn:
            return await fetch_page(conn, query, _NEWEST, limit, cursor)

    async def left(self, erasure: Erasure) -> bool:
        """Whether any decision about the account is still to be rewritten."""
        query = sa.select(sa.literal(1)).where(
            sa.exists().where(_about(erasure.tenant, erasure.account_id))
        )
        async with self._db.read(patient=True) as conn:
            return (await conn.execute(query)).first() is not None

    async def shared(self, erasure: Erasure, kind: str, name: str) -> bool:
        """Whether somebody else's payments have the same card or device, or the same
        account is another tenant's too."""
        if kind == "account":
            others = sa.and_(
                decisions.c.account_id == name, decisions.c.tenant != erasure.tenant
            )
        else:
            column = decisions.c["card_token" if kind == "card" else "device_id"]
            others = sa.and_(
                column == name, decisions.c.account_id != erasure.account_id
            )
        query = sa.select(sa.literal(1)).where(sa.exists().where(others))
        async with self._db.read(patient=True) as conn:
            return (await conn.execute(query)).first() is not None

    async def rewrite(self, erasure: Erasure, names: Sequence[str]) -> int:
        """Rewrite and seal decisions whose events are sent; returns how many."""
        now = self._clock.now()

        def work(conn: sa.Connection) -> int:
            lock(conn)
            these = sa.and_(
                _about(erasure.tenant, erasure.account_id),
                decisions.c.decision_id.in_(names),
                _ANSWERED,
            )
            rows = conn.execute(sa.select(decisions).where(these).with_for_update())
            done = [
                row.decision_id
                for row in rows.all()
                if _rewrite(conn, row, erasure, now)
            ]
            self._seal(conn, erasure, done, now)
            return len(done)

        return await self._db.run(work, patient=True)

    def _seal(
        self, conn: sa.Connection, erasure: Erasure, names: Sequence[str], now: datetime
    ) -> None:
        """Seal anew what was sealed: the rest is sealed as it is now."""
        found = conn.execute(
            sa.select(audit_log.c.subject, sa.func.count().label("seals"))
            .where(audit_log.c.subject.in_(names))
            .group_by(audit_log.c.subject)
        )
        seals = {row.subject: row.seals for row in found}
        anew = [
            (Subject(f"{ERASED}{seals[subject.name]}", subject.name), digest)
            for subject, digest in contents(conn, [Subject(DECISION, n) for n in seals])
        ]
        signed = [
            {
                "seq": row.seq,
                "erasure_id": erasure.erasure_id,
                "public_key": self._key.public,
                "signature": self._key.sign_erasure(
                    row.seq, erasure.erasure_id, row.digest
                ),
            }
            for row in append(conn, anew, now)
        ]
        if signed:
            conn.execute(sa.insert(audit_erasures), signed)


def _rewrite(conn: sa.Connection, row: Row, erasure: Erasure, now: datetime) -> bool:
    """Rewrite one decision; false while an event about it still has to be sent."""
    events = [
        event_id(row.transaction_id, DECISION_MADE, row.client),
        event_id(row.transaction_id, ACTION_REQUESTED, row.decision_id),
    ]
    its = outbox.c.event_id.in_(events)
    unsent = sa.select(sa.literal(1)).where(its, outbox.c.sent_at.is_(None)).limit(1)
    if conn.execute(unsent).first() is not None:
        return False
    conn.execute(sa.delete(outbox).where(its))
    record = json.loads(bytes(row.record))
    made = DecisionMade.model_validate_json(bytes(row.record))
    is_payer = row.account_id == erasure.account_id
    if is_payer:
        conn.execute(reset([instrument_of(row.client, made.transaction)]))
    payment = redacted_payment(
        record["transaction"], erasure.account_id, row.decision_id
    )
    at = now.isoformat()
    record |= {
        "transaction": payment,
        "decision": redacted_decision(record["decision"], at),
    }
    reply = json.dumps(redacted_decision(json.loads(bytes(row.reply)), at))
    kept = DecisionMade.model_validate_json(json.dumps(record))
    conn.execute(
        sa.update(decisions)
        .where(decisions.c.decision_id == row.decision_id)
        .values(
            account_id=payment["account_id"],
            counterparty=None,
            record=kept.model_dump_json().encode(),
            reply=Decision.model_validate_json(reply).model_dump_json().encode(),
            **(dict.fromkeys(("card_token", "device_id")) if is_payer else {}),
        )
    )
    return True


# Before its reply a decision is not finished.
_ANSWERED = decisions.c.reply.is_not(None)


def _about(tenant: str, account_id: str) -> sa.ColumnElement[bool]:
    """Decided payments that the account made or received."""
    return sa.and_(
        sa.or_(
            decisions.c.account_id == account_id,
            decisions.c.counterparty == account_id,
        ),
        decisions.c.tenant == tenant,
    )
