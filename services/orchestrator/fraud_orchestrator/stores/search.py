"""The decision log searched: by what a payment has, by verdict, reason and time."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fraud_orchestrator.tables import decisions, labels
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.decision_search import (
    DecisionQuery,
    DecisionRow,
    EntityKind,
)
from fraud_shared.mesh.tokens import Actor
from fraud_shared.state.database import Database
from fraud_shared.state.paging import Key, fetch_page
from fraud_shared.web.keys import EVERY_TENANT

_NEWEST = (Key(decisions.c.decided_at, descending=True), Key(decisions.c.decision_id))
_COLUMNS: dict[EntityKind, sa.Column[Any]] = {
    "account": decisions.c.account_id,
    "card": decisions.c.card_token,
    "device": decisions.c.device_id,
    "merchant": decisions.c.merchant_id,
    "counterparty": decisions.c.counterparty,
}
_EXACT = (
    "transaction_id", "account_id", "card_token", "device_id", "merchant_id",
    "counterparty", "decision",
)  # fmt: skip
MOST_COUNTED = 10_000
_SEE_ALL = frozenset(("analyst", "audit"))


def found_by(made: DecisionMade) -> dict[str, Any]:
    """The columns by which a decision is found besides its ids."""
    payment, decision = made.transaction, made.decision
    codes = [f"r:{reason.code}" for reason in decision.reasons]
    codes += [f"d:{code}" for code in decision.degraded]
    return {
        "tenant": made.owner,
        "card_token": payment.card.token if payment.card else None,
        "device_id": payment.device.device_id if payment.device else None,
        "merchant_id": payment.merchant.merchant_id if payment.merchant else None,
        "counterparty": payment.counterparty.account if payment.counterparty else None,
        "codes": f" {' '.join(codes)} ",
    }


def visible(actor: Actor) -> sa.ColumnElement[bool]:
    """The decisions that somebody may see: all of the tenants of the request in a scope
    that sees what others own, else the client's own."""
    if not _SEE_ALL & actor.scopes:
        return decisions.c.client == actor.client
    if EVERY_TENANT in actor.tenants:
        return sa.true()
    return decisions.c.tenant.in_(actor.tenants)


class DecisionSearch:
    """Reads the decision log, and finds decisions in it, newest first."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(
        self, decision_id: str, actor: Actor
    ) -> sa.Row[tuple[object, ...]] | None:
        """One stored decision that `actor` may see."""
        query = sa.select(decisions).where(
            decisions.c.decision_id == decision_id, visible(actor)
        )
        async with self._db.read() as conn:
            return (await conn.execute(query)).first()

    async def of_transaction(
        self, client: str, transaction_id: str
    ) -> sa.Row[tuple[object, ...]] | None:
        """The stored decision of a client's payment."""
        query = sa.select(decisions).where(
            decisions.c.transaction_id == transaction_id, decisions.c.client == client
        )
        async with self._db.read() as conn:
            return (await conn.execute(query)).first()

    async def page(
        self, asked: DecisionQuery, actor: Actor
    ) -> tuple[list[bytes], str | None]:
        """The records that fit, and the cursor of the next page."""
        query = sa.select(decisions.c.record).where(visible(actor), *_filters(asked))
        async with self._db.read(patient=True) as conn:
            rows, cursor = await fetch_page(
                conn, query, _NEWEST, asked.limit, asked.cursor
            )
        return [bytes(row["record"]) for row in rows], cursor

    async def of_entity(
        self, kind: EntityKind, identity: str, actor: Actor, limit: int
    ) -> Sequence[bytes]:
        """The newest records of an account, card, device, merchant or counterparty."""
        query = (
            sa.select(decisions.c.record)
            .where(_COLUMNS[kind] == identity, visible(actor))
            .order_by(decisions.c.decided_at.desc(), decisions.c.decision_id)
            .limit(limit)
        )
        async with self._db.read(patient=True) as conn:
            return [bytes(row.record) for row in await conn.execute(query)]

    async def approved_before(
        self,
        record: DecisionMade,
        first: tuple[datetime, datetime],
        actor: Actor,
        limit: int,
    ) -> Sequence[bytes]:
        """Records of approved payments of the same account and owner, decided before
        `record`: those of the span `first` first, then the newest."""
        made, payment = record.decision, record.transaction
        outside = sa.case((decisions.c.decided_at.between(*first), 0), else_=1)
        query = (
            sa.select(decisions.c.record)
            .where(
                decisions.c.account_id == payment.account_id,
                decisions.c.tenant == record.owner,
                decisions.c.decision == "APPROVE",
                decisions.c.supersedes.is_(None),
                decisions.c.decided_at < made.decided_at,
                visible(actor),
            )
            .order_by(outside, decisions.c.decided_at.desc(), decisions.c.decision_id)
            .limit(limit)
        )
        async with self._db.read(patient=True) as conn:
            return [bytes(row.record) for row in await conn.execute(query)]

    async def called_fraud(
        self, record: DecisionMade, actor: Actor, limit: int
    ) -> Sequence[bytes]:
        """The newest records of the same account and owner that any report calls fraud."""
        called = sa.exists().where(
            labels.c.transaction_id == decisions.c.transaction_id,
            labels.c.tenant == decisions.c.tenant,
            labels.c.label == "fraud",
        )
        query = (
            sa.select(decisions.c.record)
            .where(
                decisions.c.account_id == record.transaction.account_id,
                decisions.c.tenant == record.owner,
                called,
                visible(actor),
            )
            .order_by(decisions.c.decided_at.desc(), decisions.c.decision_id)
            .limit(limit)
        )
        async with self._db.read(patient=True) as conn:
            return [bytes(row.record) for row in await conn.execute(query)]

    async def later_requests(self, tenant: str, account_id: str) -> dict[str, str]:
        """Numbers of the further requests about an account's payments, with the number of
        the first request about the same payment."""
        query = sa.select(decisions.c.transaction_id, decisions.c.supersedes).where(
            decisions.c.account_id == account_id,
            decisions.c.tenant == tenant,
            decisions.c.supersedes.is_not(None),
        )
        async with self._db.read(patient=True) as conn:
            rows = await conn.execute(query)
            return {row.transaction_id: row.supersedes for row in rows}

    async def verdicts(
        self, kind: EntityKind, identity: str, actor: Actor
    ) -> dict[str, int]:
        """How many of its newest decisions had each verdict."""
        newest = (
            sa.select(decisions.c.decision)
            .where(_COLUMNS[kind] == identity, visible(actor))
            .order_by(decisions.c.decided_at.desc())
            .limit(MOST_COUNTED)
            .subquery()
        )
        query = sa.select(newest.c.decision, sa.func.count()).group_by(
            newest.c.decision
        )
        counted = dict.fromkeys(("APPROVE", "CHALLENGE", "DECLINE"), 0)
        async with self._db.read(patient=True) as conn:
            for verdict, count in await conn.execute(query):
                counted[verdict] = count
        return counted


def _filters(asked: DecisionQuery) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [
        decisions.c[name] == value
        for name in _EXACT
        if (value := getattr(asked, name)) is not None
    ]
    if asked.since is not None:
        found.append(decisions.c.decided_at >= asked.since)
    if asked.until is not None:
        found.append(decisions.c.decided_at < asked.until)
    codes = decisions.c.codes
    if asked.reason is not None:
        found.append(codes.contains(f" r:{asked.reason} ", autoescape=True))
    if isinstance(asked.degraded, bool):
        some = codes.contains(" d:", autoescape=True)
        found.append(some if asked.degraded else ~some)
    elif asked.degraded is not None:
        found.append(codes.contains(f" d:{asked.degraded} ", autoescape=True))
    return found


def row_of(record: bytes) -> DecisionRow:
    """The line of a search for a record."""
    document = json.loads(record)
    made, payment = document["decision"], document["transaction"]
    merchant = payment.get("merchant") or {}
    own = ("decision_id", "transaction_id", "decision", "challenge", "risk", "reason")
    return DecisionRow(
        **{name: made[name] for name in own},
        client=document["client"],
        account_id=payment["account_id"],
        amount_minor=payment["amount_minor"],
        currency=payment["currency"],
        kind=payment["kind"],
        merchant_id=merchant.get("merchant_id"),
        reasons=[reason["code"] for reason in made["reasons"]],
        degraded=list(made["degraded"]),
        decided_at=made["decided_at"],
        elapsed_ms=made["timings_ms"].get("total"),
    )


_PLACES: dict[EntityKind, tuple[str, str]] = {
    "card": ("card", "token"),
    "device": ("device", "device_id"),
    "merchant": ("merchant", "merchant_id"),
    "counterparty": ("counterparty", "account"),
}


def entity_of(record: bytes, kind: EntityKind) -> str | None:
    """The account, card, device, merchant or counterparty of a record, if it has one."""
    payment = json.loads(record)["transaction"]
    if kind == "account":
        return str(payment["account_id"])
    block, name = _PLACES[kind]
    value = (payment.get(block) or {}).get(name)
    return None if value is None else str(value)
