"""One payment, from the tokenised request to the stored reply. Read top to bottom.

Each stage is a noun in the file of its name; a stage that fails says so in its result.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from fraud_features.currency import to_reference
from fraud_features.online import Observation, of_client
from fraud_features.registry import BANK
from fraud_orchestrator.actions import Actions, requested
from fraud_orchestrator.assemble import Assembly, settled
from fraud_orchestrator.online import Online
from fraud_orchestrator.record import Entry, Key, Record, Stored
from fraud_orchestrator.rules import Rules
from fraud_orchestrator.screening import Screening
from fraud_orchestrator.settings import Settings
from fraud_orchestrator.signals import Signals
from fraud_orchestrator.stopwatch import Stopwatch
from fraud_orchestrator.verdict import Decider
from fraud_shared.contracts.decision import (
    Decision,
    DecisionMade,
    PolicyContext,
    decide_request,
)
from fraud_shared.contracts.screening import PartyQuery, PaymentRef, ScreeningResult
from fraud_shared.contracts.signal import Signal
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.trace import Trace
from fraud_shared.web.call import Call
from fraud_shared.web.problems import Conflict

POLL_S = 0.005
REHEARSAL_MS = 2000.0
REHEARSAL = Transaction(
    transaction_id="rehearsal",
    account_id="rehearsal",
    amount_minor=100,
    currency="EUR",
    occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    kind="card_payment",
    channel="ecommerce",
)


@dataclass(frozen=True)
class Pipeline:
    """The stages, wired."""

    settings: Settings
    online: Online
    screening: Screening
    rules: Rules
    signals: Signals
    decider: Decider
    record: Record
    actions: Actions

    async def score(
        self,
        payment: Transaction,
        parties: tuple[PartyQuery, ...],
        key: Key,
        call: Call,
    ) -> bytes:
        """Decide one payment and return the bytes of its reply.

        Raises InvalidInput (422) for a reused key with other content, and Unavailable
        (503) when the decision cannot be recorded: there is no answer without a record.
        """
        watch = Stopwatch()
        wall = call.deadline.capped(self.settings.wall_ms)
        early = wall.minus(self.settings.tail_ms)
        screening = asyncio.create_task(
            self._screen(watch, payment, parties, call, early), name="screening"
        )
        try:
            return await self._stages(payment, key, call, watch, wall, early, screening)
        finally:
            screening.cancel()

    async def _stages(
        self,
        payment: Transaction,
        key: Key,
        call: Call,
        watch: Stopwatch,
        wall: Deadline,
        early: Deadline,
        screening: "asyncio.Task[ScreeningResult]",
    ) -> bytes:
        with watch.stage("online"):
            observation, stored = await self._known(payment, key, early)
        if stored is not None:
            return await self._earlier(stored, key, call)
        features = BANK.vector(payment, observation)

        with watch.stage("rules"):
            rules = await self.rules.evaluate(
                payment, features, observation, call, early
            )
        with watch.stage("models"):
            signals = await self.signals.collect(payment, features, rules, call, early)
        with watch.stage("screening_wait"):
            screened = await screening

        with watch.stage("decision"):
            context = self._context(payment, observation, signals)
            request = decide_request(payment, context, rules, signals, screened)
            ruling = await self.decider.decide(request, call, wall)

        assembly = Assembly(
            payment, features, context, rules, signals, screened, ruling
        )
        decision = assembly.decision(watch, call)
        made = assembly.made(key.client, decision)
        with watch.stage("commit"):
            reply = None if decision.actions else settled(decision, watch, done=True)
            missed = self.online.is_missed(key.client_transaction)
            winner = await self.record.commit(
                Entry(key, made, reply, call.trace, missed=missed)
            )
        if missed:
            self.online.recorded(key.client_transaction)
        if winner is not None:
            return await self._earlier(winner, key, call)
        if reply is None:
            with watch.stage("action"):
                reply = await self.act(made, decision, call, wall, watch)
        if ruling.stand_in or not ruling.degraded:
            await self.online.note_approval(
                payment,
                context.amount_ref_minor,
                stand_in=ruling.stand_in,
                used=context.stand_in_count or 0,
            )
        assembly.observe(decision, watch, call)
        return reply

    async def _known(
        self, payment: Transaction, key: Key, deadline: Deadline
    ) -> tuple[Observation | None, Stored | None]:
        """What the online store says, and the earlier decision for this request if any.

        A key of its own is looked up first: a payment under a key that was used for another
        is refused, and must not have moved a window. Otherwise the store says whether it saw
        this transaction before. Only if it did, or cannot tell, is the decision log asked: at
        commit its unique keys decide anyway.
        """
        has_own_key = key.key != payment.transaction_id
        if has_own_key and (stored := await self.record.find(key)) is not None:
            return None, stored
        own = of_client(payment, key.client)
        observation = await self.online.read(own, deadline)
        if not has_own_key and (observation is None or observation.repeat):
            return observation, await self.record.find(key)
        return observation, None

    def _context(
        self,
        payment: Transaction,
        observation: Observation | None,
        signals: tuple[Signal, ...],
    ) -> PolicyContext:
        challenger = self.signals.challenger
        return PolicyContext(
            amount_ref_minor=to_reference(payment.amount_minor, payment.currency),
            velocity_known=observation is not None and observation.known,
            history_payments=observation.history_payments if observation else None,
            stand_in_count=observation.stand_in_count if observation else None,
            stand_in_sum_minor=observation.stand_in_sum_minor if observation else None,
            risk_model=challenger.decides(payment.account_id, signals),
        )

    async def act(
        self,
        made: DecisionMade,
        decision: Decision,
        call: Call | None,
        deadline: Deadline,
        watch: Stopwatch | None = None,
    ) -> bytes:
        """Do what a recorded decision asks for, and store its reply.

        Also completes a decision whose gateway died in between: every step repeats safely.
        """
        request = requested(made.transaction, decision)
        results = request and await self.actions.execute(request, call, deadline)
        reply = settled(decision, watch, done=bool(results), results=results or ())
        return await self.record.finish(
            made, reply, done=bool(results), trace=call.trace if call else None
        )

    async def rehearse(self) -> None:
        """Ask every stage that has no effect about a payment that nobody makes."""
        deadline = Deadline.after(REHEARSAL_MS)
        call = Call("rehearsal", Trace.start(0.0), deadline, {})
        payment = REHEARSAL.model_copy(update={"occurred_at": datetime.now(UTC)})
        observation = await self.online.peek(payment, deadline)
        features = BANK.vector(payment, observation)
        name = PartyQuery(role="customer", name="Rehearsal")
        screened = await self.screening.screen((name,), call, deadline)
        rules = await self.rules.ask(payment, features, call, deadline)
        signals = await self.signals.collect(payment, features, rules, call, deadline)
        context = self._context(payment, observation, signals)
        request = decide_request(payment, context, rules, signals, screened)
        await self.decider.decide(request, call, deadline)
        await self.record.find(Key("", "", payment.transaction_id, ""))

    async def _screen(
        self,
        watch: Stopwatch,
        payment: Transaction,
        parties: tuple[PartyQuery, ...],
        call: Call,
        deadline: Deadline,
    ) -> ScreeningResult:
        of = PaymentRef(
            transaction_id=payment.transaction_id, account_id=payment.account_id
        )
        with watch.stage("screening"):
            return await self.screening.screen(parties, call, deadline, payment=of)

    async def _earlier(self, stored: Stored, key: Key, call: Call) -> bytes:
        """The bytes of an earlier reply, waiting for them within this call's deadline."""
        call.note(replayed=True)
        limit = call.deadline.capped(self.settings.wall_ms)
        current: Stored | None = stored
        while current is not None:
            if current.reply is not None:
                return current.reply
            if limit.expired:
                break
            await asyncio.sleep(POLL_S)
            current = await self.record.find(key)
        raise Conflict(
            "This payment is being decided by another request.",
            headers={"retry-after": "1"},
        )
