"""Rows whose time is over are found by age, hour after hour, in the two longest tables."""

from alembic import op

revision = "0003"
down_revision = "0002"

_INDEXES = (
    ("inbox_received", "inbox", "received_at"),
    ("training_rows_decided", "training_rows", "decided_at"),
)


def upgrade() -> None:
    for name, table, column in _INDEXES:
        op.create_index(name, table, [column])


def downgrade() -> None:
    for name, table, _ in _INDEXES:
        op.drop_index(name, table_name=table)
