"""Payments that the online store did not take, and whose windows lack them until it does."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Protocol

from fraud_features.definitions.facts import entities_of
from fraud_shared.contracts.transaction import Transaction


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
