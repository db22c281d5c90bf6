"""What post_auth stores of a person, and what becomes of it when it is erased.

Training rows stay as payments of nobody: ratios and models count them. Profiles go. In
datasets the rows get the same account of nobody, file by file.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from fraud_post_auth.dataset import DatasetStore
from fraud_post_auth.tables import (
    parked,
    profile_amounts,
    profile_values,
    profiles,
    training_rows,
)
from fraud_shared.contracts.privacy import (
    ERASED_ACCOUNT,
    Subject,
    SubjectErased,
    SubjectRows,
)
from fraud_shared.redaction import redacted_payment
from fraud_shared.state.database import Database
from fraud_shared.state.subject_data import (
    SubjectData,
    SubjectTable,
    about_account,
    parked_events,
)

_R = training_rows.c


def _paid(subject: Subject) -> sa.ColumnElement[bool]:
    return sa.and_(
        _R.account_id == subject.account_id, _R.tenant.in_((subject.tenant, ""))
    )


def _received(subject: Subject) -> sa.ColumnElement[bool]:
    """Payments to the account, by the ids that the gateway knows of."""
    names = sa.cast(_R.payment, sa.Text).contains(
        f'"{subject.account_id}"', autoescape=True
    )
    return sa.and_(
        _R.transaction_id.in_(subject.transactions),
        _R.tenant == subject.tenant,
        names,
    )


def _of_nobody(row: sa.RowMapping) -> Mapping[str, Any]:
    account = row["account_id"]
    payment = redacted_payment(row["payment"], account, row["decision_id"])
    return {"account_id": payment["account_id"], "segment": None, "payment": payment}


def _to_nobody(row: sa.RowMapping) -> Mapping[str, Any]:
    kept = dict(row["payment"])
    for part in ("counterparty", "customer"):
        kept.pop(part, None)
    return {"payment": kept}


TABLES = (
    SubjectTable(training_rows, _paid, _of_nobody, hidden=("features",)),
    SubjectTable(training_rows, _received, _to_nobody, hidden=("features",)),
    *(
        SubjectTable(table, about_account(table))
        for table in (profile_values, profile_amounts, profiles)
    ),
    parked_events(parked),
)


class PostAuthSubjects:
    """Erases and exports, in SQL and in datasets."""

    def __init__(self, db: Database, datasets: DatasetStore) -> None:
        self._sql = SubjectData(db, TABLES)
        self._datasets = datasets

    async def erase(self, subject: Subject) -> SubjectErased:
        """Some rows of tables; when there are none left, the rows of datasets, once a
        round."""
        done = await self._sql.erase(subject)
        if done.rows or done.more or subject.transactions:
            return done
        rows = await asyncio.to_thread(erase_in_datasets, self._datasets, subject)
        return SubjectErased(rows=rows, more=False)

    async def export(self, subject: Subject) -> SubjectRows:
        """Rows of tables; datasets hold some of the same."""
        return await self._sql.export(subject)


def erase_in_datasets(store: DatasetStore, subject: Subject) -> int:
    """Give the subject's rows of every dataset an account of nobody; returns how many."""
    return sum(
        store.rename_account(
            version.version,
            subject.account_id,
            tenants=(subject.tenant, ""),
            prefix=ERASED_ACCOUNT,
        )
        for version in store.versions()
    )
