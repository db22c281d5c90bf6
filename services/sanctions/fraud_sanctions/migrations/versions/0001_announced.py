"""Versions of lists that were announced, and the outbox."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.outbox import outbox_columns
from fraud_shared.state.types import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "announced",
        sa.Column("list_id", sa.String(128), primary_key=True),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("fetched_at", UtcDateTime, nullable=False),
        sa.Column("fingerprints", sa.LargeBinary, nullable=False),
    )
    op.create_table("outbox", *outbox_columns())
