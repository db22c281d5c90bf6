"""Versioned documents in SQL: rulesets and policies share one life cycle.

A version is a text that never changes: draft -> shadow -> live -> retired. Two people make it
live: one asks, and another, who did not write it, carries it out. Every change is a row of
a history that only grows, and raises one counter, which replicas poll.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fraud_shared.contracts.versions import (
    Change,
    InForce,
    VersionText,
    VersionView,
)
from fraud_shared.state.database import Database, Result
from fraud_shared.state.version_tables import ALL, DOCUMENTS, VersionTables
from fraud_shared.web.problems import Conflict, NotFound

# Who acts where no person does.
SEED, FILE = "system/seed", "system/file"
Row = sa.Row[Any]


class SecondPersonRequired(Conflict):
    """Whoever asked for what takes two people, or wrote it, does not carry it out."""

    type = "second-person-required"
    detail = "Another person has to carry it out: neither its author nor whoever asked."


class VersionExists(Conflict):
    """A version of this number has another text."""

    type = "version-exists"
    detail = "Raise the version in the document: this one is taken."


class WrongState(Conflict):
    """The version's state does not allow this."""

    type = "version-state"
    detail = "The version is not in a state from which this is possible."


@dataclass(frozen=True, slots=True)
class Numbered:
    """A checked text: the document's name and version as it gives them."""

    name: str
    version: int
    sha256: str
    text: str


class VersionStore:
    """The documents of one service. Each method is one transaction."""

    def __init__(
        self, db: Database, tables: VersionTables, now: Callable[[], datetime]
    ) -> None:
        self._db = db
        self._t = tables
        self._now = now

    async def seed(self, seed: Numbered) -> None:
        """Put the packaged document in force where there is none; where there is, another
        text of the package becomes a draft, for people to promote."""

        def work(conn: sa.Connection) -> None:
            self.bump(conn, DOCUMENTS)
            known = conn.execute(
                sa.select(self._t.versions.c.version).where(
                    self._t.versions.c.sha256 == seed.sha256
                )
            ).first()
            if known is not None:
                return
            first = self._one(conn, state="live") is None
            if not first and self._one(conn, version=seed.version) is not None:
                return
            who, why = (SEED, "the first") if first else (FILE, "another file")
            self._insert(conn, seed, who, why)
            if first:
                self._make_live(conn, seed.version, who, "seeded", why)

        if await self.holds(seed.sha256):
            return
        await self._db.run(work)

    async def holds(self, sha256: str) -> bool:
        """Whether some version has this text."""
        query = sa.select(self._t.versions.c.version).where(
            self._t.versions.c.sha256 == sha256
        )
        return await self._read(lambda conn: conn.execute(query).first()) is not None

    async def draft(self, document: Numbered, who: str, why: str) -> VersionView:
        """Store a checked document. The same text again is the same version. Raises
        VersionExists."""

        def work(conn: sa.Connection) -> VersionView:
            self.bump(conn, DOCUMENTS)
            known = self._one(conn, version=document.version)
            if known is None:
                self._insert(conn, document, who, why)
            elif known.sha256 != document.sha256:
                raise VersionExists
            return self._view(conn, self._given(conn, document.version))

        return await self._db.run(work)

    async def shadow(self, version: int, who: str, why: str) -> VersionView:
        """Evaluate a draft beside what is live; the one that was in shadow is a draft
        again. Raises NotFound and WrongState."""

        def work(conn: sa.Connection) -> VersionView:
            self.bump(conn, DOCUMENTS)
            row = self._given(conn, version)
            if row.state not in ("draft", "shadow"):
                raise WrongState
            before = self._one(conn, state="shadow")
            if before is not None and before.version != version:
                self._state(conn, before.version, "draft")
            self._state(conn, version, "shadow")
            self.record(conn, who, "shadowed", _of(row), why, version)
            return self._view(conn, self._given(conn, version))

        return await self._db.run(work)

    async def promote(
        self, version: int, who: str, why: str
    ) -> tuple[str, VersionView]:
        """Ask for a version to be live, or carry out what another asked for: the outcome,
        `asked` or `live`. Raises NotFound, WrongState and SecondPersonRequired."""

        def work(conn: sa.Connection) -> tuple[str, VersionView]:
            self.bump(conn, DOCUMENTS)
            row = self._given(conn, version)
            if row.state not in ("draft", "shadow"):
                raise WrongState
            askers = self._askers(conn, version)
            if who != row.author and askers - {who}:
                self._make_live(conn, version, who, "promoted", why)
                return "live", self._view(conn, self._given(conn, version))
            if who in askers:
                raise SecondPersonRequired
            self.record(conn, who, "asked", _of(row), why, version)
            return "asked", self._view(conn, row)

        return await self._db.run(work)

    async def rollback(self, to: int, who: str, why: str) -> VersionView:
        """Back to a version that two people made live before. Raises NotFound and
        WrongState."""

        def work(conn: sa.Connection) -> VersionView:
            self.bump(conn, DOCUMENTS)
            if self._given(conn, to).state != "retired":
                raise WrongState
            self._make_live(conn, to, who, "rolled-back", why)
            return self._view(conn, self._given(conn, to))

        return await self._db.run(work)

    async def get(self, version: int | str) -> VersionText:
        """A version by its number, or what is `live` or in `shadow`. Raises NotFound."""
        wanted = {"version" if isinstance(version, int) else "state": version}

        def work(conn: sa.Connection) -> VersionText:
            row = self._one(conn, **wanted)
            if row is None:
                raise NotFound
            view = self._view(conn, row)
            return VersionText(**view.model_dump(), text=row.text)

        return await self._read(work)

    def texts_in(self, conn: sa.Connection) -> dict[str, str]:
        """The texts that are evaluated, by state: `live`, and `shadow` where there is one."""
        columns = self._t.versions.c
        query = sa.select(columns.state, columns.text).where(
            columns.state.in_(("live", "shadow"))
        )
        return {row.state: row.text for row in conn.execute(query)}

    async def in_force(self, after: int) -> InForce:
        """What is live and in shadow, unless nothing changed since a revision."""

        def work(conn: sa.Connection) -> InForce:
            revisions = self.revisions_in(conn)
            known = after if after <= revisions[ALL] else 0
            changed = known == 0 or revisions[DOCUMENTS] > known
            texts = self.texts_in(conn) if changed else {}
            return InForce(
                revision=revisions[ALL],
                documents=changed,
                live=texts.get("live"),
                shadow=texts.get("shadow"),
            )

        return await self._read(work)

    async def page(self, limit: int, before: int | None) -> Sequence[VersionView]:
        """Versions below a number, newest first."""
        columns = self._t.versions.c
        query = sa.select(self._t.versions).order_by(columns.version.desc())
        query = query.limit(limit)
        if before is not None:
            query = query.where(columns.version < before)

        def work(conn: sa.Connection) -> list[VersionView]:
            return [self._view(conn, row) for row in conn.execute(query).all()]

        return await self._read(work)

    async def history(self, limit: int, before: int | None) -> Sequence[Change]:
        """Changes before one, newest first."""
        columns = self._t.changes.c
        query = sa.select(self._t.changes).order_by(columns.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(columns.seq < before)

        def work(conn: sa.Connection) -> list[Change]:
            return [Change(**row._mapping) for row in conn.execute(query)]

        return await self._read(work)

    async def revisions(self) -> dict[str, int]:
        """The counters: `all`, and that of the last change of `documents` and `entries`."""
        return await self._read(self.revisions_in)

    def revisions_in(self, conn: sa.Connection) -> dict[str, int]:
        """The counters, as a transaction sees them."""
        rows = conn.execute(sa.select(self._t.revisions))
        return {row.name: row.revision for row in rows}

    def bump(self, conn: sa.Connection, what: str) -> int:
        """Raise the counter; until the transaction ends, nobody else does. First of all, so
        that revisions are committed in order and a reader misses none."""
        table = self._t.revisions
        up = sa.update(table).where(table.c.name == ALL)
        conn.execute(up.values(revision=table.c.revision + 1))
        revision = int(self.revisions_in(conn)[ALL])
        conn.execute(
            sa.update(table).where(table.c.name == what).values(revision=revision)
        )
        return revision

    def record(
        self,
        conn: sa.Connection,
        who: str,
        action: str,
        subject: str,
        why: str,
        version: int | None = None,
    ) -> None:
        """Write a row of the history, in the transaction of what it is about."""
        values = {"who": who, "action": action, "subject": subject, "why": why}
        insert = sa.insert(self._t.changes)
        conn.execute(insert.values(at=self._now(), version=version, **values))

    def _insert(self, conn: sa.Connection, new: Numbered, who: str, why: str) -> None:
        values = {"name": new.name, "version": new.version, "sha256": new.sha256}
        conn.execute(
            sa.insert(self._t.versions).values(
                **values,
                text=new.text,
                state="draft",
                author=who,
                why=why,
                created_at=self._now(),
            )
        )
        label = f"{new.name}@{new.version}+{new.sha256[:8]}"
        self.record(conn, who, "drafted", label, why, new.version)

    def _make_live(
        self, conn: sa.Connection, version: int, who: str, action: str, why: str
    ) -> None:
        before = self._one(conn, state="live")
        if before is not None:
            self._state(conn, before.version, "retired")
        self._state(conn, version, "live", live_at=self._now(), live_by=who)
        row = self._given(conn, version)
        self.record(conn, who, action, _of(row), why, version)

    def _state(
        self, conn: sa.Connection, version: int, state: str, **more: Any
    ) -> None:
        table = self._t.versions
        update = sa.update(table).where(table.c.version == version)
        conn.execute(update.values(state=state, **more))

    def _askers(self, conn: sa.Connection, version: int) -> set[str]:
        table = self._t.changes
        query = sa.select(table.c.who).where(
            table.c.version == version, table.c.action == "asked"
        )
        return {row.who for row in conn.execute(query)}

    def _one(self, conn: sa.Connection, **where: Any) -> Row | None:
        table = self._t.versions
        query = sa.select(table).where(*(table.c[k] == v for k, v in where.items()))
        return conn.execute(query).first()

    def _given(self, conn: sa.Connection, version: int) -> Row:
        row = self._one(conn, version=version)
        if row is None:
            raise NotFound
        return row

    def _view(self, conn: sa.Connection, row: Row) -> VersionView:
        return VersionView(
            document=_of(row),
            version=row.version,
            sha256=row.sha256,
            state=row.state,
            author=row.author,
            why=row.why,
            created_at=row.created_at,
            asked_by=sorted(self._askers(conn, row.version)),
            live_at=row.live_at,
            live_by=row.live_by,
        )

    async def _read(self, work: Callable[[sa.Connection], Result]) -> Result:
        return await self._db.run(work, write=False)


def _of(row: Row) -> str:
    return f"{row.name}@{row.version}+{row.sha256[:8]}"
