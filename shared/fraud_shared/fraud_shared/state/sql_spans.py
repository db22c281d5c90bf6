"""Spans of SQL transactions, by the semantic conventions of database clients.

One span a transaction, its commit included, named by what its statements do; no text of a
statement and no value. The stock instrumentation was weighed: it has one span a statement
and none of the commit, follows neither the threads of SQLite nor commits that several
payments share, and does not support this SQLAlchemy.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from fraud_shared.mesh.spans import SpanKind, Spans

# What a statement does and to which table, as far as its text says so at once.
_SUMMARY = re.compile(
    r"\s*(?:WITH\b.*?\)\s*)?"
    r"(INSERT(?=\s+INTO)|UPDATE|DELETE(?=\s+FROM)|SELECT(?=\b.*?\bFROM))\b"
    r"(?:(?<=SELECT)\b.*?\bFROM\s+|\s+(?:(?:INTO|FROM)\s+)?)\"?([\w.]+)\"?",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST = 200


class SqlSpan:
    """The spans of one transaction, and what was done in it."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._done: dict[str, None] = {}

    def watch(self, conn: sa.Connection) -> None:
        """Note what is executed on a connection, as long as that is open."""
        sa.event.listen(conn, "before_cursor_execute", self._executing)

    def _executing(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("BEGIN"):  # SQLite's, which the engine sends by itself
            return
        self._done[summary(statement)] = None

    def summarise(self) -> None:
        """Name the spans by what was done."""
        if self._done:
            name = " ".join(self._done)[:_LONGEST]
            self._spans.rename(name)
            self._spans.note({"db.query.summary": name})


class SqlSpans:
    """Makes the spans of one database's transactions."""

    def __init__(self, url: sa.URL, schema: str) -> None:
        self._system = "postgresql" if url.drivername.startswith("p") else "sqlite"
        self._attributes: dict[str, str | int] = {
            "db.system.name": self._system,
            "db.namespace": f"{url.database}|{schema}" if url.host else schema,
        }
        if url.host:
            self._attributes |= {
                "server.address": url.host,
                "server.port": url.port or 5432,
            }

    @contextmanager
    def around(self, spans: Spans) -> Iterator[SqlSpan]:
        """A transaction that `spans` wait for."""
        with spans.inside(self._system, SpanKind.CLIENT, self._attributes) as begun:
            span = SqlSpan(begun)
            try:
                yield span
            finally:
                span.summarise()


def summary(statement: str) -> str:
    """`INSERT decisions` of a statement; its first word where the table is not plain."""
    found = _SUMMARY.match(statement)
    if found is None:
        return statement.split(None, 1)[0].upper() if statement.strip() else "?"
    return f"{found[1].upper()} {found[2]}"
