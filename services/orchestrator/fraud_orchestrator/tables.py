"""The gateway's tables: decisions, labels and the outbox."""

import sqlalchemy as sa

from fraud_shared.state.outbox import outbox_table
from fraud_shared.state.types import UtcDateTime

metadata = sa.MetaData()

# `client_key` and `client_transaction` hold "<client>\n<value>": each is unique, and one
# statement can look both up for a whole batch of requests.
decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("decision_id", sa.String(64), primary_key=True),
    sa.Column("client_key", sa.String(400), nullable=False, unique=True),
    sa.Column("client_transaction", sa.String(260), nullable=False, unique=True),
    sa.Column("transaction_id", sa.String(128), nullable=False, index=True),
    sa.Column("account_id", sa.String(128), nullable=False, index=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("decision", sa.String(16), nullable=False),
    sa.Column("decided_at", UtcDateTime, nullable=False, index=True),
    # The bytes of the reply; NULL while its actions are under way.
    sa.Column("reply", sa.LargeBinary),
    # `DecisionMade` as JSON: what replay, rebuild and training read.
    sa.Column("record", sa.LargeBinary, nullable=False),
)

labels = sa.Table(
    "labels",
    metadata,
    sa.Column("label_id", sa.String(64), primary_key=True),
    sa.Column("client", sa.String(64), nullable=False),
    sa.Column("transaction_id", sa.String(128), nullable=False, index=True),
    sa.Column("label", sa.String(16), nullable=False),
    sa.Column("source", sa.String(32), nullable=False),
    sa.Column("reversal", sa.Boolean, nullable=False),
    sa.Column("reported_at", UtcDateTime, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
)

# Decided payments that the online store has still to be told of.
online_missed = sa.Table(
    "online_missed",
    metadata,
    sa.Column("client_transaction", sa.String(260), primary_key=True),
)

# Who rebuilds the online store, and until when (epoch microseconds).
online_rebuild = sa.Table(
    "online_rebuild",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
)

outbox = outbox_table(metadata)
