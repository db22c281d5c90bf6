"""What screening stores of a person, and what becomes of it when it is erased.

Known parties go; a clearing stays as one of nobody and ends, with who decided it and when.
Accounts are of no tenant here.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from fraud_sanctions.clearing.store import ClearedMatchStore
from fraud_sanctions.lists.sources.fields import number
from fraud_sanctions.parties.recorder import PartyRecorder
from fraud_sanctions.store import Store
from fraud_sanctions.tables import cleared, outbox, parked, parties
from fraud_shared.contracts.privacy import (
    ERASED,
    ERASED_ACCOUNT,
    Subject,
    SubjectErased,
    SubjectRows,
)
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.subject_data import (
    SubjectData,
    SubjectTable,
    about_account,
    delivered_events,
    names_in,
    parked_events,
)

_BY = "erasure"


def _paid_by_others(subject: Subject) -> sa.ColumnElement[bool]:
    """The subject as a receiver, known by the number of the account."""
    value = number(subject.account_id)
    if not value:
        return sa.false()
    text = sa.literal(f'"{value}"'.encode(), sa.LargeBinary)
    return names_in(text, parties.c.facts)


class SanctionsSubjects:
    """Erases and exports, in SQL and in memory."""

    def __init__(
        self,
        store: Store,
        book: PartyRecorder,
        register: ClearedMatchStore,
        clock: Clock,
        forget_parties: Callable[[], None],
    ) -> None:
        """`forget_parties` empties the memory of those screened lately."""
        self._store, self._book, self._register = store, book, register
        self._forget_parties = forget_parties
        self._clock = clock
        self._sql = SubjectData(
            store.db,
            (
                SubjectTable(cleared, about_account(cleared, "account"), self._ended),
                SubjectTable(
                    parties,
                    _paid_by_others,
                    hidden=("party_key", "account_id"),
                    whole=True,
                ),
                parked_events(parked),
                delivered_events(outbox),
            ),
        )
        self._exported = SubjectData(
            store.db,
            (
                *self._sql.tables,
                SubjectTable(parties, about_account(parties), hidden=("party_key",)),
                SubjectTable(
                    parties, about_account(parties, "holder"), hidden=("party_key",)
                ),
            ),
        )

    @property
    def tables(self) -> tuple[SubjectTable, ...]:
        """Where something of a person lies."""
        return self._exported.tables

    async def erase(self, subject: Subject) -> SubjectErased:
        """Its parties, noted and written; then some rows. Raises Unavailable."""
        parties_gone = await self._book.erase(subject.account_id, _BY)
        done = await self._sql.erase(subject)
        self._forget_parties()
        if done.rows:
            await self._register.refresh()
        return done.model_copy(update={"rows": done.rows + parties_gone})

    async def export(self, subject: Subject) -> SubjectRows:
        """Rows of tables. Raises Unavailable."""
        await self._store.open()
        return await self._exported.export(subject)

    def _ended(self, row: sa.RowMapping) -> Mapping[str, Any]:
        values: dict[str, Any] = {
            "account": ERASED_ACCOUNT + row["clearing_id"],
            "why": ERASED,
        }
        if row["ended_at"] is None:
            now = self._clock.now()
            values |= {"ended_at": now, "ended_by": _BY, "ended_why": "ERASED"}
        return values
