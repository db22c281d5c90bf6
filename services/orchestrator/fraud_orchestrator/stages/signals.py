"""Stage: the models, in parallel, under one shared cap.

Each answers with a Signal or becomes one: late is `timed_out`, broken is `failed`.
"""

import asyncio
from functools import cached_property, partial

from pydantic import ValidationError

from fraud_orchestrator.stages.challenger import CHALLENGER, Challenger
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import (
    ModelSource,
    Outcome,
    RulesResult,
    ScoreRequest,
    Signal,
)
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError, DependencyTimeout
from fraud_shared.web.context import RequestContext

ANOMALY: tuple[ModelSource, ...] = ("isolation_forest", "autoencoder")
CHAMPION: ModelSource = "xgboost"
MODELS: tuple[ModelSource, ...] = (*ANOMALY, CHAMPION)


class Signals:
    """Asks the model services."""

    def __init__(
        self,
        service_client: ServiceClient,
        *,
        cap_ms: float,
        least_ms: float,
        explain_from: float,
        explain_strange: float,
        challenger: Challenger,
    ) -> None:
        self._service_client = service_client
        self._cap_ms = cap_ms
        self._least_ms = least_ms
        # From which score each model explains itself in line: risk, or a percentile.
        self._explain_from: dict[ModelSource, float] = {
            **dict.fromkeys(ANOMALY, explain_strange),
            CHAMPION: explain_from,
            CHALLENGER: explain_from,
        }
        self.challenger = challenger

    async def collect(
        self,
        payment: Transaction,
        features: FeatureVector,
        rules: RulesResult,
        context: RequestContext,
        deadline: Deadline,
    ) -> tuple[Signal, ...]:
        """One signal per model, in a fixed order.

        A challenger that decides for this account is one of them. One that does not gets
        the time the others take and not a millisecond more, unless the champion gave no
        score and it may stand in: it is recorded, and never explains itself.
        """
        if rules.rules_flag == "BLOCK":
            return self.absent("skipped", "RULES_BLOCK")
        limit = deadline.capped(self._cap_ms)
        if limit.remaining_ms() < self._least_ms:
            return self.absent("skipped", "DEADLINE_SKIPPED")
        question = _Question(payment, features)
        plain = rules.rules_flag == "ALLOW"
        decides = self.challenger.has(payment.account_id)
        challenger = (
            asyncio.create_task(self._ask(CHALLENGER, question, None, context, limit))
            if self.challenger.asked and not decides
            else None
        )
        decisive = await asyncio.gather(
            *(
                self._ask(
                    source, question, self._explain(source, plain), context, limit
                )
                for source in ((*MODELS, CHALLENGER) if decides else MODELS)
            )
        )
        if challenger is None:
            return tuple(decisive)
        if not any(s.source == CHAMPION and s.outcome == "scored" for s in decisive):
            # Its calibrated score stands in for the champion's: now it is waited for.
            await asyncio.wait(
                {challenger}, timeout=max(0.0, limit.remaining_ms() / 1e3)
            )
        if not challenger.done():
            # One turn of the loop: an answer that is already here is taken.
            await asyncio.sleep(0)
        if not challenger.done():
            challenger.cancel()
            return (*decisive, Signal(source=CHALLENGER, outcome="timed_out"))
        return (*decisive, challenger.result())

    def absent(self, outcome: Outcome, detail: str) -> tuple[Signal, ...]:
        """Signals of models that were not asked."""
        sources = (*MODELS, CHALLENGER) if self.challenger.asked else MODELS
        return tuple(Signal(source=s, outcome=outcome, detail=detail) for s in sources)

    def _explain(self, source: ModelSource, plain: bool) -> float:
        """From which score a model explains itself: what rules flagged it always does."""
        return self._explain_from[source] if plain else 0.0

    async def _ask(
        self,
        source: ModelSource,
        question: "_Question",
        explain_from: float | None,
        context: RequestContext,
        deadline: Deadline,
    ) -> Signal:
        try:
            return await self._service_client.ask(
                source,
                "/score",
                question.request(explain_from),
                Signal,
                deadline=deadline,
                cap_ms=self._cap_ms,
                context=context,
                idempotent=True,
                encoded=partial(question.encoded, explain_from),
            )
        except DependencyTimeout:
            return Signal(source=source, outcome="timed_out")
        except DependencyError as error:
            return Signal(source=source, outcome="failed", detail=error.kind.upper())
        except ValidationError:
            return Signal(source=source, outcome="failed", detail="NOT_THE_CONTRACT")


class _Question:
    """What every model is asked about one payment; its bytes are made once for all."""

    def __init__(self, payment: Transaction, features: FeatureVector) -> None:
        self._whole = ScoreRequest(
            transaction_id=payment.transaction_id, features=features
        )

    def request(self, explain_from: float | None) -> ScoreRequest:
        """The question to one model."""
        return self._whole.model_copy(update={"explain_from": explain_from})

    def encoded(self, explain_from: float | None) -> bytes:
        """The same, encoded."""
        if explain_from is None:
            return self._start + b"}"
        return self._start + f',"explain_from":{explain_from}}}'.encode()

    @cached_property
    def _start(self) -> bytes:
        encoded = self._whole.model_dump_json(exclude={"explain_from", "model"})
        return encoded.encode()[:-1]
