"""The rules service: holds what is in force, and follows what people change."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
import structlog

from fraud_engines.rules.analysis import analyse
from fraud_engines.rules.engine import WrongFeatures
from fraud_engines.rules.guard import Departure, HitRateGuard
from fraud_engines.rules.in_force import Loaded, RulesInForce
from fraud_engines.rules.ruleset import Ruleset, RulesetError, load
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_rules import tables, telemetry
from fraud_rules.settings import Settings
from fraud_rules.store import RulesStore
from fraud_rules.tallies import Tallies
from fraud_shared.contracts.signal import RulesRequest, RulesResult
from fraud_shared.contracts.versions import (
    CheckReport,
    InForce,
    VersionView,
)
from fraud_shared.documents import line_of
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database, database_url
from fraud_shared.state.retaining import Retainer, retaining, rules_in
from fraud_shared.state.versions import Numbered
from fraud_shared.web.problems import FraudError, Unavailable

log = structlog.get_logger()


class RulesetInvalid(FraudError):
    """The ruleset does not pass its checks."""

    status = 422
    type = "ruleset-invalid"
    detail = "The ruleset that was in force stays in force."


class FeatureSetMismatch(FraudError):
    """The feature vector belongs to another feature set than the rules use."""

    status = 409
    type = "feature-set-mismatch"
    detail = (
        "Compute the features with the feature set that the rules were checked for."
    )


class RulesService:
    """Evaluates with what it adopted last; a payment keeps what it started with."""

    def __init__(
        self, settings: Settings, clock: Clock, *, schema: str = "rules"
    ) -> None:
        self.settings = settings
        self._clock = clock
        url = database_url(
            settings.database_url,
            service="rules",
            var_dir=settings.var_dir,
            production=settings.production,
        )
        self.db = Database(
            url, schema=schema, migrations=Path(__file__).parent / "migrations"
        )
        self.store = RulesStore(self.db, clock)
        self.versions = self.store.versions
        self.rules = RulesInForce(PAYMENT_FEATURES)
        self.tallies = Tallies(settings.time_every)
        self._guard = HitRateGuard({})
        self._departed: asyncio.Queue[Departure] = asyncio.Queue()
        self._refreshing = asyncio.Lock()
        self._opened = False

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        """Ready once a ruleset is in force."""
        return {"ruleset": lambda: self.rules.loaded is not None}

    @property
    def ruleset(self) -> Ruleset:
        """The live ruleset; 503 before the first."""
        if self.rules.loaded is None:
            raise Unavailable
        return self.rules.loaded.live

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the store and follow it while inside."""
        await self.start()
        settings = self.settings
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.db.stop)
            stack.push_async_callback(self._last_count)
            for name, work, every_s in (
                ("rules_refresh", self.refresh, settings.refresh_every_s),
                ("rules_count", self.count, settings.count_every_s),
                ("rules_guard", self.settle_departed, settings.refresh_every_s),
            ):
                await stack.enter_async_context(repeating(name, work, every_s=every_s))
            kept = rules_in("rules", settings)
            retainer = Retainer(self.db, tables.metadata, kept, self._clock)
            await stack.enter_async_context(retaining(retainer))
            yield

    async def start(self) -> None:
        """Adopt what is in force. A bad seed stops the start; a store that is away does
        not: the service is not ready until it was read once. Raises RulesetInvalid."""
        await self._seed()
        with suppress(Unavailable):
            await self.refresh()

    def evaluate(self, request: RulesRequest) -> RulesResult:
        """What the rules say about one payment."""
        live = self.ruleset
        payment, features = request.transaction, request.features
        try:
            result = self.rules.evaluate(payment, features, self._clock.now())
        except WrongFeatures:
            raise FeatureSetMismatch from None
        telemetry.observe(result)
        self.tallies.add(live.document.version, result)
        if self.tallies.times_next():
            self.tallies.add_times(self.rules.timed(payment, features))
        hits = [hit.rule for hit in result.hits if hit.kind == "match"]
        for found in self._guard.seen(hits):
            self._departed.put_nowait(found)
        return result

    async def check(self, text: str) -> CheckReport:
        """The ruleset in `text`, checked in full; nothing is kept."""
        ruleset = await self._loaded(text)
        found = analyse(ruleset, self.rules.register)
        places = {rule.ref: place for place, rule in enumerate(ruleset.rules)}
        raw = text.encode()
        lines = [line_of(raw, ("rules", places[each.rule])) for each in found]
        return CheckReport(
            document=ruleset.version,
            sha256=ruleset.content_hash,
            findings=[
                each.model_copy(update={"line": line})
                for each, line in zip(found, lines, strict=True)
            ],
        )

    async def draft(self, text: str, who: str, why: str) -> VersionView:
        """Check and store a ruleset. Raises RulesetInvalid and VersionExists."""
        ruleset = await self._loaded(text)
        if (loaded := self.rules.loaded) is not None:
            changed = loaded.whole.reused(ruleset)
            if changed:
                raise RulesetInvalid(
                    errors=[
                        (ref, "changed: raise the rule's version") for ref in changed
                    ]
                )
        return await self.versions.draft(_numbered(ruleset, text), who, why)

    async def in_force(self, after: int) -> InForce:
        """What changed since a revision."""
        return await self.store.in_force(after)

    async def refresh(self) -> None:
        """Adopt what changed since the revision that is known here. Raises Unavailable."""
        async with self._refreshing:
            await self._open()
            known = self.rules.revision
            if known and (await self.versions.revisions())["all"] == known:
                return
            await self._adopt(await self.store.in_force(known))

    async def _open(self) -> None:
        if self._opened:
            return
        try:
            await self.db.start()
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise Unavailable("The data store is not available.") from error
        text, ruleset = self._first
        await self.versions.seed(_numbered(ruleset, text))
        self._opened = True

    async def _seed(self) -> None:
        """Read and check the packaged ruleset. Raises RulesetInvalid."""
        try:
            text = await asyncio.to_thread(self.settings.ruleset.read_text)
        except (OSError, UnicodeDecodeError):
            raise RulesetInvalid(errors=[("file", "cannot be read")]) from None
        self._first = text, await self._loaded(text)

    async def _adopt(self, change: InForce) -> None:
        if change.documents and change.live is not None:
            try:
                loaded = await asyncio.to_thread(
                    self.rules.prepare, change.live, change.shadow, change.demoted
                )
            except RulesetError as error:
                # Made by a newer release than this one: what is in force stays.
                telemetry.RELOADS.labels("refused").inc()
                log.warning("ruleset_refused", first=error.problems[0])
            else:
                self._flip_to(loaded)
        self.rules.take(change, self._clock.now())
        telemetry.ENTRIES.set(len(self.rules.register))

    def _flip_to(self, loaded: Loaded) -> None:
        before = self.rules.loaded
        self.rules.flip(loaded)
        live = loaded.live
        if before is None or before.live is not live:
            bands = {
                rule.ref: rule.row.expected_hit_rate
                for rule in live.rules
                if rule.state == "live" and rule.row.expected_hit_rate is not None
            }
            self._guard = HitRateGuard(bands)
        telemetry.RULESET_INFO.clear()
        telemetry.RULESET_INFO.labels(live.version).set(1)
        telemetry.RELOADS.labels("loaded").inc()
        log.info("ruleset_loaded", ruleset=live.version, demoted=len(loaded.demoted))

    async def settle_departed(self) -> None:
        """Demote what left its band, or only say so of a hard rule."""
        while not self._departed.empty():
            found = self._departed.get_nowait()
            rules = {rule.ref: rule for rule in self.ruleset.rules}
            rule, version = rules.get(found.rule), self.ruleset.document.version
            if rule is None:
                continue
            telemetry.ALARMS.labels(found.rule, found.direction).inc()
            log.warning(
                "rule_left_its_band",
                rule=found.rule,
                direction=found.direction,
                tier=rule.tier,
            )
            try:
                if rule.tier == "hard":
                    await self.store.alarm(version, found.rule, found.why)
                else:
                    await self.store.demote(version, found.rule, found.why)
            except Unavailable:
                self._departed.put_nowait(found)
                raise
        await self.refresh()

    async def count(self) -> None:
        """Add what rules did since the last time to the totals of all replicas."""
        for version, tallies in self.tallies.take().items():
            try:
                await self.store.count(version, tallies)
            except Unavailable:
                self.tallies.put_back(version, tallies)
                raise

    async def _last_count(self) -> None:
        with suppress(Unavailable):
            await self.count()

    async def _loaded(self, text: str) -> Ruleset:
        try:
            return await asyncio.to_thread(load, text.encode(), PAYMENT_FEATURES)
        except RulesetError as error:
            raise RulesetInvalid(errors=error.problems) from None


def _numbered(ruleset: Ruleset, text: str) -> Numbered:
    document = ruleset.document
    return Numbered(document.name, document.version, ruleset.content_hash, text)
