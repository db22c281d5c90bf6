"""The gateway's component: everything between a request and the stages."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import structlog

from fraud_features.store.port import OnlineStore, open_online_store
from fraud_orchestrator import tables
from fraud_orchestrator.authentication import Authentication
from fraud_orchestrator.batch_lane import BatchLane
from fraud_orchestrator.caller_features import CallerFeatures
from fraud_orchestrator.engines import Engines, LocalPolicy, LocalRules
from fraud_orchestrator.pipeline import Pipeline
from fraud_orchestrator.privacy import Privacy, parties
from fraud_orchestrator.rebuild import RebuildLease
from fraud_orchestrator.self_rebuild import SelfRebuild
from fraud_orchestrator.settings import Settings
from fraud_orchestrator.stages.actions import Actions
from fraud_orchestrator.stages.challenger import Challenger
from fraud_orchestrator.stages.online import Online
from fraud_orchestrator.stages.rules import Rules
from fraud_orchestrator.stages.screening import Screening
from fraud_orchestrator.stages.signals import Signals
from fraud_orchestrator.stages.verdict import Decider
from fraud_orchestrator.stores.backfill_rows import BackfillRows
from fraud_orchestrator.stores.decisions import DecisionStore, IdempotencyKey
from fraud_orchestrator.stores.history import History
from fraud_orchestrator.stores.labels import Labels
from fraud_shared.contracts.label import LabelReport
from fraud_shared.contracts.transaction import Transaction, TransactionIn
from fraud_shared.mesh.addresses import SERVICES
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.state.bus import open_bus
from fraud_shared.state.database import Database, database_url
from fraud_shared.state.outbox import Relay
from fraud_shared.state.retaining import Retainer, retaining, rules_in
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import FraudError, InvalidInput

log = structlog.get_logger()
INTERRUPTED_AFTER = timedelta(seconds=2)
NEIGHBOURS = tuple(name for name in SERVICES if name != "orchestrator")
CATCH_UP_S = 0.5
FOLLOW_S = 1.0
COLD_CHECK_S = 2.0
WARM_UP_TRIES = 120
WARM_CONNECTIONS = 4
WARM_UP_ROUNDS = 20


class RedisUrlMissing(FraudError):
    """Production needs an online store."""

    type = "redis-url-missing"


class Gateway:
    """Holds the gateway's stores and stages. Made once, run inside `running()`."""

    def __init__(
        self,
        settings: Settings,
        *,
        service_client: ServiceClient,
        online: OnlineStore | None,
        clock: Clock,
        features: CallerFeatures,
    ) -> None:
        self.settings = settings
        self.service_client = service_client
        # A question that takes long, or fails, must not shut the door on payments.
        self.questions = service_client.isolated()
        self._features = features
        self.admission = Authentication(settings)
        self.batches = BatchLane(settings.batch_concurrency)
        self._clock = clock
        pan_key = settings.secret("FRAUD_PAN_KEY", settings.pan_key)
        self._privacy = Privacy(pan_key)
        self._fingerprint_key = hashlib.sha256(
            b"fingerprint:" + pan_key.encode()
        ).digest()
        self.store = online or open_online_store(
            _redis_url(settings), timeout_ms=settings.online_cap_ms
        )
        # One that was given may be in use by others: whoever opened it closes it.
        self._owns_store = online is None
        self.db = Database(
            database_url(
                settings.database_url,
                service="orchestrator",
                var_dir=settings.var_dir,
                production=settings.production,
            ),
            schema="orchestrator",
            migrations=Path(__file__).parent / "migrations",
        )
        self.record = DecisionStore(self.db)
        self.engines = Engines(
            LocalRules(settings.ruleset, clock),
            LocalPolicy(settings.policy),
            share=settings.compare_share,
        )
        self.labels = Labels(self.db, self.record.outbox)
        self._started = False

    @cached_property
    def pipeline(self) -> Pipeline:
        """The stages with this gateway's budget."""
        s = self.settings
        return Pipeline(
            settings=s,
            online=Online(
                self.store, cap_ms=s.online_cap_ms, missed_log=BackfillRows(self.db)
            ),
            screening=Screening(self.service_client),
            rules=Rules(self.service_client, self.engines, cap_ms=s.rules_cap_ms),
            signals=Signals(
                self.service_client,
                cap_ms=s.models_cap_ms,
                least_ms=s.models_least_ms,
                explain_from=s.explain_from,
                explain_strange=s.explain_strange,
                challenger=Challenger(s.challenger_mode, s.challenger_share),
            ),
            decider=Decider(
                self.service_client, self.engines, cap_ms=s.decision_cap_ms
            ),
            record=self.record,
            actions=Actions(self.service_client, cap_ms=s.action_cap_ms),
        )

    async def score(self, payment: TransactionIn, context: RequestContext) -> bytes:
        """Decide one payment. See `Pipeline.score` for what it raises."""
        inside = await self.inside(payment, context)
        key = self._key(inside, payment, context)
        return await self.pipeline.score(inside, parties(payment), key, context)

    async def inside(
        self, payment: TransactionIn, context: RequestContext
    ) -> Transaction:
        """The payment, tokenised. Raises InvalidInput where only the gateway can know
        that a field is wrong: its time, its features, a card number among them."""
        self.check_time(payment)
        inside = self._privacy.inside(payment)
        await self._features.check(payment.features, context)
        return inside

    def check_time(self, payment: TransactionIn) -> None:
        """Refuse event times that would move windows wrongly."""
        ahead_s = (payment.occurred_at - self._clock.now()).total_seconds()
        if ahead_s > self.settings.event_ahead_s:
            raise InvalidInput(errors=[("occurred_at", "lies in the future")])
        if -ahead_s > self.settings.event_behind_s:
            raise InvalidInput(errors=[("occurred_at", "lies too far in the past")])

    def check_reported(self, report: LabelReport) -> None:
        """Refuse a report from the future: nothing its source says now could withdraw it."""
        ahead_s = (report.reported_at - self._clock.now()).total_seconds()
        if ahead_s > self.settings.event_ahead_s:
            raise InvalidInput(errors=[("reported_at", "lies in the future")])

    def _key(
        self, inside: Transaction, payment: TransactionIn, context: RequestContext
    ) -> IdempotencyKey:
        given = context.header("idempotency-key")
        if given is not None and not (1 <= len(given) <= 255 and given.isprintable()):
            raise InvalidInput(
                errors=[("Idempotency-Key", "must be 1 to 255 visible characters")]
            )
        # Over validated content in field order, so that white space and key order do not
        # make another request; keyed, so that the log holds no guessable digest.
        content = inside.model_dump_json(exclude={"features"}).encode()
        features = repr(sorted(payment.features.items())).encode()
        names = "".join(p.model_dump_json() for p in parties(payment)).encode()
        digest = hmac.new(
            self._fingerprint_key,
            b"\n".join((content, features, names)),
            hashlib.sha256,
        )
        return IdempotencyKey(
            client=context.caller,
            key=given,
            transaction_id=payment.transaction_id,
            fingerprint=digest.hexdigest(),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Stores open, outbox relayed, interrupted decisions completed."""
        async with AsyncExitStack() as stack:
            await self.engines.reload()
            await self.db.start()
            stack.push_async_callback(self.db.stop)
            if self._owns_store:
                stack.push_async_callback(self.store.close)
            stack.push_async_callback(self.service_client.close)
            stack.push_async_callback(self._features.close)
            stack.push_async_callback(self.admission.close)
            bus = open_bus(self.settings.amqp_url, self.service_client)
            relay = Relay(self.db, tables.outbox, bus, outbox=self.record.outbox)
            await stack.enter_async_context(relay.running())
            online = self.pipeline.online
            stack.push_async_callback(online.close)
            await online.recover()
            catching_up = repeating(
                "online_catch_up",
                online.catch_up,
                every_s=CATCH_UP_S,
                wake=online.back,
            )
            await stack.enter_async_context(catching_up)
            following = repeating(
                "engines_follow", self.engines.follow, every_s=FOLLOW_S
            )
            await stack.enter_async_context(following)
            rebuilding = repeating(
                "online_rebuild", self._self_rebuild().round, every_s=COLD_CHECK_S
            )
            await stack.enter_async_context(rebuilding)
            await stack.enter_async_context(retaining(self._retainer()))
            for work in (self._complete_interrupted(), self._warm_up()):
                stack.push_async_callback(_cancelled, asyncio.create_task(work))
            self._started = True
            yield
            self._started = False

    def _retainer(self) -> Retainer:
        rules = rules_in("orchestrator", self.settings)
        return Retainer(self.db, tables.metadata, rules, self._clock)

    def _self_rebuild(self) -> SelfRebuild:
        return SelfRebuild(
            self.store,
            History(self.db),
            RebuildLease(self.db),
            self.questions,
            per_second=self.settings.online_rebuild_per_s,
        )

    def ready(self) -> bool:
        """Whether the decision log is open."""
        return self._started

    async def _warm_up(self) -> None:
        """Make the first payment as quick as the thousandth.

        Opens connections to every neighbour and asks each the question a payment asks,
        with no effect anywhere. One that is away is tried for a minute, then left to the
        first payment: readiness never depends on another service.
        """
        waiting = set(NEIGHBOURS)
        for _ in range(WARM_UP_TRIES):
            for service in sorted(waiting):
                with suppress(DependencyError):
                    asked = [
                        self.service_client.get(
                            service, "/livez", deadline=Deadline.after(1000)
                        )
                        for _ in range(WARM_CONNECTIONS)
                    ]
                    await asyncio.gather(*asked)
                    waiting.discard(service)
            if not waiting:
                break
            await asyncio.sleep(0.5)
        try:
            for _ in range(WARM_UP_ROUNDS):
                await self.pipeline.warm_up()
        except FraudError as error:  # a store is away: its payments will say so
            log.warning("not_warm", problem=error.type, away=sorted(waiting))
            return
        log.info("warm", away=sorted(waiting))

    async def _complete_interrupted(self) -> None:
        """Finish decisions whose gateway died between commit and action."""
        while True:
            await asyncio.sleep(1.0)
            try:
                for made in await self.record.unfinished(INTERRUPTED_AFTER):
                    await self.pipeline.act(
                        made, made.decision, None, Deadline.after(1000)
                    )
                    log.info("completed", decision_id=made.decision.decision_id)
            except Exception as error:
                log.warning("completing_failed", exception=type(error).__name__)


def _redis_url(settings: Settings) -> str:
    if settings.redis_url:
        return settings.redis_url
    if settings.production:
        raise RedisUrlMissing("REDIS_URL is required when FRAUD_ENV=production")
    return "memory://"


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
