"""The screening desk: which lists are in use, and what they say about a party."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property, lru_cache
from pathlib import Path

import structlog

from fraud_sanctions import telemetry
from fraud_sanctions.lists.announcer import Announcer
from fraud_sanctions.lists.catalogue import load, sources
from fraud_sanctions.lists.records import ListedEntity, Party, WatchList
from fraud_sanctions.lists.shrinkage import ListShrinkage, accepted, shrinkages
from fraud_sanctions.lists.sources.refusal import ListRefused
from fraud_sanctions.matching.index import Index, Mask
from fraud_sanctions.matching.screener import Bands, Hit, Screener
from fraud_sanctions.problems import ListsUnusable
from fraud_sanctions.settings import SAMPLE_LISTS, Settings
from fraud_shared.contracts.screening import ListVersion
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.clock import Clock
from fraud_shared.web.problems import Unavailable

log = structlog.get_logger()
_ANNOUNCE_EVERY_S = 60.0
_ROWS_LOGGED = 20
# Parties whose hits are remembered: merchants and receivers come again and again.
_REMEMBERED = 10_000
Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Edition:
    """Lists and the index over them, always replaced together."""

    lists: tuple[WatchList, ...]
    screener: Screener
    by_id: Mapping[str, ListedEntity]
    since: Mapping[str, datetime]

    @cached_property
    def held(self) -> Mapping[str, str]:
        """The version of each list."""
        return {watch.list_id: watch.version for watch in self.lists}

    @cached_property
    def hits(self) -> Callable[[Party, float, int], tuple[Hit, ...]]:
        """The hits of a party of at least a score, at most so many: what depends on
        nothing but these lists, so that the newest answers are kept with them."""

        # Of the screener alone: an edition that held itself would outlive its replacement.
        screener = self.screener

        @lru_cache(_REMEMBERED)
        def hits(party: Party, least: float, most: int) -> tuple[Hit, ...]:
            return tuple(screener.screen(party, least=least, most=most))

        return hits

    def forget_parties(self) -> None:
        """Take the remembered answers out of memory, and so the parties they were about."""
        self.__dict__.pop("hits", None)

    def versions(self, now: datetime) -> tuple[ListVersion, ...]:
        """What an answer given now was made from."""
        return tuple(
            ListVersion(
                list=watch.list_id,
                version=watch.version,
                entities=len(watch.entities),
                loaded_at=watch.loaded_at,
                age_hours=self.age_hours(watch.list_id, now),
            )
            for watch in self.lists
        )

    def age_hours(self, list_id: str, now: datetime) -> float:
        """Hours since the list was fetched (its file written), never negative."""
        seconds = (now - self.since[list_id]).total_seconds()
        return max(0.0, round(seconds / 3600, 4))


class ScreeningService:
    """Holds one edition; a reload builds another aside and replaces the reference."""

    def __init__(self, settings: Settings, clock: Clock, announcer: Announcer) -> None:
        self._settings = settings
        self._clock = clock
        self._announcer = announcer
        self._flipped = asyncio.Event()
        self._edition: Edition | None = None
        self._signature: Signature = ()
        self._loading = asyncio.Lock()
        self._compared = False
        self.refused: tuple[ListRefused, ...] = ()
        self.bands = Bands(settings.possible, settings.match)

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        """Ready once a first edition is loaded; an old list does not make it unready."""
        return {"lists": lambda: self._edition is not None}

    @property
    def edition(self) -> Edition:
        """The edition in use."""
        if self._edition is None:
            raise ListsUnusable
        return self._edition

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the first edition (a failure is fatal), then watch the folder and announce
        what changes (a failure is not: it is tried again)."""
        await self.reload()
        watch = asyncio.create_task(self._watch())
        announcing = repeating(
            "list_updates", self.announce, every_s=_ANNOUNCE_EVERY_S, wake=self._flipped
        )
        try:
            async with announcing:
                yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def announce(self) -> int:
        """Tell the mesh of updates it does not know of; returns how many there were.

        A loss that the start could not see, its store being away, is not announced: the
        next start must find what was announced before it.
        """
        edition = self.edition
        lost: tuple[ListShrinkage, ...] = ()
        if not self._compared:
            lost = await self._losses(edition.lists)
            self._compared = not lost
        held_back = {loss.list_id for loss in lost}
        lists = [watch for watch in edition.lists if watch.list_id not in held_back]
        return await self._announcer.announce(lists, edition.since)

    async def reload(self) -> Edition:
        """Read all lists again and use what may be used; refused ones stay as they were.

        Raises ListsUnusable when no list can be used, or one is refused at the start.
        """
        async with self._loading:
            return await self._reload()

    async def _reload(self) -> Edition:
        folder, now = self._settings.lists, self._clock.now()
        used = {w.list_id: w for w in self._edition.lists} if self._edition else {}
        try:
            signature = await asyncio.to_thread(_signature, folder)
            with _patient_building():
                loaded = await asyncio.to_thread(load, folder, used, now)
        except OSError:
            raise ListsUnusable from None
        self.refused = loaded.refused
        self._record(loaded.lists, loaded.refused)
        if not loaded.lists or (self._edition is None and loaded.refused):
            raise ListsUnusable
        if self._edition is None:
            await self._compare(loaded.lists)
        since = await asyncio.to_thread(self._since, folder, loaded.lists)
        with _patient_building():
            edition = await asyncio.to_thread(self._build, loaded.lists, since)
        self._edition, self._signature = edition, signature
        self._flipped.set()
        log.info("lists_loaded", lists=len(edition.lists), entities=len(edition.by_id))
        return edition

    async def _compare(self, lists: tuple[WatchList, ...]) -> None:
        """Refuse to start with much less than was announced last. Raises ListsUnusable."""
        try:
            lost = await self._losses(lists)
        except Unavailable:
            # Screening does not wait for the store; compared before the first announcement.
            log.warning("lists_not_compared")
            return
        if lost:
            raise ListsUnusable(
                "A list holds much less than was announced last, or is gone: see the log."
            )
        self._compared = True

    async def _losses(self, lists: tuple[WatchList, ...]) -> tuple[ListShrinkage, ...]:
        """What was lost and not accepted, reported; what was accepted is noted."""
        sample = {source.list_id for source in sources(SAMPLE_LISTS)}
        found = shrinkages(lists, await self._announcer.last(), sample)
        fine = accepted(self._settings.accept_lists)
        open_ = tuple(loss for loss in found if loss.acceptance not in fine)
        for loss in open_:
            loss.report()
        for loss in found:
            if loss not in open_:
                log.warning("list_loss_accepted", list=loss.list_id, code=loss.code)
                if loss.code == "LIST_MISSING":
                    await self._announcer.give_up(loss.list_id)
        return open_

    def _build(
        self, lists: tuple[WatchList, ...], since: Mapping[str, datetime]
    ) -> Edition:
        old = self._edition
        if old and [w.sha256 for w in old.lists] == [w.sha256 for w in lists]:
            return Edition(lists, old.screener, old.by_id, since)
        entities = [entity for watch in lists for entity in watch.entities]
        by_id = {entity.entity_id: entity for entity in entities}
        return Edition(lists, Screener(Index(entities)), by_id, since)

    def _since(self, folder: Path, lists: tuple[WatchList, ...]) -> dict[str, datetime]:
        """When each list was fetched. The sample never ages: it is part of the program."""
        refused = {refusal.list_id for refusal in self.refused}
        written = {s.list_id: s.written_at for s in sources(folder)}
        old = self._edition.since if self._edition else {}
        since = {
            w.list_id: old[w.list_id] if w.list_id in refused else written[w.list_id]
            for w in lists
        }
        ours = _sample_hashes()
        return since | {w.list_id: w.loaded_at for w in lists if w.sha256 in ours}

    def _record(
        self, lists: tuple[WatchList, ...], refused: tuple[ListRefused, ...]
    ) -> None:
        bad = {refusal.list_id for refusal in refused}
        for watch in lists:
            telemetry.LIST_ENTITIES.labels(watch.list_id).set(len(watch.entities))
            telemetry.LIST_SKIPPED.labels(watch.list_id).set(len(watch.skipped))
            if watch.skipped and watch.list_id not in bad:
                rows = [f"{row.row} {row.code}" for row in watch.skipped[:_ROWS_LOGGED]]
                count = len(watch.skipped)
                log.warning("list_rows_skipped", list=watch.list_id, n=count, rows=rows)
            if watch.list_id not in bad:
                telemetry.LIST_LOADS.labels(watch.list_id, "loaded").inc()
        for one in refused:
            telemetry.LIST_LOADS.labels(one.list_id, one.code.lower()).inc()
            files = {"files": one.files} if one.files else {}
            log.error("list_refused", list=one.list_id, code=one.code, **files)

    async def _watch(self) -> None:
        """Keep the age gauges true, and reload when a file of the folder changed."""
        every = self._settings.check_every_s
        while True:
            self._measure_ages()
            await asyncio.sleep(every or 60.0)
            if not every:
                continue
            with suppress(OSError, ListsUnusable):
                signature = await asyncio.to_thread(_signature, self._settings.lists)
                if signature != self._signature:
                    self._signature = signature
                    await self.reload()

    def _measure_ages(self) -> None:
        now = self._clock.now()
        for watch in self.edition.lists:
            hours = self.edition.age_hours(watch.list_id, now)
            telemetry.LIST_AGE_SECONDS.labels(watch.list_id).set(hours * 3600)

    def now(self) -> datetime:
        """The time by this service's clock."""
        return self._clock.now()

    def versions(self, edition: Edition) -> tuple[ListVersion, ...]:
        """The edition's lists, with their ages now."""
        return edition.versions(self._clock.now())

    def stale(self, versions: tuple[ListVersion, ...]) -> bool:
        """Whether any list is older than may be relied on."""
        limit = self._settings.stale_after_hours
        return any(version.age_hours > limit for version in versions)

    def screen(
        self,
        edition: Edition,
        party: Party,
        *,
        least: float | None = None,
        most: int = 0,
        beyond: int = 0,
        only: Mask | None = None,
    ) -> list[Hit]:
        """Hits of one party from the `possible` band up, or from `least`; `beyond`: how
        many more than usual; `only`: among these entries of the edition's index."""
        started = time.perf_counter()
        least = self.bands.possible if least is None else least
        most = (most or self._settings.hits_per_party) + beyond
        if only is None:
            hits = list(edition.hits(party, least, most))
        else:
            hits = edition.screener.screen(party, least=least, most=most, only=only)
        telemetry.SCREENING_SECONDS.observe(time.perf_counter() - started)
        return hits


@cache
def _sample_hashes() -> frozenset[str]:
    """What the lists of the package hash to, wherever they are copied to."""
    epoch = datetime.fromtimestamp(0, UTC)
    return frozenset(watch.sha256 for watch in load(SAMPLE_LISTS, {}, epoch).lists)


# What a request may wait each time it wants its turn back from a thread that builds.
_TURN_S = 0.0005


@contextmanager
def _patient_building() -> Iterator[None]:
    """While an index is built in a thread, requests get their turn ten times sooner
    (ADR 0014: p99 of a screening 47 ms instead of 67)."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _signature(folder: Path) -> Signature:
    found = (
        path
        for path in folder.rglob("*")
        # Whoever fetches a list writes it into a hidden folder first.
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    files = sorted(path for path in found if path.is_file())
    stats = [(str(path), path.stat()) for path in files]
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)
