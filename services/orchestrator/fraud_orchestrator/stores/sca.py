"""Counters of low-value payments since the last strong authentication, per instrument.

A claim is one statement that counts only within the limits, so payments at the same moment
cannot go beyond them together. A claim whose payment is not recorded afterwards counts all
the same: the next authentication comes sooner, never later.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from fraud_orchestrator.stores.in_time import in_time
from fraud_orchestrator.tables import sca_counters
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.state.database import Database


def instrument_of(client: str, payment: Transaction) -> str:
    """What the payments are counted by: the client's card, or the account without one."""
    card = payment.card
    return f"{client}\n{card.token if card is not None else payment.account_id}"


class ScaCounters:
    """Claims and resets."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def claim(
        self,
        instrument: str,
        amount_minor: int,
        deadline: Deadline,
        *,
        payments_max: int,
        sum_max_minor: int,
    ) -> bool:
        """Count a payment if it stays within both limits; false where it would not.

        Raises Unavailable when the database does not answer by the deadline.
        """
        if amount_minor > sum_max_minor:
            return False
        table = sca_counters
        insert = self._db.insert(table).values(
            instrument=instrument, payments=1, sum_minor=amount_minor
        )
        claimed = insert.on_conflict_do_update(
            index_elements=[table.c.instrument],
            set_={
                "payments": table.c.payments + 1,
                "sum_minor": table.c.sum_minor + amount_minor,
            },
            where=sa.and_(
                table.c.payments < payments_max,
                table.c.sum_minor + amount_minor <= sum_max_minor,
            ),
        ).returning(table.c.instrument)
        work = self._db.run(lambda conn: conn.execute(claimed).first() is not None)
        return await in_time(work, deadline)

    async def reset(self, instrument: str) -> None:
        """The payer was authenticated: counting begins again."""
        await self._db.run(lambda conn: conn.execute(reset({instrument})))


def reset(instruments: Iterable[str]) -> sa.Delete:
    """The statement that lets counting begin again."""
    wanted = sorted(instruments)
    return sa.delete(sca_counters).where(sca_counters.c.instrument.in_(wanted))
