"""Whose payment, label and profile it is.

Rows from before have no owner on them. `FRAUD_EARLIER_TENANT` names the one they all belong
to, where there was one; else they belong to nobody and are shown to nobody.
"""

import os
from typing import Any

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime

revision = "0002"
down_revision = "0001"

_TENANT = sa.String(128)
_ID = sa.String(160)


def upgrade() -> None:
    earlier = os.environ.get("FRAUD_EARLIER_TENANT", "")
    for table in ("training_rows", "labels"):
        op.add_column(table, sa.Column("tenant", _TENANT, nullable=True))
        owner = sa.text(f"UPDATE {table} SET tenant = :tenant")
        op.execute(owner.bindparams(tenant=earlier))
        with op.batch_alter_table(table) as batch:
            batch.alter_column("tenant", existing_type=_TENANT, nullable=False)
    for table, columns in _keyed_by_account_or_payment().items():
        _with_tenant(table, columns, earlier)


def _keyed_by_account_or_payment() -> dict[str, list[sa.Column[Any]]]:
    """The tables whose key gets the tenant: the key's first column, then the rest."""
    seen = ("payments", sa.BigInteger), ("first_seen", UtcDateTime)
    last = ("last_seen", UtcDateTime)
    whole = [
        (name, sa.BigInteger)
        for name in (
            "payments",
            "sum_minor",
            "squares_low",
            "squares_middle",
            "squares_high",
        )
    ]
    return {
        "outcomes": [
            sa.Column("transaction_id", _ID, primary_key=True),
            sa.Column("state", sa.String(16), nullable=False),
            sa.Column("source", sa.String(32)),
            sa.Column("reported_at", UtcDateTime),
            sa.Column("revision", sa.BigInteger, nullable=False),
            sa.Column("projected", sa.BigInteger, nullable=False),
        ],
        "profiles": [
            sa.Column("account_id", _ID, primary_key=True),
            *(sa.Column(name, kind, nullable=False) for name, kind in (*seen, last)),
        ],
        "profile_amounts": [
            sa.Column("account_id", _ID, primary_key=True),
            sa.Column("currency", sa.String(3), primary_key=True),
            sa.Column("verdict", sa.String(16), primary_key=True),
            *(sa.Column(name, kind, nullable=False) for name, kind in whole),
        ],
        "profile_values": [
            sa.Column("account_id", _ID, primary_key=True),
            sa.Column("kind", sa.String(16), primary_key=True),
            sa.Column("value", _ID, primary_key=True),
            *(sa.Column(name, kind, nullable=False) for name, kind in (*seen, last)),
        ],
    }


def _with_tenant(table: str, columns: list[sa.Column[Any]], earlier: str) -> None:
    before = f"{table}_before"
    op.rename_table(table, before)
    if op.get_bind().dialect.name == "postgresql":
        # The renamed table's key keeps its name, which the new one needs.
        op.execute(f"ALTER INDEX {table}_pkey RENAME TO {before}_pkey")
    names = ", ".join(column.name for column in columns)
    key, *rest = columns
    op.create_table(table, key, sa.Column("tenant", _TENANT, primary_key=True), *rest)
    copied = sa.text(
        f"INSERT INTO {table} (tenant, {names}) SELECT :tenant, {names} FROM {before}"
    )
    op.execute(copied.bindparams(tenant=earlier))
    op.drop_table(before)


def downgrade() -> None:
    raise NotImplementedError("forward only: restore a backup instead")
