"""A table of things, and the outbox."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.outbox import outbox_columns
from fraud_shared.state.types import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "things",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("at", UtcDateTime),
        sa.Column("extra", sa.JSON),
        sa.Column("raw", sa.LargeBinary),
        sa.CheckConstraint("count >= 0"),
    )
    op.create_table("outbox", *outbox_columns())
