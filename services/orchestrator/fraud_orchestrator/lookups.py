"""The look-ups of earlier decisions, for a whole batch of requests at a time."""

import sqlalchemy as sa

from fraud_orchestrator.tables import decisions, idempotency_keys

_STORED = (
    decisions.c.decision_id,
    decisions.c.fingerprint,
    decisions.c.reply,
    decisions.c.client,
)
_KEYS = idempotency_keys
# Two lists rather than pairs, for which SQLite reads the whole table. What they find besides
# the pairs (another client's payment of that number) is left aside.
BY_TRANSACTION = sa.select(
    *_STORED,
    decisions.c.transaction_id.label("name"),
    sa.literal_column("0").label("by_key"),
).where(
    decisions.c.client.in_(sa.bindparam("clients", expanding=True)),
    decisions.c.transaction_id.in_(sa.bindparam("transactions", expanding=True)),
)
_BY_KEY = (
    sa.select(
        *_STORED,
        _KEYS.c.idempotency_key.label("name"),
        sa.literal_column("1").label("by_key"),
    )
    .join_from(_KEYS, decisions, _KEYS.c.decision_id == decisions.c.decision_id)
    .where(
        _KEYS.c.client.in_(sa.bindparam("clients", expanding=True)),
        _KEYS.c.idempotency_key.in_(sa.bindparam("keys", expanding=True)),
    )
)
BY_KEY_OR_TRANSACTION = sa.union_all(_BY_KEY, BY_TRANSACTION)
