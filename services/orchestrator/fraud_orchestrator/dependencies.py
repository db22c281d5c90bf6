"""What the gateway is wired from: stores, engines, other services, and the stages of them."""

from functools import partial
from pathlib import Path

from fraud_features.store.open_store import open_online_store
from fraud_features.store.port import OnlineStore
from fraud_orchestrator.audit_chain import CheckpointKey
from fraud_orchestrator.engines import Engines, LocalPolicy, LocalRules
from fraud_orchestrator.erasing import Eraser
from fraud_orchestrator.measured_rates import MeasuredRates
from fraud_orchestrator.pipeline import Pipeline
from fraud_orchestrator.rebuild import RebuildLease
from fraud_orchestrator.self_rebuild import SelfRebuild
from fraud_orchestrator.settings import Settings
from fraud_orchestrator.stages.actions import Actions
from fraud_orchestrator.stages.challenger import Challenger
from fraud_orchestrator.stages.exemption import Exemptions
from fraud_orchestrator.stages.online import Online
from fraud_orchestrator.stages.rules import Rules
from fraud_orchestrator.stages.screening import Screening
from fraud_orchestrator.stages.signals import Signals
from fraud_orchestrator.stages.verdict import Decider
from fraud_orchestrator.stores.audit import AuditLog
from fraud_orchestrator.stores.backfill import SqlBackfillLog
from fraud_orchestrator.stores.decisions import DecisionStore
from fraud_orchestrator.stores.erasures import ErasureStore
from fraud_orchestrator.stores.history import History
from fraud_orchestrator.stores.labels import Labels
from fraud_orchestrator.stores.payment_events import PaymentEvents
from fraud_orchestrator.stores.sca import ScaCounters
from fraud_orchestrator.stores.search import DecisionSearch
from fraud_orchestrator.stores.subject_decisions import SubjectDecisions
from fraud_orchestrator.stores.work import WorkStore
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.state.database import Database, database_url
from fraud_shared.web.problems import FraudError

# A payment waits for each statement: longer than this its connection is given up.
STEP_S = 1.8
# A silent service must not keep the gateway from hearing of the other for long.
FOLLOW_WITHIN_MS = 1000.0


class RedisUrlMissing(FraudError):
    """Production needs an online store."""

    type = "redis-url-missing"


class Dependencies:
    """Everything that holds state or reaches out. Made once; the gateway opens and closes
    it. `online` is an open store, or None to open the one that the settings name."""

    def __init__(
        self,
        settings: Settings,
        service_client: ServiceClient,
        online: OnlineStore | None,
        clock: Clock,
    ) -> None:
        self.service_client = service_client
        # A question that takes long, or fails, must open no breaker that payments need.
        self.questions = service_client.isolated()
        self.store = online or open_online_store(
            _redis_url(settings), timeout_ms=settings.online_cap_ms
        )
        # One that was given may be in use by others: whoever opened it closes it.
        self.owns_store = online is None
        self.db = Database(
            database_url(
                settings.database_url,
                service="orchestrator",
                var_dir=settings.var_dir,
                production=settings.production,
            ),
            schema="orchestrator",
            migrations=Path(__file__).parent / "migrations",
            step_s=STEP_S,
        )
        key = CheckpointKey(settings.secret("FRAUD_AUDIT_KEY", settings.audit_key))
        self.audit_log = AuditLog(self.db, key, clock)
        self._erasing(settings, key, clock)
        self.decisions = DecisionStore(self.db, self.audit_log.settled)
        self.search = DecisionSearch(self.db)
        self.labels = Labels(self.db, self.decisions.outbox)
        kept = settings.var_dir
        self.payment_events = PaymentEvents(self.db, self.decisions.outbox)
        self.work = WorkStore(self.db, self.decisions.outbox, clock)
        self.engines = Engines(
            LocalRules(settings.ruleset, clock, kept / "gateway-rules.json"),
            LocalPolicy(settings.policy, kept / "gateway-policy.json"),
            share=settings.compare_share,
            ask=partial(_ask, self.questions),
        )
        self.rates = MeasuredRates(self.questions, max_age=settings.rates_max_age)
        self.exemptions = Exemptions(ScaCounters(self.db), self.rates)
        self.pipeline = self._pipeline(settings)
        self.self_rebuild = SelfRebuild(
            self.store,
            History(self.db),
            RebuildLease(self.db),
            self.questions,
            per_second=settings.online_rebuild_per_s,
        )

    def _erasing(self, settings: Settings, key: CheckpointKey, clock: Clock) -> None:
        """What exports and erases a person's data."""
        self.erasures = ErasureStore(self.db, clock)
        self.subject_decisions = SubjectDecisions(self.db, key, clock)
        self.eraser = Eraser(
            self.erasures,
            self.subject_decisions,
            self.store,
            self.questions,
            clock,
            settings.erasure_settle,
        )

    def _pipeline(self, s: Settings) -> Pipeline:
        """The stages with the budget of the settings."""
        client, engines = self.service_client, self.engines
        return Pipeline(
            settings=s,
            online=Online(
                self.store, cap_ms=s.online_cap_ms, backfill_log=SqlBackfillLog(self.db)
            ),
            screening=Screening(client),
            rules=Rules(client, engines, cap_ms=s.rules_cap_ms),
            signals=Signals(
                client,
                cap_ms=s.models_cap_ms,
                least_ms=s.models_least_ms,
                explain_from=s.explain_from,
                explain_strange=s.explain_strange,
                challenger=Challenger(s.challenger_mode, s.challenger_share),
            ),
            decider=Decider(client, engines, cap_ms=s.decision_cap_ms),
            exemptions=self.exemptions,
            decisions=self.decisions,
            actions=Actions(client, cap_ms=s.action_cap_ms),
        )


async def _ask(client: ServiceClient, service: str, path: str) -> bytes:
    """What a service answers to a question about what it has in force."""
    return await client.get(service, path, deadline=Deadline.after(FOLLOW_WITHIN_MS))


def _redis_url(settings: Settings) -> str:
    if settings.redis_url:
        return settings.redis_url
    if settings.production:
        raise RedisUrlMissing("REDIS_URL is required when FRAUD_ENV=production")
    return "memory://"
