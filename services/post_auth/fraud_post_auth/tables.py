"""What post_auth keeps. Rows are facts; labels are facts; outcomes are their fold."""

import sqlalchemy as sa

from fraud_shared.state.parking import parked_table
from fraud_shared.state.types import UtcDateTime

metadata = sa.MetaData()
_ID = sa.String(160)
# Whose it is: clients that share accounts are one tenant. Empty where rows from before
# tenants were given none.
_TENANT = sa.String(128)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("event_id", _ID, primary_key=True),
    sa.Column("type", sa.String(128), nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Index("inbox_received", "received_at"),
)

training_rows = sa.Table(
    "training_rows",
    metadata,
    sa.Column("decision_id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, nullable=False),
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
    # What ratios group and select by; unknown in rows from before.
    sa.Column("kind", sa.String(32)),
    sa.Column("channel", sa.String(32)),
    sa.Column("scheme", sa.String(16)),
    sa.Column("segment", sa.String(128)),
    sa.Column("degraded", sa.JSON, nullable=False),
    sa.Column("versions", sa.JSON, nullable=False),
    sa.Column("payment", sa.JSON, nullable=False),
    sa.Column("feature_set", _ID, nullable=False),
    sa.Column("feature_version", _ID, nullable=False),
    sa.Column("feature_hash", sa.String(64), nullable=False),
    sa.Column("features", sa.LargeBinary, nullable=False),
    sa.Index("training_rows_time", "occurred_at", "decision_id"),
    sa.Index("training_rows_decided", "decided_at"),
)

labels = sa.Table(
    "labels",
    metadata,
    sa.Column("label_id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, nullable=False),
    sa.Column("transaction_id", _ID, nullable=False, index=True),
    sa.Column("label", sa.String(16), nullable=False),
    sa.Column("source", sa.String(32), nullable=False),
    sa.Column("reported_at", UtcDateTime, nullable=False, index=True),
    sa.Column("reversal", sa.Boolean, nullable=False),
    # In the words of schemes (`contracts.label.Dispute`), where the report has them.
    sa.Column("event", sa.String(32)),
    sa.Column("scheme", sa.String(16)),
    sa.Column("stage", sa.String(16)),
    sa.Index("labels_event", "tenant", "event", "reported_at"),
)

# What happened to a payment besides its decision: what is no sale counts in no ratio.
payment_events = sa.Table(
    "payment_events",
    metadata,
    sa.Column("event_id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, nullable=False),
    sa.Column("transaction_id", _ID, nullable=False, index=True),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("occurred_at", UtcDateTime, nullable=False, index=True),
)

# One row per labelled payment: the lock its labels are folded under, and their fold.
# `projected` trails `revision` until the online store knows.
outcomes = sa.Table(
    "outcomes",
    metadata,
    sa.Column("transaction_id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("source", sa.String(32)),
    sa.Column("reported_at", UtcDateTime),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("projected", sa.BigInteger, nullable=False),
)

profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("account_id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, primary_key=True),
    sa.Column("payments", sa.BigInteger, nullable=False),
    sa.Column("first_seen", UtcDateTime, nullable=False),
    sa.Column("last_seen", UtcDateTime, nullable=False),
)

profile_amounts = sa.Table(
    "profile_amounts",
    metadata,
    sa.Column("account_id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, primary_key=True),
    sa.Column("currency", sa.String(3), primary_key=True),
    sa.Column("verdict", sa.String(16), primary_key=True),
    sa.Column("payments", sa.BigInteger, nullable=False),
    sa.Column("sum_minor", sa.BigInteger, nullable=False),
    # The sum of squares in three limbs, see `profile.limbs`.
    sa.Column("squares_low", sa.BigInteger, nullable=False),
    sa.Column("squares_middle", sa.BigInteger, nullable=False),
    sa.Column("squares_high", sa.BigInteger, nullable=False),
)

profile_values = sa.Table(
    "profile_values",
    metadata,
    sa.Column("account_id", _ID, primary_key=True),
    sa.Column("tenant", _TENANT, primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("value", _ID, primary_key=True),
    sa.Column("payments", sa.BigInteger, nullable=False),
    sa.Column("first_seen", UtcDateTime, nullable=False),
    sa.Column("last_seen", UtcDateTime, nullable=False),
)

parked = parked_table(metadata)
