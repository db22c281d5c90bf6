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
