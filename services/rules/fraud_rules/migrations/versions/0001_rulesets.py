"""Rulesets and their history, edited lists, snoozes, what rules did."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime
from fraud_shared.state.version_tables import create_version_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_version_tables(op)
    op.create_table(
        "entries",
        sa.Column("marker_id", sa.String(40), primary_key=True),
        sa.Column("on", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.String(128), nullable=False),
        sa.Column("reason", sa.String(256), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("ended_by", sa.String(128)),
        sa.Column("ended_why", sa.String(256)),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Index("entries_changed", "revision"),
        sa.Index("entries_of", "on", "kind", "value"),
    )
    op.create_table(
        "rule_demotions",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.String(32), primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("why", sa.String(256), nullable=False),
    )
    op.create_table(
        "rule_totals",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.String(40), primary_key=True),
        sa.Column("state", sa.String(8), primary_key=True),
        sa.Column("hits", sa.BigInteger, nullable=False),
        sa.Column("errors", sa.BigInteger, nullable=False),
        sa.Column("timed", sa.BigInteger, nullable=False),
        sa.Column("micros", sa.BigInteger, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("forward only: restore a backup instead")
