"""Cases about a listing: no verdict and no sum, but what was found."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # SQLite cannot alter a column: the table is made again, with its rows and indexes.
    with op.batch_alter_table("cases") as cases:
        cases.alter_column("decision", existing_type=sa.String(16), nullable=True)
        cases.alter_column("amount_minor", existing_type=sa.BigInteger, nullable=True)
        cases.alter_column("currency", existing_type=sa.String(3), nullable=True)
        cases.add_column(sa.Column("listing", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    raise NotImplementedError("forward only: restore a backup instead")
