"""Deleting what its time has come for: in small batches, beside the payments, counted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from pydantic import Field, create_model

from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.state.retention import RETENTIONS
from fraud_shared.state.retention_rule import Retention
from fraud_shared.state.telemetry import RETENTION_DELETED
from fraud_shared.web.settings import ServiceSettings

log = structlog.get_logger()
SettingsClass = TypeVar("SettingsClass", bound=ServiceSettings)
EVERY_S = 3600.0
# A batch holds the writer of a SQLite file for some milliseconds; payments go between.
BATCH = 200
PAUSE_S = 0.05
Condition = sa.ColumnElement[bool]
# A rule and how long the settings keep what it is about.
Rule = tuple[Retention, timedelta]


def rules_of(service: str) -> tuple[Retention, ...]:
    """The rows of a service, in the order in which they are applied."""
    return tuple(rule for rule in RETENTIONS if service in rule.services)


def rules_in(service: str, settings: ServiceSettings) -> tuple[Rule, ...]:
    """The same with the periods of these settings; a whole number counts days."""
    values = ((rule, getattr(settings, rule.setting)) for rule in rules_of(service))
    return tuple(
        (rule, value if isinstance(value, timedelta) else timedelta(days=value))
        for rule, value in values
    )


def kept_for(service: str) -> Callable[[type[SettingsClass]], type[SettingsClass]]:
    """Give a settings class the settings of its service's rows that it has not itself.

    So that a new row needs no other file. A value below the row's `least` is refused.
    """

    def extended(cls: type[SettingsClass]) -> type[SettingsClass]:
        fields: dict[str, Any] = {}
        for rule in rules_of(service):
            if rule.setting not in cls.model_fields:
                default = Field(default=rule.default, ge=rule.least)
                fields.setdefault(rule.setting, (timedelta, default))
        made: type[SettingsClass] = create_model(
            cls.__name__,
            __base__=cls,
            __module__=cls.__module__,
            __doc__=cls.__doc__,
            **fields,
        )
        return made

    return extended


class Retainer:
    """Applies rules to a database, `batch` rows at a time, with a `pause` between batches."""

    def __init__(
        self,
        db: Database,
        metadata: sa.MetaData,
        rules: Sequence[Rule],
        clock: Clock,
        *,
        batch: int = BATCH,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._db = db
        self._tables = metadata.tables
        self._rules = rules
        self._clock = clock
        self._size = batch
        self._pause = pause
        for rule, _ in rules:
            RETENTION_DELETED.labels(rule.what)

    async def round(self) -> int:
        """Delete everything that is due; returns how many rows of the rules' own tables.

        A rule that fails does not keep the others from being applied; its error is raised
        at the end.
        """
        deleted, failures = 0, []
        for rule, kept in self._rules:
            try:
                deleted += await self._apply(rule, kept)
            except Exception as error:
                log.warning("retention_failed", what=rule.what)
                failures.append(error)
        if failures:
            raise failures[0]
        return deleted

    async def _apply(self, rule: Retention, kept: timedelta) -> int:
        table, total = self._tables[rule.table], 0
        due = _due(rule, table, self._clock.now() - kept)
        while True:
            keys, deleted = await self._batch(rule, table, due)
            total += deleted
            # None of a full batch: others hold the rows, or were quicker. The next round.
            if keys < self._size or not deleted:
                break
            await self._pause(PAUSE_S)
        if total:
            log.info("retention_deleted", what=rule.what, rows=total)
        return total

    async def _batch(
        self, rule: Retention, table: sa.Table, due: Sequence[Condition]
    ) -> tuple[int, int]:
        """How many rows were found, and how many of them went."""
        query = sa.select(*table.primary_key).where(*due).limit(self._size)
        # Looked for in a reading of its own: a long one would keep SQLite's writer.
        async with self._db.read(patient=True) as conn:
            keys = [tuple(row) for row in await conn.execute(query)]
        if not keys:
            return 0, 0
        deleted = await self._db.run(
            lambda conn: self._delete(conn, rule, table, keys, due), patient=True
        )
        RETENTION_DELETED.labels(rule.what).inc(deleted)
        return len(keys), deleted

    def _delete(
        self,
        conn: sa.Connection,
        rule: Retention,
        table: sa.Table,
        keys: Sequence[tuple[Any, ...]],
        due: Sequence[Condition],
    ) -> int:
        # Looked at again, and held: what a payment moved or holds meanwhile stays.
        again = sa.select(*table.primary_key).where(_keyed(table, table, keys), *due)
        again = again.with_for_update(of=table, skip_locked=True)
        held = [tuple(row) for row in conn.execute(again)]
        if held:
            for name in (*rule.with_it, rule.table):
                of_these = _keyed(self._tables[name], table, held)
                conn.execute(sa.delete(self._tables[name]).where(of_these))
        return len(held)


def _due(rule: Retention, table: sa.Table, before: datetime) -> list[Condition]:
    aged = [] if rule.column is None else [table.c[rule.column] <= before]
    return aged if rule.where is None else [*aged, rule.where(table)]


def _keyed(table: sa.Table, by: sa.Table, keys: Sequence[tuple[Any, ...]]) -> Condition:
    """Rows of `table` that have one of these keys of `by`."""
    columns = [table.c[column.name] for column in by.primary_key]
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return sa.tuple_(*columns).in_(keys)


@asynccontextmanager
async def retaining(
    retainer: Retainer, *, ready: Callable[[], Awaitable[object]] | None = None
) -> AsyncIterator[None]:
    """Apply the rules at once and every hour while inside; `ready` opens the store first."""

    async def work() -> None:
        if ready is not None:
            await ready()
        await retainer.round()

    async with repeating("retention", work, every_s=EVERY_S):
        yield
