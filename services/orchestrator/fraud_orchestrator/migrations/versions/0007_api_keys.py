"""API keys that are made, rotated and revoked while the gateway runs."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(64), primary_key=True),
        sa.Column("client", sa.String(128), nullable=False, index=True),
        sa.Column("name", sa.String(64)),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("tenants", sa.JSON, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("expires_at", UtcDateTime),
        sa.Column("revoked_at", UtcDateTime),
        sa.Column("revoked_by", sa.String(128)),
        sa.Column("last_used_at", UtcDateTime),
    )


def downgrade() -> None:
    op.drop_table("api_keys")
