"""Policies and their history."""

from alembic import op

from fraud_shared.state.version_tables import create_version_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_version_tables(op)


def downgrade() -> None:
    raise NotImplementedError("forward only: restore a backup instead")
