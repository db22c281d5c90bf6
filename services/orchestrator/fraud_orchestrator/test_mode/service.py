"""Answers for keys of scope `test`: payments, what is stored of them, and challenges."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime

import sqlalchemy as sa

from fraud_orchestrator.test_mode import magic
from fraud_orchestrator.test_mode.answers import decision_of, record_of
from fraud_orchestrator.test_mode.store import Asked, TestModeStore, ends
from fraud_shared.contracts.casework import ChallengeState, Outcomes
from fraud_shared.contracts.decision import Decision, DecisionMade
from fraud_shared.contracts.decision_search import StoredDecision
from fraud_shared.contracts.deliveries import AlertTrial
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.web.challenge_problems import ChallengeClosed, ResendsSpent
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import (
    Conflict,
    DeadlineSpent,
    FraudError,
    Overloaded,
    Unavailable,
)

# Requests that are held until their deadline, in one process: those of payments that are
# meant must not wait for places.
HELD_MOST = 2
_DETAIL = "Test mode: the account forces this answer."
Alert = Callable[[AlertTrial, RequestContext], Awaitable[None]]
_Change = Callable[[magic.ChallengeStand], magic.ChallengeStand]


class TestMode:
    """Forced answers. Nothing counts, trains, is published or is seen by anybody else."""

    __test__ = False

    def __init__(self, db: Database, clock: Clock, alert: Alert) -> None:
        """`alert` sends one to the receiver of test mode, or lets it be."""
        self._alert = alert
        self._db = db
        self._store = TestModeStore(db)
        self._clock = clock
        self._held = 0

    async def score(
        self, payment: Transaction, asked: Asked, context: RequestContext
    ) -> bytes:
        """The reply that the account of a payment forces. Raises the problem that it
        forces, and InvalidInput as a payment that is meant does."""
        # It says nothing of how busy the gateway is.
        context.replayed = True
        context.log(test=True)
        forced = magic.forced_by(payment.account_id)
        if forced.problem is not None:
            raise await self._problem(forced.problem, context)
        now = self._clock.now()
        decision = decision_of(
            forced, payment, asked.client, context.trace.trace_id, now
        )
        tenant = context.tenant or asked.client
        record = record_of(decision, payment, asked.client, tenant)
        reply = decision.model_dump_json().encode()
        kept = await self._store.keep(
            asked,
            decision_id=decision.decision_id,
            challenge_id=decision.challenge_id,
            reply=reply,
            record=record.model_dump_json().encode(),
            now=now,
        )
        if forced.alert and kept == reply:
            await self._alert(_trial(decision, payment, tenant), context)
        return kept

    async def stored(self, client: str, decision_id: str) -> StoredDecision:
        """A decision of test mode. Raises NotFound, for those that are meant too."""
        row = await self._store.get(client, decision_id)
        found = Outcomes(challenges=[], holds=[], blocks=[], cases=[])
        if row.challenge_id is not None:
            found.challenges.append(self._shown(row._mapping))
        return StoredDecision(
            reply=json.loads(row.reply),
            record=DecisionMade.model_validate_json(bytes(row.record)),
            labels=[],
            outcomes=found,
        )

    async def challenge(self, client: str, challenge_id: str) -> ChallengeState:
        """How a challenge stands. Raises NotFound."""
        async with self._db.begin() as conn:
            return self._shown(await self._store.challenge(conn, client, challenge_id))

    async def verify(self, client: str, challenge_id: str, code: str) -> ChallengeState:
        """The outcome that `code` forces. Raises NotFound, Unavailable where that is
        forced, and ChallengeClosed when it is over."""
        if magic.CODES.get(code) == "unavailable":
            raise Unavailable(_DETAIL)
        state = await self._change(
            client, challenge_id, lambda stand: magic.verified(stand, code)
        )
        if state.status == "expired":
            raise ChallengeClosed
        return state

    async def resend(self, client: str, challenge_id: str) -> ChallengeState:
        """Nothing is sent. Raises NotFound, ChallengeClosed and ResendsSpent."""

        def again(stand: magic.ChallengeStand) -> magic.ChallengeStand:
            if stand.resends >= magic.RESENDS:
                raise ResendsSpent
            return magic.ChallengeStand(stand.status, stand.attempts, stand.resends + 1)

        return await self._change(client, challenge_id, again)

    async def cancel(self, client: str, challenge_id: str) -> ChallengeState:
        """End a challenge; a second time changes nothing. Raises NotFound and
        ChallengeClosed."""
        state = await self.challenge(client, challenge_id)
        if state.status == "cancelled":
            return state
        return await self._change(
            client,
            challenge_id,
            lambda stand: magic.ChallengeStand(
                "cancelled", stand.attempts, stand.resends
            ),
        )

    async def _change(
        self, client: str, challenge_id: str, change: _Change
    ) -> ChallengeState:
        async with self._db.begin() as conn:
            row = await self._store.challenge(conn, client, challenge_id)
            stand = magic.at(_stand(row), self._clock.now(), ends(row))
            if stand.status != "pending":
                raise ChallengeClosed
            await self._store.write(conn, row, change(stand))
            return self._shown(await self._store.challenge(conn, client, challenge_id))

    def _shown(self, row: sa.RowMapping) -> ChallengeState:
        stand = magic.at(_stand(row), self._clock.now(), ends(row))
        record = DecisionMade.model_validate_json(bytes(row["record"]))
        over: datetime | None = None
        if stand.status != "pending":
            over = min(self._clock.now(), ends(row))
        return ChallengeState(
            challenge_id=row["challenge_id"],
            decision_id=row["decision_id"],
            transaction_id=record.transaction.transaction_id,
            status=stand.status,
            attempts_left=max(0, magic.ATTEMPTS - stand.attempts),
            resends_left=magic.RESENDS - stand.resends,
            expires_at=ends(row),
            resolved_at=over,
        )

    async def _problem(
        self, problem: magic.Problem, context: RequestContext
    ) -> FraudError:
        match problem:
            case "unavailable":
                return Unavailable(_DETAIL)
            case "conflict":
                return Conflict(_DETAIL, headers={"retry-after": "1"})
            case "deadline-spent" if self._held < HELD_MOST:
                await self._hold(context)
                return DeadlineSpent(_DETAIL)
            case _:
                return Overloaded()

    async def _hold(self, context: RequestContext) -> None:
        """Wait until the caller's deadline has passed."""
        self._held += 1
        try:
            await asyncio.sleep(max(0.0, context.deadline.remaining_ms() / 1000))
        finally:
            self._held -= 1


def _trial(decision: Decision, payment: Transaction, tenant: str) -> AlertTrial:
    return AlertTrial(
        decision_id=decision.decision_id,
        transaction_id=payment.transaction_id,
        account_id=payment.account_id,
        tenant=tenant,
        decision=decision.decision.value,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
    )


def _stand(row: sa.RowMapping) -> magic.ChallengeStand:
    return magic.ChallengeStand(row["status"], row["attempts"], row["resends"])
