"""Erasures of persons' data, and what they sealed anew in the audit log."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime

revision = "0012"
down_revision = "0011"

_KINDS = ("UPDATE", "DELETE")


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.String(64), primary_key=True),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("account_id", sa.String(128)),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("why", sa.String(256), nullable=False),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("requested_by", sa.String(128), nullable=False),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("approved_by", sa.String(128)),
        sa.Column("approved_at", UtcDateTime),
        sa.Column("approved_why", sa.String(256)),
        sa.Column("done_at", UtcDateTime),
        sa.Column("erased", sa.JSON, nullable=False),
    )
    op.create_table(
        "audit_erasures",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("erasure_id", sa.String(64), nullable=False),
        sa.Column("public_key", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
    )
    postgres = op.get_bind().dialect.name == "postgresql"
    for kind in _KINDS:
        op.execute(
            f"CREATE TRIGGER audit_erasures_no_{kind.lower()} BEFORE {kind} "
            "ON audit_erasures "
            + (
                "FOR EACH ROW EXECUTE FUNCTION append_only()"
                if postgres
                else "BEGIN SELECT RAISE(ABORT, 'append only'); END"
            )
        )


def downgrade() -> None:
    op.drop_table("audit_erasures")
    op.drop_table("erasures")
