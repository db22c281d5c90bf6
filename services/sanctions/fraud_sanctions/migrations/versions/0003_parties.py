"""Known parties, and screening them again."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.parking import parked_columns
from fraud_shared.state.types import Sequence64, UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "parties",
        sa.Column("seq", Sequence64, primary_key=True, autoincrement=True),
        sa.Column("party_key", sa.String(64), nullable=False, unique=True),
        sa.Column("account_id", sa.String(128), nullable=False),
        sa.Column("holder", sa.String(128), nullable=True),
        sa.Column("role", sa.String(128), nullable=False),
        sa.Column("facts", sa.LargeBinary, nullable=False),
        sa.Column("transaction_id", sa.String(128), nullable=False),
        sa.Column("last_seen", UtcDateTime, nullable=False),
        sa.Column("overtaken", sa.Boolean, nullable=False),
        sa.Index("parties_account", "account_id"),
        sa.Index("parties_holder", "holder"),
        sa.Index("parties_last_seen", "last_seen"),
        sa.Index("parties_overtaken", "overtaken", "seq"),
    )
    op.create_table(
        "known_hits",
        sa.Column(
            "seq",
            Sequence64,
            sa.ForeignKey("parties.seq", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("entity_id", sa.String(128), primary_key=True),
        sa.Column("mark", sa.String(16), nullable=False),
    )
    op.create_table(
        "rescreenings",
        sa.Column("event_id", sa.String(128), primary_key=True),
        sa.Column("list_id", sa.String(128), nullable=False),
        sa.Column("version", sa.String(128), nullable=False),
        sa.Column("entities", sa.LargeBinary, nullable=True),
        sa.Column("heard_at", UtcDateTime, nullable=False),
        sa.Column("begun_at", UtcDateTime, nullable=True),
        sa.Column("done_at", UtcDateTime, nullable=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("upto", sa.BigInteger, nullable=True),
        sa.Column("screened", sa.BigInteger, nullable=False),
        sa.Column("cases", sa.BigInteger, nullable=False),
        sa.Column("worker", sa.String(32), nullable=True),
        sa.Column("claimed_until", UtcDateTime, nullable=True),
        sa.Index("rescreenings_open", "done_at", "heard_at"),
    )
    op.create_table("parked", *parked_columns())
