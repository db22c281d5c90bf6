"""Decisions, labels and the outbox."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.outbox import outbox_columns
from fraud_shared.state.types import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(64), primary_key=True),
        sa.Column("client_key", sa.String(400), nullable=False, unique=True),
        sa.Column("client_transaction", sa.String(260), nullable=False, unique=True),
        sa.Column("transaction_id", sa.String(128), nullable=False, index=True),
        sa.Column("account_id", sa.String(128), nullable=False, index=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False, index=True),
        sa.Column("reply", sa.LargeBinary),
        sa.Column("record", sa.LargeBinary, nullable=False),
    )
    op.create_index(
        "decisions_unfinished",
        "decisions",
        ["decided_at"],
        postgresql_where=sa.text("reply IS NULL"),
        sqlite_where=sa.text("reply IS NULL"),
    )
    op.create_table(
        "labels",
        sa.Column("label_id", sa.String(64), primary_key=True),
        sa.Column("client", sa.String(64), nullable=False),
        sa.Column("transaction_id", sa.String(128), nullable=False, index=True),
        sa.Column("label", sa.String(16), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("reversal", sa.Boolean, nullable=False),
        sa.Column("reported_at", UtcDateTime, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
    )
    op.create_table("outbox", *outbox_columns())


def downgrade() -> None:
    for table in ("outbox", "labels", "decisions"):
        op.drop_table(table)
