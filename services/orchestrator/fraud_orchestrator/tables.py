"""The gateway's tables: decisions and their keys, labels, and the outbox."""

import sqlalchemy as sa

from fraud_shared.state.outbox import outbox_table
from fraud_shared.state.types import UtcDateTime

metadata = sa.MetaData()

# Longer than a client's name may be: names from before that limit stay legible.
_CLIENT = sa.String(128)
FOUND_BY = ("card_token", "device_id", "merchant_id", "counterparty")

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("decision_id", sa.String(64), primary_key=True),
    sa.Column("client", _CLIENT, nullable=False),
    sa.Column("transaction_id", sa.String(128), nullable=False),
    sa.Column("account_id", sa.String(128), nullable=False, index=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("decision", sa.String(16), nullable=False),
    sa.Column("decided_at", UtcDateTime, nullable=False, index=True),
    # Whose payment it is, and by what it is found besides: see `stores/search.py`.
    sa.Column("tenant", _CLIENT),
    *(sa.Column(name, sa.String(128)) for name in FOUND_BY),
    # Its reasons (`r:`) and degraded codes (`d:`), with a space around each.
    sa.Column("codes", sa.Text),
    # The first request about the same payment, where this is not the first.
    sa.Column("supersedes", sa.String(128)),
    # The bytes of the reply; NULL while its actions are under way.
    sa.Column("reply", sa.LargeBinary),
    # `DecisionMade` as JSON: what replay, rebuild and training read.
    sa.Column("record", sa.LargeBinary, nullable=False),
    # Each client numbers its payments for itself. The number leads, here and below: led by
    # the client, PostgreSQL without fresh statistics reads all the payments of one.
    sa.UniqueConstraint("transaction_id", "client", name="decisions_transaction"),
    *(
        sa.Index(
            f"decisions_{name}",
            name,
            "decided_at",
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
            sqlite_where=sa.text(f"{name} IS NOT NULL"),
        )
        for name in FOUND_BY
    ),
    sa.Index(
        "decisions_unfinished",
        "decided_at",
        postgresql_where=sa.text("reply IS NULL"),
        sqlite_where=sa.text("reply IS NULL"),
    ),
)

# The idempotency keys a client has used, and the decision that each of them stands for: a
# payment that is sent again under another key has two. They share no namespace with
# transaction ids.
idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("idempotency_key", sa.String(255), primary_key=True),
    sa.Column("client", _CLIENT, primary_key=True),
    # Checked at commit: a key is claimed first, so that all writers lock in one order.
    sa.Column(
        "decision_id",
        sa.String(64),
        sa.ForeignKey(
            "decisions.decision_id",
            name="idempotency_keys_decision",
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
        nullable=False,
        index=True,
    ),
)

labels = sa.Table(
    "labels",
    metadata,
    sa.Column("label_id", sa.String(64), primary_key=True),
    sa.Column("client", sa.String(64), nullable=False),
    # Whose payment it is about.
    sa.Column("tenant", sa.String(64), nullable=False),
    sa.Column("transaction_id", sa.String(128), nullable=False, index=True),
    sa.Column("label", sa.String(16), nullable=False),
    sa.Column("source", sa.String(32), nullable=False),
    sa.Column("reversal", sa.Boolean, nullable=False),
    sa.Column("reported_at", UtcDateTime, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    # What schemes say of it (`contracts.label.Dispute`), where they do.
    sa.Column("dispute", sa.JSON),
)

payment_events = sa.Table(
    "payment_events",
    metadata,
    sa.Column("event_id", sa.String(64), primary_key=True),
    sa.Column("client", sa.String(64), nullable=False),
    sa.Column("tenant", sa.String(64), nullable=False),
    sa.Column("transaction_id", sa.String(128), nullable=False, index=True),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("occurred_at", UtcDateTime, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
)

# Payments that were exempted as of low value since the payer was last authenticated.
sca_counters = sa.Table(
    "sca_counters",
    metadata,
    sa.Column("instrument", sa.String(300), primary_key=True),
    sa.Column("payments", sa.Integer, nullable=False),
    sa.Column("sum_minor", sa.BigInteger, nullable=False),
)

# Decided payments that the online store has still to be told of.
online_missed = sa.Table(
    "online_missed",
    metadata,
    sa.Column("transaction_id", sa.String(128), primary_key=True),
    sa.Column("client", _CLIENT, primary_key=True),
)

# Who rebuilds the online store, and until when (epoch microseconds).
online_rebuild = sa.Table(
    "online_rebuild",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
)

# What people and programs did through the gateway: who (the client of the key), what (the
# route) and about what (its parameters). One row before it is done, one with the status.
acts = sa.Table(
    "acts",
    metadata,
    sa.Column("act_id", sa.String(64), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("actor", _CLIENT, nullable=False),
    sa.Column("act", sa.String(128), nullable=False),
    sa.Column("subject", sa.String(512), nullable=False),
    sa.Column("request_id", sa.String(128), nullable=False),
    # HMAC-SHA-256 of the body, in hex: what was asked can be proved and not read here.
    sa.Column("body", sa.String(64)),
    sa.Column("status", sa.Integer),
)

# The chain over decisions and acts: see `audit_chain`.
audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("link", sa.LargeBinary, nullable=False),
    # The subject leads: it is what is looked for.
    sa.UniqueConstraint("subject", "kind", name="audit_log_subject"),
)

audit_checkpoints = sa.Table(
    "audit_checkpoints",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("link", sa.LargeBinary, nullable=False),
    sa.Column("public_key", sa.String(64), nullable=False),
    sa.Column("signature", sa.String(128), nullable=False),
)

# Whose data are erased, why and by whom. The account goes when it is done: then only its
# keyed token says whose they were.
erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("erasure_id", sa.String(64), primary_key=True),
    sa.Column("tenant", _CLIENT, nullable=False),
    sa.Column("account_id", sa.String(128)),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("why", sa.String(256), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("requested_by", _CLIENT, nullable=False),
    sa.Column("requested_at", UtcDateTime, nullable=False),
    sa.Column("approved_by", _CLIENT),
    sa.Column("approved_at", UtcDateTime),
    sa.Column("approved_why", sa.String(256)),
    sa.Column("done_at", UtcDateTime),
    # Rows erased so far, by service.
    sa.Column("erased", sa.JSON, nullable=False),
)

# Rows of `audit_log` that seal a decision anew after an erasure, signed by the gateway:
# without its signature such a row hides a forged decision.
audit_erasures = sa.Table(
    "audit_erasures",
    metadata,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("erasure_id", sa.String(64), nullable=False),
    sa.Column("public_key", sa.String(64), nullable=False),
    sa.Column("signature", sa.String(128), nullable=False),
)

# What test mode answered, and how its challenges stand. Nothing else reads it, and it holds
# nothing that counts.
test_decisions = sa.Table(
    "test_decisions",
    metadata,
    sa.Column("decision_id", sa.String(64), primary_key=True),
    sa.Column("client", _CLIENT, nullable=False),
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

# Keys that are made, rotated and revoked while gateways run; only their keyed hashes.
api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.String(64), primary_key=True),
    sa.Column("client", _CLIENT, nullable=False, index=True),
    sa.Column("name", sa.String(64)),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("tenant", _CLIENT, nullable=False),
    sa.Column("tenants", sa.JSON, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("created_by", _CLIENT, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column("revoked_by", _CLIENT),
    sa.Column("last_used_at", UtcDateTime),
)

# What workers carry out for the gateway: see `stores/work.py`.
work = sa.Table(
    "work",
    metadata,
    sa.Column("work_id", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("why", sa.String(256), nullable=False),
    sa.Column("asked_by", _CLIENT, nullable=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("decided_by", _CLIENT),
    sa.Column("decided_at", UtcDateTime),
    sa.Column("decided_why", sa.String(256)),
    # The worker that has it, until when, and what proves it.
    sa.Column("claim", sa.String(64)),
    sa.Column("claimed_by", _CLIENT),
    sa.Column("claimed_until", UtcDateTime),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("share", sa.Float, nullable=False),
    sa.Column("stage", sa.String(256)),
    sa.Column("result", sa.JSON),
    sa.Column("problem", sa.String(1000)),
    sa.Column("finished_at", UtcDateTime),
    sa.Index("work_asked", "asked_at", "work_id"),
)

# When a worker last asked for work of a kind.
workers = sa.Table(
    "workers",
    metadata,
    sa.Column("kind", sa.String(32), primary_key=True),
    sa.Column("seen_at", UtcDateTime, nullable=False),
)

outbox = outbox_table(metadata)
