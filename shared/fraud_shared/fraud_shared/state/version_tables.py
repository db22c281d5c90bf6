"""The tables of versioned documents, for a service's metadata and for its migration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fraud_shared.state.types import Sequence64, UtcDateTime

# The counters: of all changes, and of the last change of each kind.
ALL, DOCUMENTS, ENTRIES = "all", "documents", "entries"


@dataclass(frozen=True, slots=True)
class VersionTables:
    """The tables of one service's documents."""

    versions: sa.Table
    changes: sa.Table
    revisions: sa.Table


def version_tables(metadata: sa.MetaData) -> VersionTables:
    """The tables, declared in a service's metadata."""
    return VersionTables(
        *(sa.Table(name, metadata, *columns()) for name, columns in COLUMNS.items())
    )


def _versions() -> list[sa.Column[Any]]:
    return [
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("author", sa.String(128), nullable=False),
        sa.Column("why", sa.String(256), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("live_at", UtcDateTime),
        sa.Column("live_by", sa.String(128)),
    ]


def _changes() -> list[sa.Column[Any]]:
    return [
        sa.Column("seq", Sequence64, primary_key=True, autoincrement=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(400), nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("why", sa.String(256), nullable=False),
    ]


def _revisions() -> list[sa.Column[Any]]:
    return [
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
    ]


# By table, in the order of `VersionTables`; for the tables and for their migration.
COLUMNS: dict[str, Callable[[], list[sa.Column[Any]]]] = {
    "document_versions": _versions,
    "document_changes": _changes,
    "document_revisions": _revisions,
}


def create_version_tables(op: Any) -> None:
    """What a migration does: the tables, and a history that the database itself keeps from
    being changed."""
    for name, columns in COLUMNS.items():
        op.create_table(name, *columns())
    table = sa.table("document_revisions", *_revisions())
    op.bulk_insert(
        table, [{"name": n, "revision": 0} for n in (ALL, DOCUMENTS, ENTRIES)]
    )
    append_only(op, "document_changes")


def append_only(op: Any, table: str) -> None:
    """Triggers that refuse to change or delete a row of `table`."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} only grows'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_keep()"
        )
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        )
