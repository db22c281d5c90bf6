"""Messages by several channels, each a queue in order per entity; sums in challenges."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import Sequence64, UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("challenges", sa.Column("amount_minor", sa.BigInteger))
    op.add_column("challenges", sa.Column("currency", sa.String(3)))
    op.create_table(
        "outgoing",
        sa.Column("number", Sequence64, primary_key=True, autoincrement=True),
        sa.Column("reference", sa.String(160), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("entity", sa.String(160), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("queued_at", UtcDateTime, nullable=False),
        sa.Column("next_attempt_at", UtcDateTime, nullable=False),
        sa.Column("problem", sa.String(32)),
        sa.Column("delivered_at", UtcDateTime),
        sa.UniqueConstraint("reference", "channel", name="outgoing_once"),
        sa.Index("outgoing_queue", "kind", "channel", "state", "entity", "number"),
    )


def downgrade() -> None:
    op.drop_table("outgoing")
    op.drop_column("challenges", "currency")
    op.drop_column("challenges", "amount_minor")
