"""What ratios are counted from: scheme, kind, channel and segment of payments, the words
of schemes in labels, and what happened to payments."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime

revision = "0004"
down_revision = "0003"

_ID = sa.String(160)
_TENANT = sa.String(128)
_PAYMENT = (("kind", 32), ("channel", 32), ("scheme", 16), ("segment", 128))
_LABEL = (("event", 32), ("scheme", 16), ("stage", 16))


def upgrade() -> None:
    for name, length in _PAYMENT:
        op.add_column("training_rows", sa.Column(name, sa.String(length)))
    for name, length in _LABEL:
        op.add_column("labels", sa.Column(name, sa.String(length)))
    op.create_index("labels_event", "labels", ["tenant", "event", "reported_at"])
    op.create_table(
        "payment_events",
        sa.Column("event_id", _ID, primary_key=True),
        sa.Column("tenant", _TENANT, nullable=False),
        sa.Column("transaction_id", _ID, nullable=False, index=True),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("occurred_at", UtcDateTime, nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("payment_events")
    op.drop_index("labels_event", table_name="labels")
    with op.batch_alter_table("labels") as batch:
        for name, _ in _LABEL:
            batch.drop_column(name)
    with op.batch_alter_table("training_rows") as batch:
        for name, _ in _PAYMENT:
            batch.drop_column(name)
