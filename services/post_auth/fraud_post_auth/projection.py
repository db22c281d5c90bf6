"""Labels on their way to the online store's delayed-label risk.

The outcome row is the truth; what the store was told trails it. A failed write leaves the
row marked, so an outage of the store delays labels and loses none.
"""

from typing import Protocol

import sqlalchemy as sa

from fraud_features.store.observation import LabelEffect
from fraud_post_auth.tables import labels, outcomes, training_rows
from fraud_post_auth.telemetry import PROJECTED
from fraud_shared.contracts.label import StandingLabel
from fraud_shared.state.database import Database

_SAME_PAYMENT = sa.and_(
    training_rows.c.transaction_id == outcomes.c.transaction_id,
    training_rows.c.tenant == outcomes.c.tenant,
)


class LabelStore(Protocol):
    """The part of the online store that counts labelled fraud."""

    async def apply_label(self, label: LabelEffect) -> None:
        """Count the standing label of a payment; repeating it changes nothing."""


class Projector:
    """Tells the online store what it does not know yet."""

    def __init__(self, db: Database, online: LabelStore) -> None:
        self._db = db
        self._online = online

    async def round(self, limit: int = 100) -> int:
        """Project a batch; returns how many. Raises what the store raises.

        A label whose decision has not arrived waits, because only the decision says where
        the payment was made.
        """
        # The rows stay locked while the store is told: two replicas that told it of one
        # payment at a time could leave the older label standing there.
        async with self._db.begin() as conn:
            found = await conn.execute(
                sa.select(
                    outcomes.c.transaction_id,
                    outcomes.c.tenant,
                    outcomes.c.state,
                    outcomes.c.revision,
                    training_rows.c.occurred_at,
                    training_rows.c.payment,
                )
                .join(training_rows, _SAME_PAYMENT)
                .where(outcomes.c.projected < outcomes.c.revision)
                .order_by(
                    outcomes.c.transaction_id,
                    outcomes.c.tenant,
                    training_rows.c.decision_id,
                )
                .limit(limit)
                .with_for_update(of=outcomes, skip_locked=True)
            )
            # One payment may have been decided for two clients of a tenant; either row names
            # its place.
            rows = {
                (row["transaction_id"], row["tenant"]): row for row in found.mappings()
            }
            for row in rows.values():
                await self._online.apply_label(effect(row))
            if rows:
                await conn.execute(
                    sa.update(outcomes)
                    .where(
                        outcomes.c.transaction_id == sa.bindparam("transaction"),
                        outcomes.c.tenant == sa.bindparam("owner"),
                    )
                    .values(projected=outcomes.c.revision),
                    [{"transaction": key, "owner": owner} for key, owner in rows],
                )
        PROJECTED.inc(len(rows))
        return len(rows)

    async def waiting(self) -> int:
        """How many labels of known payments the online store has still to be told."""
        query = (
            sa.select(outcomes.c.transaction_id, outcomes.c.tenant)
            .join(training_rows, _SAME_PAYMENT)
            .where(outcomes.c.projected < outcomes.c.revision)
            .distinct()
            .subquery()
        )
        count = sa.select(sa.func.count()).select_from(query)
        async with self._db.read() as conn:
            return int((await conn.execute(count)).scalar_one())

    async def standing(self, tenant: str, transaction_id: str) -> StandingLabel | None:
        """What stands about a tenant's payment, or None when nothing was ever reported."""
        reports = (
            sa.select(sa.func.count())
            .where(labels.c.transaction_id == transaction_id, labels.c.tenant == tenant)
            .scalar_subquery()
        )
        query = sa.select(outcomes, reports.label("reports")).where(
            outcomes.c.transaction_id == transaction_id, outcomes.c.tenant == tenant
        )
        async with self._db.read() as conn:
            row = (await conn.execute(query)).mappings().first()
        if row is None:
            return None
        return StandingLabel(
            transaction_id=row["transaction_id"],
            state=row["state"],
            source=row["source"],
            reported_at=row["reported_at"],
            reports=row["reports"],
            in_risk_windows=row["projected"] >= row["revision"],
        )

    async def again(self) -> int:
        """Mark every label for projection, after the online store lost its memory."""
        async with self._db.begin() as conn:
            marked = await conn.execute(
                sa.update(outcomes)
                .values(projected=0)
                .returning(outcomes.c.transaction_id)
            )
            return len(marked.all())


def effect(row: sa.RowMapping) -> LabelEffect:
    """The label as the online store needs it. Only standing fraud counts there; anything
    else withdraws what an earlier effect may have said."""
    return LabelEffect.of(
        row["payment"],
        row["state"],
        occurred_at=row["occurred_at"],
        reversal=row["state"] in ("pending", "reversed"),
    )
