"""Messages by several channels, each a queue in order per entity; sums in challenges."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import Sequence64, UtcDateTime

revision = "0005"
down_revision = "0004"

# Rows that had nowhere to go are not taken over: the alert itself is kept elsewhere.
_COPY = """
INSERT INTO deliveries (reference, kind, channel, entity, tenant, state, attempts,
  queued_at, next_attempt_at, problem, delivered_at)
SELECT d.reference, d.kind, 'webhook', COALESCE(a.account_id, d.reference),
  COALESCE(a.tenant, c.tenant, ''), d.state, d.attempts,
  COALESCE(a.created_at, c.created_at, d.next_attempt_at), d.next_attempt_at,
  d.problem, d.delivered_at
FROM deliveries_before d
LEFT JOIN alerts a ON a.alert_id = d.reference
LEFT JOIN challenges c ON c.challenge_id = d.reference
WHERE d.state <> 'stored'
ORDER BY COALESCE(a.created_at, c.created_at, d.next_attempt_at), d.reference
"""


def upgrade() -> None:
    op.add_column("challenges", sa.Column("amount_minor", sa.BigInteger))
    op.add_column("challenges", sa.Column("currency", sa.String(3)))
    op.drop_index("deliveries_due", "deliveries")
    op.rename_table("deliveries", "deliveries_before")
    op.create_table(
        "deliveries",
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
        sa.UniqueConstraint("reference", "channel", name="deliveries_once"),
        sa.Index("deliveries_queue", "kind", "channel", "state", "entity", "number"),
    )
    op.execute(_COPY)
    op.drop_table("deliveries_before")


def downgrade() -> None:
    raise NotImplementedError("forward only: restore a backup instead")
