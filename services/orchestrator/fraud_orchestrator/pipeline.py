"""One payment, from the tokenised request to the stored reply. Read top to bottom.

Each stage is a noun in the file of its name; a stage that fails says so in its result.
"""

import asyncio
from dataclasses import dataclass

from fraud_features.definitions.currency import to_reference
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.store.observation import Observation, id_of_client, of_client
from fraud_orchestrator.action_requests import requested
from fraud_orchestrator.settings import Settings
from fraud_orchestrator.stages.actions import Actions
from fraud_orchestrator.stages.decision_builder import DecisionBuilder, reply_of
from fraud_orchestrator.stages.exemption import Exemptions
from fraud_orchestrator.stages.online import Online
from fraud_orchestrator.stages.rules import Rules
from fraud_orchestrator.stages.screening import Screening
from fraud_orchestrator.stages.signals import Signals
from fraud_orchestrator.stages.stopwatch import Stopwatch
from fraud_orchestrator.stages.verdict import Decider
from fraud_orchestrator.stores.decisions import (
    DecisionEntry,
    DecisionStore,
    IdempotencyKey,
    RecordedDecision,
)
from fraud_orchestrator.stores.sca import instrument_of
from fraud_shared.contracts.decision import (
    Decision,
    DecisionMade,
    PolicyContext,
    decide_request,
)
from fraud_shared.contracts.degraded import is_whole
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.screening import PartyQuery, PaymentRef, ScreeningResult
from fraud_shared.contracts.signal import Signal
from fraud_shared.contracts.transaction import Transaction, absent_blocks
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import Conflict

POLL_S = 0.005
_LARGEST = PAYMENT_FEATURES.index["account_max_30d"]
_TYPICAL = PAYMENT_FEATURES.index["typical_amount"]


@dataclass(frozen=True)
class Pipeline:
    """The stages, wired."""

    settings: Settings
    online: Online
    screening: Screening
    rules: Rules
    signals: Signals
    decider: Decider
    exemptions: Exemptions
    decisions: DecisionStore
    actions: Actions

    async def score(
        self,
        payment: Transaction,
        parties: tuple[PartyQuery, ...],
        key: IdempotencyKey,
        context: RequestContext,
    ) -> bytes:
        """Decide one payment and return the bytes of its reply.

        Raises InvalidInput (422) for a reused key with other content, and Unavailable
        (503) when the decision cannot be recorded: there is no answer without a record.
        """
        self.decisions.check()
        watch = Stopwatch()
        wall = context.wall(self.settings.wall_ms)
        early = wall.minus(self.settings.tail_ms)
        screening = asyncio.create_task(
            self._screen(watch, payment, parties, context, early), name="screening"
        )
        try:
            named = frozenset(party.role for party in parties)
            return await self._stages(
                payment,
                key,
                context,
                watch,
                wall,
                early,
                screening=screening,
                named=named,
            )
        finally:
            screening.cancel()

    async def _stages(
        self,
        payment: Transaction,
        key: IdempotencyKey,
        context: RequestContext,
        watch: Stopwatch,
        wall: Deadline,
        early: Deadline,
        *,
        screening: "asyncio.Task[ScreeningResult]",
        named: frozenset[str],
    ) -> bytes:
        with watch.stage("online"):
            observed, stored = await self._known(payment, key, early, wall)
        if stored is not None:
            return await self._earlier(stored, key, context)
        vector = PAYMENT_FEATURES.vector(payment, observed)

        with watch.stage("rules"):
            rules = await self.rules.evaluate(payment, vector, observed, context, early)
        with watch.stage("models"):
            signals = await self.signals.collect(payment, vector, rules, context, early)
        with watch.stage("screening_wait"):
            screened = await screening

        with watch.stage("decision"):
            policy = self.policy_context(payment, observed, vector, signals, named)
            request = decide_request(payment, policy, rules, signals, screened)
            ruling = await self.decider.decide(request, context, wall)
            exemption = await self.exemptions.choose(
                ruling, payment, key.client, policy.amount_ref_minor, wall
            )

        built = DecisionBuilder(
            payment, vector, policy, rules, signals, screened, ruling, exemption
        )
        decision = built.decision(watch, context)
        made = built.made(context, decision)
        own_id = id_of_client(key.client, key.transaction_id)
        with watch.stage("commit"), self.online.recording(own_id) as missed:
            reply = None if decision.actions else reply_of(decision, watch, done=True)
            entry = _entry(key, made, reply, context, missed=missed)
            winner = await self.decisions.commit(entry, wall)
        if winner is not None:
            return await self._earlier(winner, key, context)
        if reply is None:
            with watch.stage("action"):
                reply = await self.act(made, decision, context, wall, watch)
        if payment.counted and (ruling.stand_in or is_whole(ruling.degraded)):
            await self.online.note_approval(
                payment,
                policy.amount_ref_minor,
                stand_in=ruling.stand_in,
                used=policy.stand_in_count or 0,
            )
        built.observe(decision, watch, context)
        return reply

    async def _known(
        self,
        payment: Transaction,
        key: IdempotencyKey,
        deadline: Deadline,
        wall: Deadline,
    ) -> tuple[Observation | None, RecordedDecision | None]:
        """What the online store says, and the earlier decision for this request if any.

        A key of its own is looked up first: a payment under a key that was used for another
        is refused, and must not have moved a window. Otherwise the store says whether it saw
        this transaction before. Only if it did, or cannot tell, is the decision log asked: at
        commit its unique keys decide anyway.
        """
        has_own_key = key.key is not None
        if has_own_key and (stored := await self.decisions.find(key, wall)) is not None:
            return None, stored
        own = of_client(payment, key.client)
        if not payment.counted:
            return await self._uncounted(own, key, deadline, wall)
        observation = await self.online.read(own, deadline)
        answered = observation is not None and not observation.lower_bound
        if not has_own_key and (not answered or (observation and observation.repeat)):
            return observation, await self.decisions.find(key, wall)
        return observation, None

    async def _uncounted(
        self,
        own: Transaction,
        key: IdempotencyKey,
        deadline: Deadline,
        wall: Deadline,
    ) -> tuple[Observation | None, RecordedDecision | None]:
        """The same where no window moves: for a login, and for a payment that is asked
        about again, which reads what its first request read."""
        if own.supersedes is not None:
            first = id_of_client(key.client, own.supersedes)
            own = own.model_copy(update={"transaction_id": first})
        stored = await self.decisions.find(key, wall)
        if stored is not None:
            return None, stored
        return await self.online.peek(own, deadline), None

    def policy_context(
        self,
        payment: Transaction,
        observation: Observation | None,
        features: FeatureVector,
        signals: tuple[Signal, ...],
        named: frozenset[str],
    ) -> PolicyContext:
        """What the policy must know besides scores, rules and screening. `named` are the
        roles whose names the payment gives."""
        challenger = self.signals.challenger
        largest, typical = (features.values[at] for at in (_LARGEST, _TYPICAL))
        return PolicyContext(
            amount_ref_minor=to_reference(payment.amount_minor, payment.currency),
            velocity_known=observation is not None and observation.known,
            velocity_lower_bound=observation is not None and observation.lower_bound,
            history_payments=observation.history_payments if observation else None,
            stand_in_count=observation.stand_in_count if observation else None,
            stand_in_sum_minor=observation.stand_in_sum_minor if observation else None,
            risk_model=challenger.decides(payment.account_id, signals),
            absent_blocks=absent_blocks(payment, named),
            account_largest_minor=None if largest is None else int(largest),
            account_typical_minor=None if typical is None else int(typical),
        )

    async def act(
        self,
        made: DecisionMade,
        decision: Decision,
        context: RequestContext | None,
        deadline: Deadline,
        watch: Stopwatch | None = None,
    ) -> bytes:
        """Do what a recorded decision asks for, and store its reply.

        Also completes a decision whose gateway died in between: every step repeats safely.
        """
        request = requested(made)
        results = request and await self.actions.execute(request, context, deadline)
        reply = reply_of(decision, watch, done=bool(results), results=results or ())
        return await self.decisions.finish(
            made,
            reply,
            deadline,
            done=bool(results),
            trace=context.trace if context else None,
        )

    async def _screen(
        self,
        watch: Stopwatch,
        payment: Transaction,
        parties: tuple[PartyQuery, ...],
        context: RequestContext,
        deadline: Deadline,
    ) -> ScreeningResult:
        of = PaymentRef(
            transaction_id=payment.transaction_id, account_id=payment.account_id
        )
        with watch.stage("screening"):
            return await self.screening.screen(
                parties, context, deadline, payment=of, kind=payment.kind
            )

    async def _earlier(
        self, stored: RecordedDecision, key: IdempotencyKey, context: RequestContext
    ) -> bytes:
        """The bytes of an earlier reply, waiting for them within this call's deadline."""
        context.replayed = True
        context.log(replayed=True)
        limit = context.wall(self.settings.wall_ms)
        current: RecordedDecision | None = stored
        while current is not None:
            if current.reply is not None:
                return current.reply
            if limit.expired:
                break
            await asyncio.sleep(POLL_S)
            current = await self.decisions.find(key, limit)
        raise Conflict(
            "This payment is being decided by another request.",
            headers={"retry-after": "1"},
        )


def _entry(
    key: IdempotencyKey,
    made: DecisionMade,
    reply: bytes | None,
    context: RequestContext,
    *,
    missed: bool,
) -> DecisionEntry:
    payment = made.transaction
    strong = payment.is_authenticated
    return DecisionEntry(
        key,
        made,
        reply,
        context.trace,
        missed=missed,
        authenticated=instrument_of(key.client, payment) if strong else None,
    )
