"""Whose payment a label is about: so far each client reported on its own."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("labels") as batch:
        batch.add_column(sa.Column("tenant", sa.String(64), nullable=True))
    op.execute("UPDATE labels SET tenant = client")
    with op.batch_alter_table("labels") as batch:
        batch.alter_column("tenant", existing_type=sa.String(64), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("labels") as batch:
        batch.drop_column("tenant")
