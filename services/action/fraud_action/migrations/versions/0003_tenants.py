"""Whose payment an effect is about; see `FRAUD_EARLIER_TENANT` for rows from before."""

import os

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = ("actions", "challenges", "holds", "blocks", "alerts", "cases")


def upgrade() -> None:
    earlier = os.environ.get("FRAUD_EARLIER_TENANT", "")
    for table in _TABLES:
        op.add_column(
            table,
            sa.Column("tenant", sa.String(128), nullable=False, server_default=""),
        )
        if earlier:
            owner = sa.text(f"UPDATE {table} SET tenant = :tenant")
            op.execute(owner.bindparams(tenant=earlier))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "tenant")
