"""Work that workers carry out for the gateway, and when each kind of worker was last seen."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "work",
        sa.Column("work_id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.String(256), nullable=False),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("decided_by", sa.String(128)),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("decided_why", sa.String(256)),
        sa.Column("claim", sa.String(64)),
        sa.Column("claimed_by", sa.String(128)),
        sa.Column("claimed_until", UtcDateTime),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("stage", sa.String(256)),
        sa.Column("result", sa.JSON),
        sa.Column("problem", sa.String(1000)),
        sa.Column("finished_at", UtcDateTime),
        sa.Index("work_asked", "asked_at", "work_id"),
    )
    op.create_table(
        "workers",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("seen_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("workers")
    op.drop_table("work")
