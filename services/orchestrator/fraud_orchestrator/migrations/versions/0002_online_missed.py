"""Decided payments that the online store has still to be told of."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "online_missed",
        sa.Column("client_transaction", sa.String(260), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("online_missed")
