"""What analysts do: who did what, the order of the queue, relations; codes sent again."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import Sequence64, UtcDateTime

revision = "0004"
down_revision = "0003"

_KEYS = ("card_token", "device_id", "merchant_id", "counterparty")


def upgrade() -> None:
    op.add_column(
        "challenges",
        sa.Column("resends", sa.Integer, nullable=False, server_default="0"),
    )
    op.add_column("challenges", sa.Column("sent_at", UtcDateTime))
    for table in ("holds", "blocks"):
        with op.batch_alter_table(table) as rows:
            rows.alter_column(
                "closed_by", existing_type=sa.String(32), type_=sa.String(128)
            )
    op.add_column("cases", sa.Column("risk", sa.Float))
    op.add_column("cases", sa.Column("expected_loss_minor", sa.BigInteger))
    op.add_column(
        "cases", sa.Column("priority", sa.Float, nullable=False, server_default="0")
    )
    for name in (*_KEYS, "assignee"):
        op.add_column("cases", sa.Column(name, sa.String(160)))
    # Nothing is known of the risk of earlier cases: they queue by their sum.
    op.execute("UPDATE cases SET priority = COALESCE(amount_minor, 0)")
    for name in _KEYS:
        op.create_index(f"ix_cases_{name}", "cases", [name])
    op.create_index("cases_priority", "cases", ["state", "priority", "case_id"])
    op.create_index("cases_account", "cases", ["account_id"])
    op.create_table(
        "activity",
        sa.Column("number", Sequence64, primary_key=True, autoincrement=True),
        sa.Column("subject_kind", sa.String(16), nullable=False),
        sa.Column("subject_id", sa.String(160), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False, index=True),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("did", sa.String(32), nullable=False),
        sa.Column("text", sa.Text),
        sa.Index("activity_of", "subject_kind", "subject_id", "number"),
    )


def downgrade() -> None:
    raise NotImplementedError("forward only: restore a backup instead")
