"""Inbox, profiles, training rows, labels."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.parking import parked_columns
from fraud_shared.state.types import UtcDateTime

revision = "0001"
down_revision = None

_ID = sa.String(160)


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("event_id", _ID, primary_key=True),
        sa.Column("type", sa.String(128), nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "training_rows",
        sa.Column("decision_id", _ID, primary_key=True),
        sa.Column("transaction_id", _ID, nullable=False, index=True),
        sa.Column("account_id", _ID, nullable=False, index=True),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("risk", sa.Double),
        sa.Column("if_score", sa.Double),
        sa.Column("ae_error", sa.Double),
        sa.Column("fraud_score", sa.Double),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("amount_ref_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("degraded", sa.JSON, nullable=False),
        sa.Column("versions", sa.JSON, nullable=False),
        sa.Column("payment", sa.JSON, nullable=False),
        sa.Column("feature_set", _ID, nullable=False),
        sa.Column("feature_version", _ID, nullable=False),
        sa.Column("feature_hash", sa.String(64), nullable=False),
        sa.Column("features", sa.LargeBinary, nullable=False),
        sa.Index("training_rows_time", "occurred_at", "decision_id"),
    )
    op.create_table(
        "labels",
        sa.Column("label_id", _ID, primary_key=True),
        sa.Column("transaction_id", _ID, nullable=False, index=True),
        sa.Column("label", sa.String(16), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("reported_at", UtcDateTime, nullable=False, index=True),
        sa.Column("reversal", sa.Boolean, nullable=False),
    )
    # One row per labelled payment: the lock its labels are folded under, and their fold.
    # `projected` trails `revision` until the online store knows.
    op.create_table(
        "outcomes",
        sa.Column("transaction_id", _ID, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("source", sa.String(32)),
        sa.Column("reported_at", UtcDateTime),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("projected", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "profiles",
        sa.Column("account_id", _ID, primary_key=True),
        sa.Column("payments", sa.BigInteger, nullable=False),
        sa.Column("first_seen", UtcDateTime, nullable=False),
        sa.Column("last_seen", UtcDateTime, nullable=False),
    )
    op.create_table(
        "profile_amounts",
        sa.Column("account_id", _ID, primary_key=True),
        sa.Column("currency", sa.String(3), primary_key=True),
        sa.Column("verdict", sa.String(16), primary_key=True),
        sa.Column("payments", sa.BigInteger, nullable=False),
        sa.Column("sum_minor", sa.BigInteger, nullable=False),
        # The sum of squares in three limbs, see `profile.limbs`.
        sa.Column("squares_low", sa.BigInteger, nullable=False),
        sa.Column("squares_middle", sa.BigInteger, nullable=False),
        sa.Column("squares_high", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "profile_values",
        sa.Column("account_id", _ID, primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("value", _ID, primary_key=True),
        sa.Column("payments", sa.BigInteger, nullable=False),
        sa.Column("first_seen", UtcDateTime, nullable=False),
        sa.Column("last_seen", UtcDateTime, nullable=False),
    )
    op.create_table("parked", *parked_columns())


def downgrade() -> None:
    raise NotImplementedError("forward only: restore a backup instead")
