"""Screens known parties again when a list changed, and asks for a case for each new hit.

It runs beside the payments, on their event loop, half a millisecond at a time: what is found on
a page of parties is stored with the place reached in one transaction, so that a restart
goes on where the last page ended, and no hit is told twice.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from fraud_sanctions import tables, telemetry
from fraud_sanctions.clearing.cleared_match import split
from fraud_sanctions.clearing.store import ClearedMatchStore
from fraud_sanctions.lists.consumer import ListUpdateConsumer, unpack
from fraud_sanctions.lists.records import ListedEntity
from fraud_sanctions.parties import repository
from fraud_sanctions.parties.party import KnownParty
from fraud_sanctions.rescreening import jobs
from fraud_sanctions.rescreening.comparison import Rescreening
from fraud_sanctions.rescreening.findings import Finding
from fraud_sanctions.rescreening.jobs import Job
from fraud_sanctions.service import Edition, ScreeningService
from fraud_sanctions.settings import Settings
from fraud_sanctions.store import Store
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.clock import Clock

log = structlog.get_logger()
PAGE = 100
_EVERY_S = 5.0
# How long payments wait at most for their turn, but for one party's own time.
_SLICE_S = 0.0005


@dataclass(frozen=True, slots=True)
class Parts:
    """What a rescreener works with."""

    store: Store
    service: ScreeningService
    register: ClearedMatchStore
    list_updates: ListUpdateConsumer
    clock: Clock


class Rescreener:
    """Works off updates one after the other, and parties that an update overtook."""

    def __init__(self, settings: Settings, parts: Parts, *, page: int = PAGE) -> None:
        self._share = settings.rescreen_share
        self._parts = parts
        self._db = parts.store.db
        self._page = page
        self._name = uuid.uuid4().hex

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work in the background while inside; then leave the rest to whoever is next."""
        received = self._parts.list_updates.received
        work = repeating("rescreening", self.round, every_s=_EVERY_S, wake=received)
        try:
            async with work:
                yield
        finally:
            with suppress(Exception):  # else its claim runs out by itself
                await self._db.run(
                    lambda conn: jobs.release(conn, self._name), patient=True
                )

    async def round(self) -> None:
        """Work off all that can be worked off now. Raises Unavailable."""
        await self._parts.store.open()
        while job := await self._claim():
            await self._work_off(job)
        while await self._overtaken():
            pass
        backlog = await self._db.run(jobs.backlog, write=False, patient=True)
        telemetry.RESCREEN_BACKLOG.set(backlog)

    async def _claim(self) -> Job | None:
        """The oldest update that nobody works on, of a list that this replica holds in the
        version announced last: else it is behind the others, or about to announce."""
        held, now = self._parts.service.edition.held, self._parts.clock.now()
        return await self._db.run(
            lambda conn: jobs.claim(conn, held, self._name, now), patient=True
        )

    async def _work_off(self, job: Job) -> None:
        """One update, page by page, until it is done or the lists change again."""
        edition, started = self._parts.service.edition, time.perf_counter()
        ids = unpack(job.entities)
        if ids is None:
            ids = frozenset(e.entity_id for e in _entities(edition, job.list_id))
        rescreening = await self._prepare(edition, ids)
        while self._parts.service.edition is edition:
            known = tables.parties.c
            where = (known.seq > job.position) & (known.seq <= job.upto)
            parties = await self._read(where)
            if not parties:
                await self._finish(job, time.perf_counter() - started)
                return
            findings = await self._screen(rescreening, parties, edition)
            made = await self._store(job, parties, findings)
            if made is None:
                return  # another replica took over
            job = made

    async def _prepare(
        self, edition: Edition, ids: frozenset[str] | None
    ) -> Rescreening:
        least = self._parts.service.bands.possible
        return await asyncio.to_thread(Rescreening, edition.screener, ids, least=least)

    async def _read(self, where: jobs.Where) -> list[KnownParty]:
        return await self._db.run(
            lambda conn: repository.page(conn, where, self._page),
            write=False,
            patient=True,
        )

    async def _screen(
        self, rescreening: Rescreening, parties: Sequence[KnownParty], edition: Edition
    ) -> list[Finding]:
        """Whom these parties resemble, less what is cleared; others get their turn."""
        found: list[Finding] = []
        clock, register, bands = (
            self._parts.clock,
            self._parts.register,
            self._parts.service.bands,
        )
        turn = time.perf_counter()
        for known in parties:
            hits = rescreening.hits(known.party)
            if hits:
                standing, _ = split(hits, register.of(known.holder), clock.now())
                found += [
                    Finding.of(known, hit, edition.held, bands) for hit in standing
                ]
            worked = time.perf_counter() - turn
            if worked >= _SLICE_S:
                await asyncio.sleep(worked * (1.0 / self._share - 1.0))
                turn = time.perf_counter()
        telemetry.PARTIES_RESCREENED.inc(len(parties))
        return found

    async def _store(
        self, job: Job, parties: Sequence[KnownParty], findings: Sequence[Finding]
    ) -> Job | None:
        """The place reached and what was found, in one transaction; None when the update
        is not this worker's any more, and nothing is stored."""
        now = self._parts.clock.now()
        moved = await self._db.run(
            lambda conn: jobs.advance(
                self._parts.store, conn, job, parties, findings, now
            ),
            patient=True,
        )
        if moved is not None and findings:
            self._announce(moved.cases - job.cases, len(findings))
        return moved

    async def _overtaken(self) -> bool:
        """One page of parties that were screened with an older list than was announced,
        against everything; whether there was one."""
        edition = self._parts.service.edition
        if not await self._db.run(
            lambda conn: jobs.agrees(conn, edition.held), write=False, patient=True
        ):
            return False
        parties = await self._read(tables.parties.c.overtaken)
        if not parties:
            return False
        rescreening = await self._prepare(edition, None)
        findings = await self._screen(rescreening, parties, edition)
        now = self._parts.clock.now()
        cases = await self._db.run(
            lambda conn: jobs.catch_up(self._parts.store, conn, parties, findings, now),
            patient=True,
        )
        self._announce(cases, len(findings))
        return True

    def _announce(self, cases: int, findings: int) -> None:
        self._parts.store.outbox.written.set()
        telemetry.RESCREEN_HITS.labels("new").inc(cases)
        telemetry.RESCREEN_HITS.labels("known").inc(findings - cases)

    async def _finish(self, job: Job, seconds: float) -> None:
        now = self._parts.clock.now()
        await self._db.run(lambda conn: jobs.finish(conn, job, now), patient=True)
        telemetry.RESCREEN_SECONDS.observe(seconds)
        log.info(
            "rescreening_done",
            list=job.list_id,
            version=job.version,
            parties=job.screened,
            cases=job.cases,
        )


def _entities(edition: Edition, list_id: str) -> Sequence[ListedEntity]:
    return next(w.entities for w in edition.lists if w.list_id == list_id)
