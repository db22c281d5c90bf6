"""Cleared pairs."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "cleared",
        sa.Column("clearing_id", sa.String(32), primary_key=True),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("entity_id", sa.String(128), nullable=False),
        sa.Column("list_id", sa.String(128), nullable=False),
        sa.Column("mark", sa.String(16), nullable=False),
        sa.Column("listed_at", UtcDateTime, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("why", sa.String(256), nullable=False),
        sa.Column("cleared_at", UtcDateTime, nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("ended_by", sa.String(128), nullable=True),
        sa.Column("ended_why", sa.String(64), nullable=True),
    )
    op.create_index("cleared_account", "cleared", ["account"])
