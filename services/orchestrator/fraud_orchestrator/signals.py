"""Stage: the models, in parallel, under one shared cap.

Each answers with a Signal or becomes one: late is `timed_out`, broken is `failed`.
"""

import asyncio

from pydantic import ValidationError

from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import (
    ModelSource,
    Outcome,
    RulesResult,
    ScoreRequest,
    Signal,
)
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.door import Door
from fraud_shared.mesh.errors import DependencyError, DependencyTimeout
from fraud_shared.web.call import Call

MODELS: tuple[ModelSource, ...] = ("isolation_forest", "autoencoder", "xgboost")
CHALLENGER: ModelSource = "lightgbm"


class Signals:
    """Asks the model services."""

    def __init__(
        self,
        door: Door,
        *,
        cap_ms: float,
        least_ms: float,
        explain_from: float,
        challenger: bool,
    ) -> None:
        self._door = door
        self._cap_ms = cap_ms
        self._least_ms = least_ms
        self._explain_from = explain_from
        self._challenger = challenger

    async def collect(
        self,
        payment: Transaction,
        features: FeatureVector,
        rules: RulesResult,
        call: Call,
        deadline: Deadline,
    ) -> tuple[Signal, ...]:
        """One signal per model, in a fixed order.

        The challenger gets the time the others take and not a millisecond more: it is
        recorded, never waited for.
        """
        if rules.rules_flag == "BLOCK":
            return self.absent("skipped", "RULES_BLOCK")
        limit = deadline.capped(self._cap_ms)
        if limit.remaining_ms() < self._least_ms:
            return self.absent("skipped", "DEADLINE_SKIPPED")
        # Encoded once: every model gets the same bytes.
        body = self._request(payment, features, rules)
        challenger = (
            asyncio.create_task(self._ask(CHALLENGER, body, call, limit))
            if self._challenger
            else None
        )
        champions = await asyncio.gather(
            *(self._ask(source, body, call, limit) for source in MODELS)
        )
        if challenger is None:
            return tuple(champions)
        if not challenger.done():
            # One turn of the loop: an answer that is already here is taken.
            await asyncio.sleep(0)
        if not challenger.done():
            challenger.cancel()
            return (*champions, Signal(source=CHALLENGER, outcome="timed_out"))
        return (*champions, challenger.result())

    def absent(self, outcome: Outcome, detail: str) -> tuple[Signal, ...]:
        """Signals of models that were not asked."""
        sources = (*MODELS, CHALLENGER) if self._challenger else MODELS
        return tuple(Signal(source=s, outcome=outcome, detail=detail) for s in sources)

    def _request(
        self, payment: Transaction, features: FeatureVector, rules: RulesResult
    ) -> bytes:
        plain = rules.rules_flag == "ALLOW"
        request = ScoreRequest(
            transaction_id=payment.transaction_id,
            features=features,
            explain_from=self._explain_from if plain else 0.0,
        )
        return request.model_dump_json().encode()

    async def _ask(
        self, source: ModelSource, body: bytes, call: Call, deadline: Deadline
    ) -> Signal:
        try:
            reply = await self._door.call(
                source,
                "/score",
                body,
                deadline=deadline,
                cap_ms=self._cap_ms,
                call=call,
            )
            return Signal.model_validate_json(reply)
        except DependencyTimeout:
            return Signal(source=source, outcome="timed_out")
        except DependencyError as error:
            return Signal(source=source, outcome="failed", detail=error.kind.upper())
        except ValidationError:
            return Signal(source=source, outcome="failed", detail="NOT_THE_CONTRACT")
