"""What schemes say of a dispute, events of a payment, and payments asked about again."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("labels", sa.Column("dispute", sa.JSON, nullable=True))
    op.add_column("decisions", sa.Column("supersedes", sa.String(128), nullable=True))
    op.create_table(
        "payment_events",
        sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("client", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("transaction_id", sa.String(128), nullable=False, index=True),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
    )
    op.create_table(
        "sca_counters",
        sa.Column("instrument", sa.String(300), primary_key=True),
        sa.Column("payments", sa.Integer, nullable=False),
        sa.Column("sum_minor", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("sca_counters")
    op.drop_table("payment_events")
    with op.batch_alter_table("decisions") as batch:
        batch.drop_column("supersedes")
    with op.batch_alter_table("labels") as batch:
        batch.drop_column("dispute")
