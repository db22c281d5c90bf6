"""Counters of low-value payments since the last strong authentication, per instrument.

A claim is one statement that counts only within the limits, so payments at the same moment
cannot go beyond them together. A claim whose payment is not recorded afterwards counts all
the same: the next authentication comes sooner, never later.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from fraud_orchestrator.stores.in_time import in_time
from fraud_orchestrator.tables import sca_counters
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.state.batcher import Batcher
from fraud_shared.state.database import Database


def instrument_of(client: str, payment: Transaction) -> str:
    """What the payments are counted by: the client's card, or the account without one."""
    card = payment.card
    return f"{client}\n{card.token if card is not None else payment.account_id}"


class ScaCounters:
    """Claims and resets."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._claim = _claim(db)
        self._claiming: Batcher[dict[str, Any], bool] = Batcher(self._claim_all)

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
        asked = {
            "of": instrument,
            "amount": amount_minor,
            "payments_max": payments_max,
            "sum_max": sum_max_minor,
        }
        return await in_time(self._claiming.submit(asked), deadline)

    async def _claim_all(self, asked: Sequence[dict[str, Any]]) -> Sequence[bool]:
        # Every gateway locks the instruments in one order: nobody waits in a circle.
        order = sorted(range(len(asked)), key=lambda at: str(asked[at]["of"]))

        def work(conn: sa.Connection) -> list[bool]:
            claimed = [False] * len(asked)
            for at in order:
                found = conn.execute(self._claim, asked[at]).first()
                claimed[at] = found is not None
            return claimed

        return await self._db.run(work)

    async def reset(self, instrument: str) -> None:
        """The payer was authenticated: counting begins again."""
        await self._db.run(lambda conn: conn.execute(reset({instrument})))


def _claim(db: Database) -> Any:
    """The statement of a claim; it returns a row where it counted."""
    table, amount = sca_counters, sa.bindparam("amount", type_=sa.BigInteger)
    insert = db.insert(table).values(
        instrument=sa.bindparam("of"), payments=1, sum_minor=amount
    )
    return insert.on_conflict_do_update(
        index_elements=[table.c.instrument],
        set_={
            "payments": table.c.payments + 1,
            "sum_minor": table.c.sum_minor + amount,
        },
        where=sa.and_(
            table.c.payments < sa.bindparam("payments_max", type_=sa.Integer),
            table.c.sum_minor + amount <= sa.bindparam("sum_max", type_=sa.BigInteger),
        ),
    ).returning(table.c.instrument)


def reset(instruments: Iterable[str]) -> sa.Delete:
    """The statement that lets counting begin again."""
    wanted = sorted(instruments)
    return sa.delete(sca_counters).where(sca_counters.c.instrument.in_(wanted))
