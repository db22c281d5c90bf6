"""`POST /v1/predict`, on the gateway and on every scorer: rows in, scores out."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, Field

from fraud_shared.contracts.base import IDENTIFIER, Contract, Identifier
from fraud_shared.contracts.signal import ModelRef

MAX_INSTANCES = 1000
_IDENTIFIER = re.compile(IDENTIFIER)
_FIELDS = {"model", "instances"}
_ROWS = frozenset((dict, list))


class PredictRequest(Contract):
    """Rows for one model, each an object by feature name or an array in the order of the
    model's feature registry; null is unknown. What a row must hold is checked by the model
    that serves."""

    model: Identifier
    instances: Annotated[
        list[dict[str, Any] | list[Any]],
        Field(min_length=1, max_length=MAX_INSTANCES),
    ]


class Prediction(BaseModel):
    """One row's calibrated score (or anomaly percentile) and raw figure; both are absent
    when the model's output was not a number. `ood_warning`: `ood_features` is not empty,
    features farther from what the model was taught than its limit."""

    score: float | None
    raw: dict[str, float]
    ood_warning: bool
    ood_features: tuple[str, ...]


class PredictReply(BaseModel):
    """Predictions in the order of the instances, and the one model that made them."""

    model: ModelRef
    predictions: list[Prediction]


def fast_parse(document: Any) -> PredictRequest | None:
    """The request in a parsed body without another walk through its rows. None says nothing
    but that the contract must look."""
    if type(document) is not dict or document.keys() != _FIELDS:
        return None
    model, instances = document["model"], document["instances"]
    if (
        type(model) is str
        and len(model) <= 128
        and _IDENTIFIER.fullmatch(model)
        and type(instances) is list
        and 0 < len(instances) <= MAX_INSTANCES
        and _ROWS.issuperset(map(type, instances))
    ):
        return PredictRequest.model_construct(model=model, instances=instances)
    return None
