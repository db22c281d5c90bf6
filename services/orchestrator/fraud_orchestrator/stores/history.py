"""The decision log read from its beginning: what a rebuild and a comparison need of it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from fraud_orchestrator.stores.labels import report_of
from fraud_orchestrator.tables import decisions, labels
from fraud_shared.contracts.decision import (
    DecisionMade,
    PolicyContext,
    Reason,
    Verdict,
)
from fraud_shared.contracts.degraded import is_whole
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.label import LabelReported
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.state.database import Database

PAGE = 500


class Outline(BaseModel):
    """The part of a decision that says what was ruled, and on what grounds."""

    model_config = ConfigDict(frozen=True)

    decision_id: str
    decision: Verdict
    risk: float | None
    reasons: tuple[Reason, ...]
    degraded: tuple[str, ...]
    decided_at: datetime


class Decided(BaseModel):
    """A recorded payment: itself, the vector as it was served, and the verdict."""

    model_config = ConfigDict(frozen=True)

    client: str
    decision: Outline
    transaction: Transaction
    features: FeatureVector
    context: PolicyContext

    @property
    def stand_in(self) -> bool:
        """Whether it was approved on thin evidence, within the stand-in limits."""
        return self.decision.decision is Verdict.APPROVE and any(
            reason.code == "STAND_IN" for reason in self.decision.reasons
        )

    @property
    def whole(self) -> bool:
        """Whether no evidence was missing, so that stand-in counts begin again."""
        return is_whole(self.decision.degraded)


class History:
    """Reads `decisions` in the order in which they were made."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def count(self) -> int:
        """How many decisions are on record."""
        query = sa.select(sa.func.count()).select_from(decisions)
        async with self._db.read(patient=True) as conn:
            return int((await conn.execute(query)).scalar_one())

    async def pages(
        self, since: datetime | None = None, *, size: int = PAGE
    ) -> AsyncIterator[Sequence[Decided]]:
        """Decisions made at `since` or later, oldest first, in lists of at most `size`.

        Raises Unavailable when the database does not answer.
        """
        async for page in self._pages(since, size):
            yield [Decided.model_validate_json(record) for record in page]

    async def records(
        self, since: datetime | None = None, *, size: int = PAGE
    ) -> AsyncIterator[Sequence[DecisionMade]]:
        """The same with everything that was recorded, signals included."""
        async for page in self._pages(since, size):
            yield [DecisionMade.model_validate_json(record) for record in page]

    async def texts(
        self, since: datetime | None, until: datetime | None, *, size: int = PAGE
    ) -> AsyncIterator[Sequence[bytes]]:
        """The records of decisions made at `since` or later and before `until`, as they
        are kept: `DecisionMade` as JSON."""
        async for page in self._pages(since, size, until=until):
            yield page

    async def reports(self) -> Mapping[tuple[str, str], Sequence[LabelReported]]:
        """Every label report, by tenant and transaction."""
        found: dict[tuple[str, str], list[LabelReported]] = {}
        async with self._db.read(patient=True) as conn:
            for row in (await conn.execute(sa.select(labels))).mappings():
                report = LabelReported(
                    label_id=row["label_id"],
                    tenant=row["tenant"],
                    **report_of(row).model_dump(),
                )
                found.setdefault((row["tenant"], report.transaction_id), []).append(
                    report
                )
        return found

    async def _pages(
        self, since: datetime | None, size: int, *, until: datetime | None = None
    ) -> AsyncIterator[Sequence[bytes]]:
        order = (decisions.c.decided_at, decisions.c.decision_id)
        query = sa.select(*order, decisions.c.record).order_by(*order).limit(size)
        if until is not None:
            query = query.where(decisions.c.decided_at < until)
        after: Any = None if since is None else (decisions.c.decided_at >= since)
        while True:
            async with self._db.read(patient=True) as conn:
                page = query if after is None else query.where(after)
                rows = (await conn.execute(page)).all()
            if rows:
                yield [bytes(row.record) for row in rows]
            if len(rows) < size:
                return
            last = rows[-1]
            after = sa.or_(
                decisions.c.decided_at > last.decided_at,
                sa.and_(
                    decisions.c.decided_at == last.decided_at,
                    decisions.c.decision_id > last.decision_id,
                ),
            )
