"""What the action service keeps. Timestamps are aware UTC; nothing here is a secret."""

import sqlalchemy as sa

from fraud_shared.state.outbox import outbox_table
from fraud_shared.state.parking import parked_table
from fraud_shared.state.types import Sequence64, UtcDateTime

metadata = sa.MetaData()
_ID = sa.String(160)
_STATE = sa.String(16)


def _subject() -> list[sa.Column[str]]:
    """The payment an effect is about."""
    return [
        sa.Column("decision_id", _ID, nullable=False, index=True),
        sa.Column("transaction_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        # Whose payment it is; empty where that is not known.
        sa.Column("tenant", sa.String(128), nullable=False, server_default=""),
    ]


actions = sa.Table(
    "actions",
    metadata,
    sa.Column("action_id", _ID, primary_key=True),
    *_subject(),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("status", _STATE, nullable=False),
    sa.Column("reference", _ID),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

challenges = sa.Table(
    "challenges",
    metadata,
    sa.Column("challenge_id", _ID, primary_key=True),
    *_subject(),
    sa.Column("scheme", sa.String(8), nullable=False),
    sa.Column("digits", sa.Integer, nullable=False),
    sa.Column("period_s", sa.Integer, nullable=False),
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("attempts_allowed", sa.Integer, nullable=False),
    # What is paid: whoever types the code must be able to read it.
    sa.Column("amount_minor", sa.BigInteger),
    sa.Column("currency", sa.String(3)),
    # How often its code was sent again, and when it was last sent.
    sa.Column("resends", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sent_at", UtcDateTime),
    sa.Column("state", _STATE, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("resolved_at", UtcDateTime),
    sa.Index("challenges_due", "state", "expires_at"),
)

holds = sa.Table(
    "holds",
    metadata,
    sa.Column("hold_id", _ID, primary_key=True),
    *_subject(),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("reason", sa.String(256), nullable=False),
    sa.Column("state", _STATE, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("closed_by", sa.String(128)),
    sa.Index("holds_due", "state", "expires_at"),
)

blocks = sa.Table(
    "blocks",
    metadata,
    sa.Column("block_id", _ID, primary_key=True),
    *_subject(),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("key", _ID, nullable=False),
    sa.Column("reason", sa.String(256), nullable=False),
    sa.Column("state", _STATE, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("closed_by", sa.String(128)),
    sa.Index("blocks_due", "state", "expires_at"),
    sa.Index("blocks_of", "kind", "key", "state"),
)

# One row per blocked thing. `projected` trails `revision` until the online store has it.
block_targets = sa.Table(
    "block_targets",
    metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("key", _ID, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("projected", sa.BigInteger, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("alert_id", _ID, primary_key=True),
    *_subject(),
    sa.Column("decision", sa.String(16), nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("reason", sa.String(256), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

# What the release before had to send: `Courier.take_over` moves it to `outgoing`.
deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("reference", _ID, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("state", _STATE, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", UtcDateTime, nullable=False),
    sa.Column("problem", sa.String(32)),
    sa.Column("delivered_at", UtcDateTime),
    sa.Index("deliveries_due", "state", "next_attempt_at"),
)

# What has to leave, once for each channel: an alert, or the code of a challenge (made when
# sent). `number` is the order of those about the same `entity`.
outgoing = sa.Table(
    "outgoing",
    metadata,
    sa.Column("number", Sequence64, primary_key=True, autoincrement=True),
    sa.Column("reference", _ID, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("entity", _ID, nullable=False),
    sa.Column("tenant", sa.String(128), nullable=False),
    sa.Column("state", _STATE, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("queued_at", UtcDateTime, nullable=False),
    sa.Column("next_attempt_at", UtcDateTime, nullable=False),
    sa.Column("problem", sa.String(32)),
    sa.Column("delivered_at", UtcDateTime),
    sa.UniqueConstraint("reference", "channel", name="outgoing_once"),
    sa.Index("outgoing_queue", "kind", "channel", "state", "entity", "number"),
)

# A case is about a payment, or about a `listing`: then there is no verdict and no sum.
cases = sa.Table(
    "cases",
    metadata,
    sa.Column("case_id", _ID, primary_key=True),
    *_subject(),
    sa.Column("decision", sa.String(16)),
    sa.Column("amount_minor", sa.BigInteger),
    sa.Column("currency", sa.String(3)),
    sa.Column("reason", sa.String(256), nullable=False),
    sa.Column("listing", sa.JSON(none_as_null=True)),
    # What the queue is ordered and searched by.
    sa.Column("risk", sa.Float),
    sa.Column("expected_loss_minor", sa.BigInteger),
    sa.Column("priority", sa.Float, nullable=False, server_default="0"),
    sa.Column("card_token", _ID, index=True),
    sa.Column("device_id", _ID, index=True),
    sa.Column("merchant_id", _ID, index=True),
    sa.Column("counterparty", _ID, index=True),
    sa.Column("assignee", _ID),
    sa.Column("state", _STATE, nullable=False),
    sa.Column("resolution", sa.String(16)),
    sa.Column("analyst", _ID),
    sa.Column("note", sa.String(256)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("resolved_at", UtcDateTime),
    sa.Index("cases_queue", "state", "created_at"),
    sa.Index("cases_priority", "state", "priority", "case_id"),
    sa.Index("cases_account", "account_id"),
)

# Who did what to a case, hold, block or challenge. Only ever added to.
activity = sa.Table(
    "activity",
    metadata,
    sa.Column("number", Sequence64, primary_key=True, autoincrement=True),
    sa.Column("subject_kind", sa.String(16), nullable=False),
    sa.Column("subject_id", _ID, nullable=False),
    sa.Column("tenant", sa.String(128), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("who", sa.String(128), nullable=False),
    sa.Column("did", sa.String(32), nullable=False),
    sa.Column("text", sa.Text),
    sa.Index("activity_of", "subject_kind", "subject_id", "number"),
)

outbox = outbox_table(metadata)
parked = parked_table(metadata)
