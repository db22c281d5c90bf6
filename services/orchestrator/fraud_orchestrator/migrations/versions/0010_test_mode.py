"""The answers of test mode, apart from all that counts."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "test_decisions",
        sa.Column("decision_id", sa.String(64), primary_key=True),
        sa.Column("client", sa.String(128), nullable=False),
        sa.Column("idempotency_key", sa.String(255)),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("challenge_id", sa.String(64), unique=True),
        sa.Column("reply", sa.LargeBinary, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("resends", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("client", "idempotency_key", name="test_decisions_key"),
    )


def downgrade() -> None:
    op.drop_table("test_decisions")
