"""`POST /v1/fraud-score`: one figure for a card payment given as principal components."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from fraud_features.registry import CREDIT_CARD
from fraud_orchestrator.models import ModelNotLoaded, Models
from fraud_shared.contracts.base import Contract
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import Signal
from fraud_shared.web.call import Call
from fraud_shared.web.problems import NotFound, Unavailable

MODEL = "credit_card"

# Made from the feature set, so that the schema follows it.
CardRow: Any = CREDIT_CARD.complete_model
CardRows: Any = create_model(
    "CreditCardRows",
    __base__=Contract,
    transactions=(list[CardRow], Field(min_length=1, max_length=1000)),
)


class FraudScore(BaseModel):
    """The calibrated probability of fraud in whole percent, whether it reaches the
    threshold, and exactly which model said so. `ood_warning`: an input lies more than
    three deviations from its mean."""

    model_config = ConfigDict(serialize_by_alias=True, protected_namespaces=())

    score: Annotated[int, Field(ge=0, le=100, serialization_alias="fraud-score")]
    is_fraud: Annotated[bool, Field(serialization_alias="is-fraud")]
    model_version: Annotated[str, Field(serialization_alias="model-version")]
    model_hash: Annotated[str, Field(serialization_alias="model-hash")]
    ood_warning: bool


class FraudScores(BaseModel):
    """One result per transaction, in the order of the request."""

    results: list[FraudScore]


class FraudScoring:
    """Scores card payments with the `credit_card` model."""

    def __init__(self, models: Models, *, threshold: float) -> None:
        self._models = models
        self._threshold = threshold

    async def one(self, row: Any, call: Call) -> FraudScore:
        """Score one payment. Raises ModelNotLoaded, and Unavailable without a score."""
        return (await self._scores([row], call))[0]

    async def many(self, request: Any, call: Call) -> FraudScores:
        """Score up to 1,000 payments; raises as `one` does."""
        return FraudScores(results=await self._scores(request.transactions, call))

    async def _scores(self, rows: list[Any], call: Call) -> list[FraudScore]:
        vectors = [_vector(row) for row in rows]
        try:
            service, slot = await self._models.slot(MODEL, call)
        except NotFound as error:
            raise ModelNotLoaded from error
        if slot["current"] is None:
            # Not asked: its refusals would count against the service that payments need.
            raise ModelNotLoaded
        signals = await self._models.ask(service, MODEL, vectors, call)
        return [self._result(signal) for signal in signals]

    def _result(self, signal: Signal) -> FraudScore:
        if signal.score is None or signal.model is None:
            raise Unavailable("The model gave no score.")
        score = round(signal.score * 100)
        return FraudScore(
            score=score,
            # The figure that is shown is the one that is judged.
            is_fraud=score >= self._threshold,
            model_version=signal.model.version,
            model_hash=signal.model.hash,
            ood_warning=bool(signal.ood_features),
        )


def _vector(row: Any) -> FeatureVector:
    return FeatureVector(
        feature_set=CREDIT_CARD.name,
        version=CREDIT_CARD.version,
        hash=CREDIT_CARD.hash,
        values=tuple(getattr(row, name) for name in CREDIT_CARD.names),
    )
