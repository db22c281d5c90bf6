"""Payments that the online store did not take, and whose windows lack them until it does."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Protocol

import sqlalchemy as sa
import structlog

from fraud_features.definitions.facts import entities_of
from fraud_features.store.observation import client_and_id, of_client
from fraud_features.store.schema import REPLY_TTL
from fraud_orchestrator.tables import decisions, online_missed
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.state.database import Database

log = structlog.get_logger()
# The store knows an id a little longer than that: replaying it moves nothing.
KNOWN_FOR = timedelta(microseconds=REPLY_TTL) - timedelta(days=1)
_CHUNK = 500


class BackfillLog(Protocol):
    """The missed payments that were decided, on record until the store has them.

    Ids are those of the payments as the store knows them.
    """

    async def load(self, most: int) -> Sequence[Transaction]:
        """The newest of them, oldest first."""
        ...

    async def forget(self, ids: Sequence[str]) -> None:
        """The store has these."""
        ...


def _touched(payment: Transaction) -> Iterator[tuple[str, str]]:
    """Kind and id of everything whose windows a payment moves or reads."""
    yield from entities_of(payment)
    # What the account itself received.
    yield "counterparty", payment.account_id


class BackfillQueue:
    """The missed payments in order, and which of them share an entity with a payment."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._payments: OrderedDict[str, Transaction] = OrderedDict()
        self._by_entity: dict[tuple[str, str], set[str]] = {}

    def __len__(self) -> int:
        return len(self._payments)

    def __contains__(self, transaction_id: str) -> bool:
        return transaction_id in self._payments

    def __iter__(self) -> Iterator[Transaction]:
        """Oldest first; what is dropped meanwhile is passed over."""
        for name in tuple(self._payments):
            if name in self._payments:
                yield self._payments[name]

    def add(self, payment: Transaction) -> Transaction | None:
        """Keep a payment; returns the one that has to go for it."""
        self._payments[payment.transaction_id] = payment
        for entity in _touched(payment):
            self._by_entity.setdefault(entity, set()).add(payment.transaction_id)
        if len(self._payments) <= self._cap:
            return None
        oldest = next(iter(self._payments.values()))
        self.drop(oldest)
        return oldest

    def drop(self, payment: Transaction) -> None:
        """Forget a payment."""
        if self._payments.pop(payment.transaction_id, None) is None:
            return
        for entity in _touched(payment):
            left = self._by_entity.get(entity, set())
            left.discard(payment.transaction_id)
            if not left:
                self._by_entity.pop(entity, None)

    def sharing(self, payment: Transaction, most: int = 1) -> list[Transaction]:
        """At most so many of those with an account, card, device, address or place of this
        payment."""
        if not self._payments:
            return []
        shared = (self._by_entity.get(entity, ()) for entity in _touched(payment))
        # A busy place may have very many: no more than `most` of each are looked at.
        names = chain.from_iterable(islice(ids, most) for ids in shared)
        return [self._payments[name] for name in islice(dict.fromkeys(names), most)]


class SqlBackfillLog:
    """`BackfillLog` in the decision log. Rows are written with their decisions, by
    `DecisionStore`; a new run of the gateway replays them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def load(self, most: int) -> Sequence[Transaction]:
        """The newest of them, oldest first; those that are too old to replay are given up."""
        since = datetime.now(UTC) - KNOWN_FOR
        joined = sa.and_(
            decisions.c.client == online_missed.c.client,
            decisions.c.transaction_id == online_missed.c.transaction_id,
        )
        old = sa.exists().where(joined, decisions.c.decided_at < since)
        newest = (
            sa.select(decisions.c.client, decisions.c.record)
            .join(online_missed, joined)
            .order_by(decisions.c.decided_at.desc())
            .limit(most)
        )
        async with self._db.begin(patient=True) as conn:
            gone = await conn.execute(sa.delete(online_missed).where(old))
            rows = (await conn.execute(newest)).all()
        if gone.rowcount:
            log.error("online_store_incomplete", cure="fraud features rebuild --again")
        return [_payment(row.client, row.record) for row in reversed(rows)]

    async def forget(self, ids: Sequence[str]) -> None:
        """The store has these."""
        by_client: dict[str, list[str]] = {}
        for online_id in ids:
            client, transaction_id = client_and_id(online_id)
            by_client.setdefault(client, []).append(transaction_id)
        table = online_missed
        for client, transactions in by_client.items():
            for start in range(0, len(transactions), _CHUNK):
                some = transactions[start : start + _CHUNK]
                async with self._db.begin() as conn:
                    await conn.execute(
                        sa.delete(table).where(
                            table.c.client == client, table.c.transaction_id.in_(some)
                        )
                    )


def _payment(client: str, record: bytes) -> Transaction:
    made = DecisionMade.model_validate_json(bytes(record))
    return of_client(made.transaction, client)
