"""Client, transaction and idempotency key in columns of their own.

Until now one text held "<client>\\n<value>". A request without a key was written with its
transaction id in that place: such rows get no key.
"""

import sqlalchemy as sa
from alembic import op

from fraud_shared.state.types import UtcDateTime

revision = "0004"
down_revision = "0003"

_CLIENT = sa.String(128)
_ID = sa.String(128)
_KEPT = "transaction_id, account_id, fingerprint, decision, decided_at, reply, record"


def upgrade() -> None:
    for table in ("account_id", "decided_at", "transaction_id"):
        op.drop_index(f"ix_decisions_{table}", "decisions")
    op.drop_index("decisions_unfinished", "decisions")
    _set_aside("decisions")
    _create_decisions()
    op.execute(
        f"INSERT INTO decisions (decision_id, client, {_KEPT}) "
        f"SELECT decision_id, {_before('client_key')}, {_KEPT} FROM decisions_joined"
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("idempotency_key", sa.String(255), primary_key=True),
        sa.Column("client", _CLIENT, primary_key=True),
        sa.Column(
            "decision_id",
            sa.String(64),
            sa.ForeignKey(
                "decisions.decision_id",
                name="idempotency_keys_decision",
                ondelete="CASCADE",
                deferrable=True,
                initially="DEFERRED",
            ),
            nullable=False,
            index=True,
        ),
    )
    op.execute(
        "INSERT INTO idempotency_keys (client, idempotency_key, decision_id) SELECT "
        f"{_before('client_key')}, {_after('client_key')}, decision_id "
        "FROM decisions_joined WHERE client_key <> client_transaction"
    )
    op.drop_table("decisions_joined")
    _split_missed()


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(64), primary_key=True),
        sa.Column("client", _CLIENT, nullable=False),
        sa.Column("transaction_id", _ID, nullable=False),
        sa.Column("account_id", sa.String(128), nullable=False, index=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False, index=True),
        sa.Column("reply", sa.LargeBinary),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("transaction_id", "client", name="decisions_transaction"),
    )
    op.create_index(
        "decisions_unfinished",
        "decisions",
        ["decided_at"],
        postgresql_where=sa.text("reply IS NULL"),
        sqlite_where=sa.text("reply IS NULL"),
    )


def _split_missed() -> None:
    _set_aside("online_missed")
    op.create_table(
        "online_missed",
        sa.Column("transaction_id", _ID, primary_key=True),
        sa.Column("client", _CLIENT, primary_key=True),
    )
    op.execute(
        "INSERT INTO online_missed (client, transaction_id) "
        f"SELECT {_before('client_transaction')}, {_after('client_transaction')} "
        "FROM online_missed_joined"
    )
    op.drop_table("online_missed_joined")


def _set_aside(table: str) -> None:
    """Rename a table; PostgreSQL leaves the name of its primary key taken."""
    op.rename_table(table, f"{table}_joined")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER INDEX {table}_pkey RENAME TO {table}_joined_pkey")


def _before(column: str) -> str:
    """SQL for the client in a joined key."""
    if op.get_bind().dialect.name == "postgresql":
        return f"split_part({column}, chr(10), 1)"
    return f"substr({column}, 1, instr({column}, char(10)) - 1)"


def _after(column: str) -> str:
    """SQL for what follows the client in a joined key."""
    if op.get_bind().dialect.name == "postgresql":
        return f"substr({column}, strpos({column}, chr(10)) + 1)"
    return f"substr({column}, instr({column}, char(10)) + 1)"


def downgrade() -> None:
    raise NotImplementedError("keys that were given later for a payment fit no column")
