"""What was done through the gateway, and the chain over decisions and acts."""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime

revision = "0008"
down_revision = "0007"

# Nobody changes what is written, whatever role asks; acts go when their time is over.
APPEND_ONLY = {
    "audit_log": ("UPDATE", "DELETE"),
    "audit_checkpoints": ("UPDATE", "DELETE"),
    "acts": ("UPDATE",),
}


def upgrade() -> None:
    op.create_table(
        "acts",
        sa.Column("act_id", sa.String(64), primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False, index=True),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("act", sa.String(128), nullable=False),
        sa.Column("subject", sa.String(512), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("body", sa.String(64)),
        sa.Column("status", sa.Integer),
    )
    op.create_table(
        "audit_log",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("link", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("subject", "kind", name="audit_log_subject"),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("link", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
    )
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'append only: %', TG_TABLE_NAME; END $$"
        )
    for table, kinds in APPEND_ONLY.items():
        for kind in kinds:
            name = f"{table}_no_{kind.lower()}"
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {kind} ON {table} "
                + (
                    "FOR EACH ROW EXECUTE FUNCTION append_only()"
                    if postgres
                    else "BEGIN SELECT RAISE(ABORT, 'append only'); END"
                )
            )


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION append_only()")
