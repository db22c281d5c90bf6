"""What the rules service keeps: rulesets, edited lists and snoozes, and what rules did.

Every write raises the counter of `VersionStore`, in its transaction and with a row of the
history; replicas read what changed since the revision they know.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from fraud_rules import tables
from fraud_shared.contracts.entries import LIST_NAMES, EntityKind, Marker
from fraud_shared.contracts.versions import InForce
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.state.version_tables import ALL, DOCUMENTS, ENTRIES
from fraud_shared.state.versions import VersionStore
from fraud_shared.web.problems import NotFound

GUARD = "system/guard"
Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class NewMarker:
    """An entry or snooze to be made, its value in the one form."""

    on: str
    kind: EntityKind
    value: str
    reason: str
    expires_at: datetime | None


@dataclass(slots=True)
class Tally:
    """What one rule did in some time."""

    hits: int = 0
    errors: int = 0
    # How often it was timed, and how long it took then, altogether.
    timed: int = 0
    micros: float = 0.0


class RulesStore:
    """One transaction a method."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self.versions = VersionStore(db, tables.VERSIONS, clock.now)

    async def in_force(self, after: int) -> InForce:
        """All that changed since a revision; everything for 0, or for a revision that the
        store does not know."""

        def work(conn: sa.Connection) -> InForce:
            revisions = self.versions.revisions_in(conn)
            revision = revisions[ALL]
            known = after if after <= revision else 0
            documents = known == 0 or revisions[DOCUMENTS] > known
            table, texts = tables.entries, self.versions.texts_in(conn)
            query = sa.select(table).where(table.c.revision > known)
            if known == 0:
                query = query.where(table.c.ended_at.is_(None))
            return InForce(
                revision=revision,
                documents=documents,
                live=texts.get("live") if documents else None,
                shadow=texts.get("shadow") if documents else None,
                demoted=self._demoted(conn) if documents else [],
                markers=[_marker(row) for row in conn.execute(query)],
            )

        return await self._db.run(work, write=False)

    async def add(self, new: NewMarker, who: str) -> Row:
        """Make an entry or snooze; one in force for the same entity ends with it."""
        marker_id, now = uuid.uuid4().hex[:16], self._clock.now()

        def work(conn: sa.Connection) -> Row:
            revision = self.versions.bump(conn, ENTRIES)
            for old in self._in_force(conn, new, now):
                self._end(conn, old, who, "replaced", revision)
            conn.execute(
                sa.insert(tables.entries).values(
                    marker_id=marker_id,
                    on=new.on,
                    kind=new.kind,
                    value=new.value,
                    reason=new.reason,
                    who=who,
                    created_at=now,
                    expires_at=new.expires_at,
                    revision=revision,
                )
            )
            row = self._given(conn, marker_id)
            self.versions.record(conn, who, "listed", _subject(row), new.reason)
            return row

        return await self._db.run(work)

    async def end(
        self, marker_id: str, on: Iterable[str] | None, who: str, why: str
    ) -> Row:
        """Take an entry off one of these lists, or end a snooze (None); again changes
        nothing. Raises NotFound."""
        wanted = None if on is None else set(on)

        def work(conn: sa.Connection) -> Row:
            revision = self.versions.bump(conn, ENTRIES)
            row = self._given(conn, marker_id)
            elsewhere = row.on in LIST_NAMES if wanted is None else row.on not in wanted
            if elsewhere:
                raise NotFound
            if row.ended_at is None:
                self._end(conn, row, who, why, revision)
            return self._given(conn, marker_id)

        return await self._db.run(work)

    async def page(
        self, on: str | None, limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[Row]:
        """Entries of a list, or snoozes (None), in force and ended, newest first."""
        table = tables.entries
        c = table.c
        query = sa.select(table).order_by(c.created_at.desc(), c.marker_id.desc())
        query = query.where(
            c.on == on if on is not None else c.on.not_in(LIST_NAMES)
        ).limit(limit)
        if after is not None:
            at, marker_id = after
            query = query.where(
                (c.created_at < at) | ((c.created_at == at) & (c.marker_id < marker_id))
            )
        return await self._db.run(lambda conn: conn.execute(query).all(), write=False)

    async def sizes(self) -> dict[str, int]:
        """How many entries each list has in force."""
        c, now = tables.entries.c, self._clock.now()
        query = (
            sa.select(c.on, sa.func.count())
            .where(c.ended_at.is_(None), c.expires_at.is_(None) | (c.expires_at > now))
            .group_by(c.on)
        )
        found = await self._db.run(
            lambda conn: {row[0]: row[1] for row in conn.execute(query)}, write=False
        )
        return {name: found.get(name, 0) for name in LIST_NAMES}

    async def demote(self, version: int, rule: str, why: str) -> bool:
        """Put a rule into shadow, for as long as this version is live: whether this call
        did it."""

        def work(conn: sa.Connection) -> bool:
            table = tables.rule_demotions
            insert = self._db.insert(table).on_conflict_do_nothing()
            values = {"version": version, "rule": rule, "why": why}
            done = conn.execute(insert.values(at=self._clock.now(), **values))
            if not done.rowcount:
                return False
            self.versions.bump(conn, DOCUMENTS)
            self.versions.record(conn, GUARD, "demoted", rule, why, version)
            return True

        return await self._db.run(work)

    async def alarm(self, version: int, rule: str, why: str) -> None:
        """Record that a hard rule left its band; it stays in force."""

        def work(conn: sa.Connection) -> None:
            self.versions.bump(conn, ENTRIES)
            self.versions.record(conn, GUARD, "alarmed", rule, why, version)

        await self._db.run(work)

    async def count(
        self, version: int, tallies: Mapping[tuple[str, str], Tally]
    ) -> None:
        """Add what rules did, by rule and state, under a version."""
        table, now = tables.rule_totals, self._clock.now()
        insert = self._db.insert(table)
        add = insert.on_conflict_do_update(
            index_elements=["version", "rule", "state"],
            set_={
                "hits": table.c.hits + insert.excluded.hits,
                "errors": table.c.errors + insert.excluded.errors,
                "timed": table.c.timed + insert.excluded.timed,
                "micros": table.c.micros + insert.excluded.micros,
                "changed_at": insert.excluded.changed_at,
            },
        )
        rows = [
            {
                "version": version,
                "rule": rule,
                "state": state,
                "hits": tally.hits,
                "errors": tally.errors,
                "timed": tally.timed,
                "micros": round(tally.micros),
                "changed_at": now,
            }
            # In one order everywhere: replicas that count at once must not block each other.
            for (rule, state), tally in sorted(tallies.items())
        ]
        if rows:
            await self._db.run(lambda conn: conn.execute(add, rows))

    async def totals(self, version: int) -> Sequence[Row]:
        """What rules did under a version, in all replicas."""
        table = tables.rule_totals
        query = sa.select(table).where(table.c.version == version)
        query = query.order_by(table.c.rule, table.c.state)
        return await self._db.run(lambda conn: conn.execute(query).all(), write=False)

    def _demoted(self, conn: sa.Connection) -> list[str]:
        live = tables.VERSIONS.versions
        query = (
            sa.select(tables.rule_demotions.c.rule)
            .join(live, live.c.version == tables.rule_demotions.c.version)
            .where(live.c.state == "live")
        )
        return sorted(row.rule for row in conn.execute(query))

    def _in_force(
        self, conn: sa.Connection, new: NewMarker, now: datetime
    ) -> Sequence[Row]:
        c = tables.entries.c
        query = sa.select(tables.entries).where(
            c.on == new.on,
            c.kind == new.kind,
            c.value == new.value,
            c.ended_at.is_(None),
            c.expires_at.is_(None) | (c.expires_at > now),
        )
        return conn.execute(query).all()

    def _end(
        self, conn: sa.Connection, row: Row, who: str, why: str, revision: int
    ) -> None:
        table = tables.entries
        conn.execute(
            sa.update(table)
            .where(table.c.marker_id == row.marker_id)
            .values(
                ended_at=self._clock.now(),
                ended_by=who,
                ended_why=why,
                revision=revision,
            )
        )
        self.versions.record(conn, who, "unlisted", _subject(row), why)

    def _given(self, conn: sa.Connection, marker_id: str) -> Row:
        table = tables.entries
        query = sa.select(table).where(table.c.marker_id == marker_id)
        row = conn.execute(query).first()
        if row is None:
            raise NotFound
        return row


def _marker(row: Row) -> Marker:
    return Marker(
        marker_id=row.marker_id,
        on=row.on,
        kind=row.kind,
        value=row.value,
        expires_at=row.expires_at,
        ended=row.ended_at is not None,
    )


def _subject(row: Row) -> str:
    """What a change is about, as the history says it: `deny account acc-1`."""
    return f"{row.on} {row.kind} {row.value}"
