"""`POST /v1/fraud-score`: one figure for a card payment given as principal components.

What a row must hold is what the `credit_card` model that serves takes: its service checks
the rows against its own feature registry, and is asked as by `/v1/predict`.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from fraud_orchestrator.model_catalogue import ModelNotLoaded
from fraud_orchestrator.models import Models
from fraud_shared.contracts.base import Contract
from fraud_shared.contracts.predict import Prediction, PredictReply, PredictRequest
from fraud_shared.contracts.signal import ModelRef
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.problems import (
    InvalidInput,
    NotFound,
    Unavailable,
    field_name,
)

MODEL = "credit_card"
Row = dict[str, Any]


class CardRow(RootModel[Row]):
    """A card payment: every feature of the `credit_card` model that serves, by name, each
    known (`GET /v1/model-info?model=credit_card` lists them)."""


class CardRows(Contract):
    """Up to 1,000 card payments."""

    transactions: Annotated[list[CardRow], Field(min_length=1, max_length=1000)]


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

    async def one(self, row: CardRow, context: RequestContext) -> FraudScore:
        """Score one payment. Raises InvalidInput naming fields, ModelNotLoaded, and
        Unavailable without a score."""
        listed = b"[%s]" % context.raw
        return (await self._scores([row.root], listed, (), context))[0]

    async def many(self, request: CardRows, context: RequestContext) -> FraudScores:
        """Score up to 1,000 payments; raises as `one` does."""
        # The only list of the body, since it holds no other field.
        listed = context.raw[context.raw.index(b"[") : context.raw.rindex(b"]") + 1]
        place = ("transactions",)
        rows = [row.root for row in request.transactions]
        found = await self._scores(rows, listed, place, context)
        return FraudScores(results=found)

    async def _scores(
        self,
        rows: Sequence[Row],
        listed: bytes,
        place: tuple[str, ...],
        context: RequestContext,
    ) -> list[FraudScore]:
        """`listed` is what `rows` were read from: passed on as it came, not written anew."""
        request = PredictRequest.model_construct(model=MODEL, instances=list(rows))
        raw = b'{"model":"%s","instances":%s}' % (MODEL.encode(), listed)
        try:
            answer = await self._models.predict(request, replace(context, raw=raw))
        except NotFound as error:
            raise ModelNotLoaded from error
        errors = {**_refused(answer, place), **_unknown(rows, place)}
        if errors:
            raise InvalidInput(errors=list(errors.items()))
        reply = _reply(answer, len(rows))
        return [self._result(reply.model, one) for one in reply.predictions]

    def _result(self, model: ModelRef, prediction: Prediction) -> FraudScore:
        if prediction.score is None:
            raise Unavailable("The model gave no score.")
        score = round(prediction.score * 100)
        return FraudScore(
            score=score,
            # The figure that is shown is the one that is judged.
            is_fraud=score >= self._threshold,
            model_version=model.version,
            model_hash=model.hash,
            ood_warning=prediction.ood_warning,
        )


def _reply(answer: RawResponse, rows: int) -> PredictReply:
    """What the model's service says of so many rows. Raises ModelNotLoaded when that is
    not one prediction for each."""
    try:
        reply = PredictReply.model_validate_json(answer.body)
    except ValidationError as error:
        raise ModelNotLoaded from error
    if len(reply.predictions) != rows:
        raise ModelNotLoaded
    return reply


def _unknown(rows: Sequence[Row], place: tuple[str, ...]) -> dict[str, str]:
    """What is null, by field: `/v1/predict` takes that for unknown, here everything must
    be known."""
    return {
        field_name((*_at(place, number), name)): "Input should be a valid number"
        for number, row in enumerate(rows)
        for name, value in row.items()
        if value is None
    }


def _refused(answer: RawResponse, place: tuple[str, ...]) -> dict[str, str]:
    """What the model's service says against `instances.<number>.<name>`, in the words of
    this request. Raises ModelNotLoaded when it says anything else."""
    if answer.status == 200:
        return {}
    if answer.status != 422:
        raise ModelNotLoaded
    errors = {}
    for one in json.loads(answer.body).get("errors", ()):
        _, number, *name = one["field"].split(".")
        field = ".".join(map(str, (*_at(place, number), *name)))
        errors[field or "body"] = one["problem"]
    return errors


def _at(place: tuple[str, ...], number: int | str) -> tuple[int | str, ...]:
    return (*place, number) if place else ()
