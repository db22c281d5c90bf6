"""post_auth's parts, put together, and what runs beside its requests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from fraud_post_auth import profiles, tables
from fraud_post_auth.dataset import DatasetStore, Features
from fraud_post_auth.decode import fact
from fraud_post_auth.exporter import Exporter
from fraud_post_auth.ledger import Ledger
from fraud_post_auth.projection import LabelStore, Projector
from fraud_post_auth.ratios import Asked, measure, month_of
from fraud_post_auth.settings import Settings
from fraud_post_auth.subject_data import PostAuthSubjects
from fraud_post_auth.telemetry import RATIO
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.contracts.label import StandingLabel
from fraud_shared.contracts.profile import BehaviourProfile
from fraud_shared.contracts.ratios import Ratios, RatiosQuery
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.consumer import consuming
from fraud_shared.state.database import Database, database_url
from fraud_shared.state.parking import Parking
from fraud_shared.state.retaining import Retainer, retaining, rules_in
from fraud_shared.web.problems import NotFound


class PostAuthService:
    """Learns what happened: profiles, labels, training rows, datasets."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        online: LabelStore,
        features: Features,
        schema: str = "post_auth",
    ) -> None:
        self.settings = settings
        self.db = Database(
            database_url(
                settings.database_url,
                service="post_auth",
                var_dir=settings.var_dir,
                production=settings.production,
            ),
            schema=schema,
            migrations=Path(__file__).parent / "migrations",
        )
        self.parking = Parking(
            self.db, tables.parked, clock, service="post_auth", check=fact
        )
        self.projector = Projector(self.db, online)
        self.exporter = Exporter(
            self.db, DatasetStore(settings.datasets), features, settings.maturity, clock
        )
        self.subjects = PostAuthSubjects(self.db, self.exporter.store)
        self._ledger = Ledger(self.db, self.parking, clock)
        self._clock = clock
        rules = rules_in("post_auth", settings)
        self.retainer = Retainer(self.db, tables.metadata, rules, clock)
        self._news = asyncio.Event()
        self._stored = False

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        """What must hold before requests are taken."""
        return {"database": lambda: self._stored}

    async def handle(self, events: Sequence[CloudEvent]) -> None:
        """Apply events; returning means durable."""
        await self._ledger.apply(events)
        self._news.set()

    async def profile(self, tenant: str, account_id: str) -> BehaviourProfile:
        """The profile of a tenant's account. Raises NotFound."""
        async with self.db.read() as conn:
            found = await profiles.read(conn, tenant, account_id)
        if found is None:
            raise NotFound
        return found

    async def label(self, tenant: str, transaction_id: str) -> StandingLabel:
        """What stands about a tenant's payment. Raises NotFound."""
        found = await self.projector.standing(tenant, transaction_id)
        if found is None:
            raise NotFound
        return found

    async def ratios(self, tenants: Sequence[str], query: RatiosQuery) -> Ratios:
        """The ratios of these tenants; of everybody for `*`."""
        now = self._clock.now()
        asked = Asked(
            None if "*" in tenants else tuple(tenants),
            month_of(query.month, now),
            query.as_of or now,
        )
        async with self.db.read(patient=True) as conn:
            return await measure(conn, asked)

    async def show_ratios(self) -> None:
        """Put everybody's ratios into the metrics."""
        found = await self.ratios(("*",), RatiosQuery())
        for name, ratio in (("vamp", found.vamp), ("ecm", found.ecm)):
            RATIO.labels(name, "card", "").set(ratio.basis_points or 0.0)
        for rate in found.tra:
            RATIO.labels("tra", rate.instrument, rate.segment or "").set(
                rate.basis_points or 0.0
            )

    async def project(self) -> None:
        """Tell the online store of every label it does not know yet."""
        while await self.projector.round():
            pass

    async def export_if_due(self) -> None:
        """Write a dataset when its time has come."""
        every_s = self.settings.export_every_s
        every = timedelta(seconds=every_s) if every_s else None
        await self.exporter.export_if_due(every)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the store, consume, and run the background work while inside."""
        settings = self.settings
        await self.db.start()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.db.stop)
            await stack.enter_async_context(
                repeating(
                    "label_projection",
                    self.project,
                    every_s=settings.project_every_s,
                    wake=self._news,
                )
            )
            await stack.enter_async_context(
                repeating(
                    "dataset_export",
                    self.export_if_due,
                    every_s=settings.export_check_s,
                )
            )
            await stack.enter_async_context(
                repeating(
                    "ratios",
                    self.show_ratios,
                    every_s=settings.ratios_every.total_seconds(),
                )
            )
            await stack.enter_async_context(retaining(self.retainer))
            await stack.enter_async_context(
                consuming(
                    settings.amqp_url,
                    service="post_auth",
                    handler=self.handle,
                    park=self.parking.keep_bytes,
                )
            )
            self._stored = True
            yield
            self._stored = False
