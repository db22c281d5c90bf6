"""Makes the first payment as quick as the thousandth."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_orchestrator.pipeline import Pipeline
from fraud_orchestrator.stores.decisions import IdempotencyKey
from fraud_shared.contracts.decision import decide_request
from fraud_shared.contracts.screening import PartyQuery
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.addresses import SERVICES
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.trace import Trace
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import FraudError

log = structlog.get_logger()
NEIGHBOURS = tuple(name for name in SERVICES if name != "orchestrator")
TRIES = 120
PAUSE_S = 0.5
CONNECTIONS = 4
CONNECT_MS = 1000.0
ROUNDS = 20
ROUND_MS = 2000.0
WARM_UP_PAYMENT = Transaction(
    transaction_id="warm-up",
    account_id="warm-up",
    amount_minor=100,
    currency="EUR",
    occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    kind="card_payment",
    channel="ecommerce",
)


class WarmUp:
    """Opens connections to every neighbour and asks each the question a payment asks,
    with no effect anywhere."""

    def __init__(self, pipeline: Pipeline, service_client: ServiceClient) -> None:
        self._pipeline = pipeline
        self._service_client = service_client

    async def run(self) -> None:
        """Connect, then ask some rounds. A neighbour that is away is tried for a minute,
        then left to the first payment: readiness never depends on another service."""
        away = await self._connect()
        try:
            for _ in range(ROUNDS):
                await self.round()
        except FraudError as error:  # a store is away: its payments will say so
            log.warning("not_warm", problem=error.type, away=sorted(away))
            return
        log.info("warm", away=sorted(away))

    async def round(self) -> None:
        """Ask every stage that has no effect about a payment that nobody makes. Raises
        Unavailable when the decision log is away."""
        stages = self._pipeline
        deadline = Deadline.after(ROUND_MS)
        context = RequestContext("warm-up", Trace.start(0.0), deadline, {})
        payment = WARM_UP_PAYMENT.model_copy(update={"occurred_at": datetime.now(UTC)})
        observation = await stages.online.peek(payment, deadline)
        features = PAYMENT_FEATURES.vector(payment, observation)
        name = PartyQuery(role="customer", name="Warm Up")
        screened = await stages.screening.screen((name,), context, deadline)
        stages.rules.warm_up(payment, features)
        rules = await stages.rules.ask(payment, features, context, deadline)
        signals = await stages.signals.collect(
            payment, features, rules, context, deadline
        )
        named = frozenset({name.role})
        policy = stages.policy_context(payment, observation, features, signals, named)
        request = decide_request(payment, policy, rules, signals, screened)
        await stages.decider.decide(request, context, deadline)
        key = IdempotencyKey("", "", payment.transaction_id, "")
        await stages.decisions.find(key, deadline)

    async def _connect(self) -> set[str]:
        """Returns the neighbours that did not answer."""
        away = set(NEIGHBOURS)
        for _ in range(TRIES):
            for service in sorted(away):
                with suppress(DependencyError):
                    await asyncio.gather(*map(self._reach, [service] * CONNECTIONS))
                    away.discard(service)
            if not away:
                break
            await asyncio.sleep(PAUSE_S)
        return away

    async def _reach(self, service: str) -> None:
        await self._service_client.get(
            service, "/livez", deadline=Deadline.after(CONNECT_MS)
        )
