"""The gateway's component: everything between a request and the stages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime

from pydantic import BaseModel

from fraud_features.store.port import OnlineStore
from fraud_orchestrator import tables
from fraud_orchestrator.authentication import Authentication, in_test_mode
from fraud_orchestrator.batch_lane import BatchLane
from fraud_orchestrator.caller_features import CallerFeatures
from fraud_orchestrator.completion import complete_interrupted
from fraud_orchestrator.dependencies import Dependencies
from fraud_orchestrator.idempotency import IdempotencyKeys
from fraud_orchestrator.privacy import Privacy, parties
from fraud_orchestrator.settings import Settings
from fraud_orchestrator.stores.api_keys import KeyStore
from fraud_orchestrator.test_mode.service import TestMode
from fraud_orchestrator.test_mode.store import Asked
from fraud_orchestrator.warm_up import WarmUp
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.deliveries import AlertTrial
from fraud_shared.contracts.entries import network_or_address
from fraud_shared.contracts.payment_events import PaymentEvent
from fraud_shared.contracts.transaction import Transaction, TransactionIn
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.state.open_bus import open_bus
from fraud_shared.state.outbox import Relay
from fraud_shared.state.retaining import Retainer, retaining, rules_in
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import InvalidInput

CATCH_UP_S = 0.5
COLD_CHECK_S = 2.0
SEAL_S = 0.5
# A key made or revoked at another gateway counts here within 5 seconds.
KEYS_S = 2.0
ERASE_S = 60.0


class Gateway:
    """Takes payments in and lets the pipeline decide them. Made once, run inside
    `running()`."""

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
        self.admission = Authentication(settings, clock=clock)
        self.batches = BatchLane(settings.batch_concurrency)
        self._features = features
        self._clock = clock
        pan_key = settings.secret("FRAUD_PAN_KEY", settings.pan_key)
        self._privacy = Privacy(pan_key)
        self._keys = IdempotencyKeys(pan_key)
        self._dependencies = Dependencies(settings, service_client, online, clock)
        self.pipeline = self._dependencies.pipeline
        self.decisions = self._dependencies.decisions
        self.keys = KeyStore(
            self._dependencies.db,
            self.admission.ring,
            clock,
            pepper=settings.secret("FRAUD_KEY_PEPPER", settings.key_pepper),
        )
        self.test_mode = TestMode(self._dependencies.db, clock, self._try_alert)
        self.search = self._dependencies.search
        self.labels = self._dependencies.labels
        self.audit_log = self._dependencies.audit_log
        self.payment_events = self._dependencies.payment_events
        self.work = self._dependencies.work
        self.exemptions = self._dependencies.exemptions
        self.erasures = self._dependencies.erasures
        self.subject_decisions = self._dependencies.subject_decisions
        self.eraser = self._dependencies.eraser
        self.engines = self._dependencies.engines
        self.questions = self._dependencies.questions
        self._started = False

    async def score(self, payment: TransactionIn, context: RequestContext) -> bytes:
        """Decide one payment. See `Pipeline.score` for what it raises. For a key of scope
        `test`, test mode answers, and nothing below is reached."""
        inside = await self.inside(payment, context)
        named = parties(payment)
        key = self._keys.of(inside, named, context)
        if in_test_mode(context):
            asked = Asked(key.client, key.transaction_id, key.key, key.fingerprint)
            return await self.test_mode.score(inside, asked, context)
        if inside.supersedes is not None:
            await self._check_first_request(inside, inside.supersedes, context.caller)
        context.log(account=self.token_of("account", inside.account_id))
        return await self.pipeline.score(inside, named, key, context)

    async def _try_alert(self, trial: AlertTrial, context: RequestContext) -> None:
        """Have the alert of a decision of test mode sent, once."""
        with suppress(DependencyError):
            await self.questions.forward(
                "action",
                "POST",
                "/v1/alert-trials",
                trial.model_dump_json().encode(),
                deadline=context.deadline.capped(self.settings.query_cap_ms),
                headers={"accept": "application/json"},
                context=context,
            )

    async def inside(
        self, payment: TransactionIn, context: RequestContext
    ) -> Transaction:
        """The payment, tokenised. Raises InvalidInput where only the gateway can know
        that a field is wrong: its time, its features, a card number among them."""
        self.check_time(payment)
        inside = self._privacy.inside(payment, self.engines.rules.in_force.networks)
        await self._features.check(payment.features, context)
        return inside

    def with_token(self, request: BaseModel) -> BaseModel:
        """An entry or snooze about an address, with the token that payments have of it; of
        a network, or another kind, as it is."""
        if getattr(request, "kind", None) != "ip":
            return request
        try:
            address = network_or_address(getattr(request, "value", ""))
        except ValueError:
            return request  # the service says what is wrong
        if "/" in address:
            return request
        token = self._privacy.address(address)
        return request.model_copy(update={"value": token})

    def now(self) -> datetime:
        """The time of this gateway's clock."""
        return self._clock.now()

    def card_token(self, number: str) -> str:
        """The keyed token of a card number."""
        return self._privacy.card_token(number)

    def token_of(self, kind: str, name: str) -> str:
        """The keyed token of an account, card or device, where it is named and need not be
        read back: in logs, and in the record of who did what."""
        return self._privacy.named(kind, name)

    def check_time(self, payment: TransactionIn) -> None:
        """Refuse event times that would move windows wrongly."""
        ahead_s = (payment.occurred_at - self._clock.now()).total_seconds()
        if ahead_s > self.settings.event_ahead_s:
            raise InvalidInput(errors=[("occurred_at", "lies in the future")])
        if -ahead_s > self.settings.event_behind_s:
            raise InvalidInput(errors=[("occurred_at", "lies too far in the past")])

    def check_past(self, field: str, at: datetime) -> None:
        """Refuse a report from the future: nothing its source says now could withdraw it."""
        ahead_s = (at - self._clock.now()).total_seconds()
        if ahead_s > self.settings.event_ahead_s:
            raise InvalidInput(errors=[(field, "lies in the future")])

    async def heed(self, event: PaymentEvent, client: str) -> None:
        """Let an event count where decisions depend on it: after a challenge that was
        passed, exemptions of low value begin again."""
        if event.three_ds is None or not event.three_ds.is_strong:
            return
        row = await self.search.of_transaction(client, event.transaction_id)
        if row is not None:
            made = DecisionMade.model_validate_json(bytes(row.record))
            await self.exemptions.authenticated(made.transaction, client)

    async def _check_first_request(
        self, payment: Transaction, named: str, client: str
    ) -> None:
        """Refuse `supersedes` (`named`) where it is not the first request about a payment
        of the same account."""
        first = await self.search.of_transaction(client, named)
        if first is None:
            problem = "is no payment of yours that was decided"
        elif first.account_id != payment.account_id:
            problem = "is a payment of another account"
        elif first.supersedes is not None:
            problem = "supersedes another itself: name the first request"
        else:
            return
        raise InvalidInput(errors=[("supersedes", problem)])

    def ready(self) -> bool:
        """Whether the decision log is open."""
        return self._started

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Stores open, outbox relayed, interrupted decisions completed."""
        parts = self._dependencies
        async with AsyncExitStack() as stack:
            await self.engines.start()
            await parts.db.start()
            stack.push_async_callback(parts.db.stop)
            if parts.owns_store:
                stack.push_async_callback(parts.store.close)
            stack.push_async_callback(parts.service_client.close)
            stack.push_async_callback(self._features.close)
            stack.push_async_callback(self.admission.close)
            bus = open_bus(self.settings.amqp_url, parts.service_client)
            relay = Relay(parts.db, tables.outbox, bus, outbox=self.decisions.outbox)
            await stack.enter_async_context(relay.running())
            await self._start_background(stack)
            self._started = True
            yield
            self._started = False

    async def _start_background(self, stack: AsyncExitStack) -> None:
        """Start what goes on beside the payments; `stack` ends it."""
        parts, online = self._dependencies, self.pipeline.online
        stack.push_async_callback(online.close)
        await online.recover()
        for work in (
            repeating(
                "online_catch_up",
                online.catch_up,
                every_s=CATCH_UP_S,
                wake=online.recovered,
            ),
            repeating(
                "engines_follow",
                self.engines.follow,
                every_s=self.settings.follow_every_s,
            ),
            repeating(
                "measured_rates",
                parts.rates.refresh,
                every_s=self.settings.rates_every.total_seconds(),
                wake=parts.rates.wanted,
            ),
            repeating("api_keys_follow", self.keys.follow, every_s=KEYS_S),
            repeating("online_rebuild", parts.self_rebuild.round, every_s=COLD_CHECK_S),
            repeating("audit_seal", self.audit_log.round, every_s=SEAL_S),
            repeating(
                "erasures", self.eraser.round, every_s=ERASE_S, wake=self.eraser.wake
            ),
            retaining(self._retainer()),
        ):
            await stack.enter_async_context(work)
        warm_up = WarmUp(self.pipeline, parts.service_client)
        for task in (complete_interrupted(self.pipeline, self._clock), warm_up.run()):
            stack.push_async_callback(_cancelled, asyncio.create_task(task))

    def _retainer(self) -> Retainer:
        rules = rules_in("orchestrator", self.settings)
        return Retainer(self._dependencies.db, tables.metadata, rules, self._clock)


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
