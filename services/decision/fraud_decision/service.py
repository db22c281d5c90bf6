"""The decision service: holds the policy in force, and follows what people change."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
import structlog

from fraud_decision import tables, telemetry
from fraud_decision.settings import Settings
from fraud_engines.policy.policy import Policy, load
from fraud_engines.policy.policy_schema import DocumentError
from fraud_shared.contracts.decision import DecideRequest, Ruling
from fraud_shared.contracts.versions import CheckReport, InForce, VersionView
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database, database_url
from fraud_shared.state.versions import Numbered, VersionStore
from fraud_shared.web.problems import FraudError, Unavailable

log = structlog.get_logger()


class PolicyInvalid(FraudError):
    """The policy does not pass its checks."""

    status = 422
    type = "policy-invalid"
    detail = "The policy that was in force stays in force."


class PolicyService:
    """Rules with one policy at a time. A request keeps the policy it started with."""

    def __init__(
        self, settings: Settings, clock: Clock, *, schema: str = "decision"
    ) -> None:
        self.settings = settings
        url = database_url(
            settings.database_url,
            service="decision",
            var_dir=settings.var_dir,
            production=settings.production,
        )
        self.db = Database(
            url, schema=schema, migrations=Path(__file__).parent / "migrations"
        )
        self.versions = VersionStore(self.db, tables.VERSIONS, clock.now)
        self._policy: Policy | None = None
        self._shadow: Policy | None = None
        self._revision = 0
        self._refreshing = asyncio.Lock()
        self._opened = False

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        """Ready once a policy is in force."""
        return {"policy": lambda: self._policy is not None}

    @property
    def policy(self) -> Policy:
        """The policy in force; 503 before the first."""
        if self._policy is None:
            raise Unavailable
        return self._policy

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the store and follow it while inside."""
        await self.start()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.db.stop)
            every_s = self.settings.refresh_every_s
            await stack.enter_async_context(
                repeating("policy_refresh", self.refresh, every_s=every_s)
            )
            yield

    async def start(self) -> None:
        """Adopt what is in force. A bad seed stops the start; a store that is away does
        not: the service is not ready until it was read once. Raises PolicyInvalid."""
        try:
            text = await asyncio.to_thread(self.settings.policy.read_text)
        except (OSError, UnicodeDecodeError):
            raise PolicyInvalid(errors=[("file", "cannot be read")]) from None
        self._first = text, self._loaded(text)
        with suppress(Unavailable):
            await self.refresh()

    def decide(self, request: DecideRequest) -> Ruling:
        """The ruling for one payment. A policy in shadow is asked as well, and counted."""
        policy = self.policy
        began = time.perf_counter()
        ruling = policy.decide(request)
        telemetry.RULING_SECONDS.observe(time.perf_counter() - began)
        telemetry.VERDICTS.labels(ruling.decision, ruling.challenge or "none").inc()
        for code in ruling.degraded:
            telemetry.DEGRADED.labels(code).inc()
        if ruling.stand_in:
            telemetry.STAND_IN.inc()
        if self._shadow is not None:
            beside = self._shadow.decide(request)
            telemetry.SHADOW.labels(ruling.decision, beside.decision).inc()
        return ruling

    async def check(self, text: str) -> CheckReport:
        """The policy in `text`, checked in full; nothing is kept."""
        policy = self._loaded(text)
        return CheckReport(
            document=policy.version, sha256=policy.content_hash, findings=[]
        )

    async def draft(self, text: str, who: str, why: str) -> VersionView:
        """Check and store a policy. Raises PolicyInvalid and VersionExists."""
        return await self.versions.draft(_numbered(self._loaded(text), text), who, why)

    async def in_force(self, after: int) -> InForce:
        """What changed since a revision."""
        return await self.versions.in_force(after)

    async def refresh(self) -> None:
        """Adopt what changed since the revision that is known here. Raises Unavailable."""
        async with self._refreshing:
            await self._open()
            if self._revision:
                revisions = await self.versions.revisions()
                if revisions["all"] == self._revision:
                    return
            change = await self.versions.in_force(self._revision)
            if change.documents and change.live is not None:
                self._adopt(change.live, change.shadow)
            self._revision = change.revision

    async def _open(self) -> None:
        if self._opened:
            return
        try:
            await self.db.start()
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise Unavailable("The data store is not available.") from error
        text, policy = self._first
        await self.versions.seed(_numbered(policy, text))
        self._opened = True

    def _adopt(self, live: str, shadow: str | None) -> None:
        try:
            policy = self._loaded(live)
            beside = None if shadow is None else self._loaded(shadow)
        except PolicyInvalid as problem:
            # Made by a newer release than this one: what is in force stays.
            telemetry.RELOADS.labels("refused").inc()
            log.warning("policy_refused", first=problem.errors[0])
            return
        self._policy, self._shadow = policy, beside
        telemetry.POLICY_INFO.clear()
        telemetry.POLICY_INFO.labels(policy.version).set(1)
        telemetry.RELOADS.labels("loaded").inc()
        log.info("policy_loaded", policy=policy.version)

    def _loaded(self, text: str) -> Policy:
        try:
            return load(text.encode())
        except DocumentError as error:
            raise PolicyInvalid(errors=error.problems) from None


def _numbered(policy: Policy, text: str) -> Numbered:
    document = policy.document
    return Numbered(document.name, document.version, policy.content_hash, text)
