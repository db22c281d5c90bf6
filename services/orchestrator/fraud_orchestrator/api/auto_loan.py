"""`POST /v1/auto-loan/score`: the calibrated model of loan applications, as its own API has
it, at the gateway."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from fraud_orchestrator.gateway import Gateway
from fraud_orchestrator.model_catalogue import ModelNotLoaded
from fraud_shared.contracts.base import Contract, Identifier
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError, DependencyFailed
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.problems import MEDIA_TYPE, FraudError
from fraud_shared.web.service import HotRoute

SERVICE, MODEL, FEATURES = "lightgbm", "auto_loan", 15
Value = float | Annotated[str, Field(max_length=128)] | None
Name = Annotated[str, Field(min_length=1, max_length=64)]


class WrongFeatureCount(FraudError):
    """A row has another number of features than the model."""

    status = 400
    type = "wrong-feature-count"
    detail = f"Send {FEATURES} values and their {FEATURES} names."


class LoanRow(Contract):
    """One application as two lists: the values, and the names of the 15 features."""

    features: Annotated[
        tuple[Value, ...],
        Field(max_length=512, description="The values, in the order of the names."),
    ]
    feature_names: Annotated[
        tuple[Name, ...], Field(max_length=512, description="The features' names.")
    ]
    request_id: Identifier = Field(
        description="The caller's own reference, which comes back.", examples=["req-1"]
    )


class LoanFeature(BaseModel):
    """One of the strongest features."""

    feature_name: str
    feature_value: float | None
    importance: float
    contribution: float


class LoanScore(BaseModel):
    """The calibrated probability of fraud, and what gave it."""

    model_config = ConfigDict(protected_namespaces=())

    request_id: str
    confidence_score: float
    top_features: tuple[LoanFeature, ...]
    model_version: str
    model_hash: str
    calibration_version: str
    inference_time_ms: int


def hot(gateway: Gateway) -> list[HotRoute]:
    """The route, answered by the service that hosts the model."""

    async def score(row: LoanRow, context: RequestContext) -> RawResponse:
        """Score one loan application: nothing is recorded or counted. 400 for another
        number of features than 15."""
        if {len(row.features), len(row.feature_names)} != {FEATURES}:
            raise WrongFeatureCount
        body = row.model_dump_json()[:-1] + f',"model":"{MODEL}"}}'
        try:
            reply = await gateway.questions.call(
                SERVICE,
                "/score",
                body.encode(),
                deadline=Deadline.after(gateway.settings.query_cap_ms),
                cap_ms=gateway.settings.query_cap_ms,
                context=context,
            )
        except DependencyFailed as error:
            if error.status >= 500:
                raise ModelNotLoaded from error
            media = MEDIA_TYPE.encode()
            return RawResponse(error.body, error.status, media_type=media)
        except DependencyError as error:
            raise ModelNotLoaded from error
        return RawResponse(reply)

    return [
        HotRoute(
            "/v1/auto-loan/score", LoanRow, LoanScore, score, "scoreAutoLoan",
            "Score a loan application",
            guard=gateway.admission.guard("score"), strict=True, tags=("questions",),
            charge=gateway.admission.charge, lane="questions",
        )
    ]  # fmt: skip
