"""What the sanctions service keeps in SQL."""

import sqlalchemy as sa

from fraud_shared.state.outbox import outbox_table
from fraud_shared.state.types import UtcDateTime

metadata = sa.MetaData()

# The version of each list that the rest of the mesh was told of, and what was in it.
announced = sa.Table(
    "announced",
    metadata,
    sa.Column("list_id", sa.String(128), primary_key=True),
    sa.Column("version", sa.String(128), nullable=False),
    sa.Column("fetched_at", UtcDateTime, nullable=False),
    sa.Column("fingerprints", sa.LargeBinary, nullable=False),
)

outbox = outbox_table(metadata)

# Who was found not to be whom. A row that no longer holds stays: it is the audit trail.
cleared = sa.Table(
    "cleared",
    metadata,
    sa.Column("clearing_id", sa.String(32), primary_key=True),
    sa.Column("account", sa.String(128), nullable=False),
    sa.Column("entity_id", sa.String(128), nullable=False),
    sa.Column("list_id", sa.String(128), nullable=False),
    sa.Column("mark", sa.String(16), nullable=False),
    # When the list was fetched that the listing was looked at in.
    sa.Column("listed_at", UtcDateTime, nullable=False),
    sa.Column("who", sa.String(128), nullable=False),
    sa.Column("why", sa.String(256), nullable=False),
    sa.Column("cleared_at", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=True),
    sa.Column("ended_by", sa.String(128), nullable=True),
    sa.Column("ended_why", sa.String(64), nullable=True),
    sa.Index("cleared_account", "account"),
)
