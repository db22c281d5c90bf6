"""The gateway's routes: thin, each hands over to a noun."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from fraud_orchestrator.api import batch, passthrough
from fraud_orchestrator.api.acts import change_on_record
from fraud_orchestrator.api.batch import BatchReply, BatchRequest
from fraud_orchestrator.api.fraud_score import (
    CardRow,
    CardRows,
    FraudScore,
    FraudScores,
    FraudScoring,
)
from fraud_orchestrator.api.guards import Caller, needs
from fraud_orchestrator.api.rows.route import COMMAND
from fraud_orchestrator.gateway import Gateway
from fraud_orchestrator.models import Models, ModelScores, Refreshed
from fraud_shared.contracts.decision import DecideRequest, Decision, Ruling
from fraud_shared.contracts.predict import PredictReply, PredictRequest, fast_parse
from fraud_shared.contracts.screening import (
    LARGEST_BODY,
    ScreeningRequest,
    ScreeningResult,
)
from fraud_shared.contracts.signal import RulesResult
from fraud_shared.contracts.transaction import TransactionIn
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.service import HotRoute

MEGABYTE = 1024 * 1024


def hot(gateway: Gateway, models: Models, cards: FraudScoring) -> list[HotRoute]:
    """Every POST route a payment system uses."""
    return [
        *_scoring(gateway),
        *_questions(gateway, models),
        *_card_scoring(gateway, cards),
    ]


def _scoring(gateway: Gateway) -> list[HotRoute]:
    async def score(payment: TransactionIn, context: RequestContext) -> bytes:
        """Decide one payment: APPROVE, CHALLENGE or DECLINE, with reasons.

        A repeat of a transaction gets the same bytes; an `Idempotency-Key` besides stands
        for its payment as well. Either of them with other content is 422. `X-Deadline-Ms`
        below the published minimum (100) is refused (400).
        """
        with gateway.batches.single():
            return await gateway.score(payment, context)

    async def score_batch(
        request: BatchRequest, context: RequestContext
    ) -> RawResponse:
        """Decide up to 1,000 payments; each gets its own decision or its own problem."""
        return await batch.score_batch(gateway, request, context)

    may_score = gateway.admission.guard("score", "test")
    charge = gateway.admission.charge
    return [
        HotRoute(
            path,
            TransactionIn,
            Decision,
            score,
            operation_id=operation,
            summary="Decide one payment",
            guard=may_score,
            strict=True,
            charge=charge,
        )
        for path, operation in (("/score", "score"), ("/v1/score", "scoreV1"))
    ] + [
        HotRoute(
            "/v1/score/batch",
            BatchRequest,
            BatchReply,
            score_batch,
            "scoreBatch",
            "Decide up to 1,000 payments",
            guard=may_score,
            strict=True,
            numbers_at=("transactions",),
            max_body_bytes=4 * MEGABYTE,
            charge=charge,
            units=lambda request: len(request.transactions),
            lane="batches",
        ),
    ]


def _questions(gateway: Gateway, models: Models) -> list[HotRoute]:
    async def predict_scores(
        payment: TransactionIn, context: RequestContext
    ) -> ModelScores:
        """Raw model scores for a payment: no decision, nothing recorded or counted."""
        return await models.scores(payment, context)

    async def rules(payment: TransactionIn, context: RequestContext) -> RulesResult:
        """What the rules say about a payment: nothing recorded or counted."""
        return await models.rules(payment, context)

    async def decide(request: DecideRequest, context: RequestContext) -> RawResponse:
        """The verdict the policy gives for these scores, rules and screening."""
        return await passthrough.post(gateway, "decision", "/decide", context)

    async def screen(request: ScreeningRequest, context: RequestContext) -> RawResponse:
        """Screen one or many names against the sanctions lists.

        422 also names a party whose name has no letter or digit that could be compared.
        """
        return await passthrough.post(gateway, "sanctions", "/screen", context)

    async def predict(request: PredictRequest, context: RequestContext) -> RawResponse:
        """Score rows of named features with one model.

        The features are those of the model's own registry: each must be there, null where
        unknown. 422 names every field that is not as that registry says.
        """
        return await models.predict(request, context)

    may = gateway.admission.guard("score")
    charge = gateway.admission.charge
    table: list[tuple[str, Any, Any, Any, str, str, int | None]] = [
        ("/ml/predict", TransactionIn, ModelScores, predict_scores, "modelScores",
         "Raw model scores", None),
        ("/rules/evaluate", TransactionIn, RulesResult, rules, "evaluateRules",
         "Rules only", None),
        ("/decision", DecideRequest, Ruling, decide, "decide",
         "Verdict from given scores and rules", None),
        ("/v1/screen", ScreeningRequest, ScreeningResult, screen, "screenNames",
         "Sanctions screening", LARGEST_BODY),
    ]  # fmt: skip
    return [
        HotRoute(
            "/v1/predict", PredictRequest, PredictReply, predict, "predict",
            "Batch prediction", guard=may, fast_parse=fast_parse,
            max_body_bytes=4 * MEGABYTE, tags=("questions",), charge=charge,
            units=lambda request: len(request.instances), lane="questions",
        ),
        *(HotRoute(
            path, request, response, handler, operation, summary,
            guard=may, strict=True, max_body_bytes=limit, tags=("questions",),
            charge=charge, units=_parties if path == "/v1/screen" else None,
            lane="questions",
        )
        for path, request, response, handler, operation, summary, limit in table),
    ]  # fmt: skip


def _parties(request: ScreeningRequest) -> int:
    return len(request.parties)


def _card_scoring(gateway: Gateway, cards: FraudScoring) -> list[HotRoute]:
    async def fraud_score(row: CardRow, context: RequestContext) -> FraudScore:
        """The probability of fraud in percent for the features of the model that serves
        (Time, V1 to V28 and Amount): nothing is recorded or counted. Every field is
        needed."""
        return await cards.one(row, context)

    async def fraud_scores(request: CardRows, context: RequestContext) -> FraudScores:
        """The same for up to 1,000; a row that is not as documented refuses them all."""
        return await cards.many(request, context)

    may, charge = gateway.admission.guard("score"), gateway.admission.charge
    return [
        HotRoute(
            "/v1/fraud-score", CardRow, FraudScore, fraud_score, "fraudScore",
            "Score a card payment given as components",
            guard=may, strict=True, tags=("questions",),
            charge=charge, lane="questions",
        ),
        HotRoute(
            "/v1/fraud-score/batch", CardRows, FraudScores, fraud_scores,
            "fraudScoreBatch", "Score up to 1,000 card payments given as components",
            guard=may, strict=True, max_body_bytes=4 * MEGABYTE, tags=("questions",),
            charge=charge, units=lambda request: len(request.transactions),
            lane="questions",
        ),
    ]  # fmt: skip


def router(gateway: Gateway, models: Models) -> APIRouter:
    """Routes for people and operations."""
    routes = APIRouter()
    _operations(routes, gateway, models)
    return routes


def _operations(routes: APIRouter, gateway: Gateway, models: Models) -> None:
    admin = [needs(gateway, "admin")]
    for path, operation in (
        ("/v1/admin/refresh-models", "refreshModelsV1"),
        ("/admin/refresh-models", "refreshModels"),
    ):

        @routes.post(path, operation_id=operation, tags=["models"], dependencies=admin)
        async def refresh(context: Caller) -> Refreshed:
            """Let every scorer load the champion it should serve."""
            act = "POST /v1/admin/refresh-models"
            async with change_on_record(gateway, context, act, {}):
                return await models.refresh(context)

    @routes.post(
        "/v1/admin/reload-engines",
        operation_id="reloadEngines",
        tags=["operations"],
        dependencies=admin,
    )
    async def reload_engines(context: Caller) -> dict[str, str]:
        """Take over what rules and decision have in force at once: the versions in force
        here. 422 with the errors, and no change, for what this gateway cannot load."""
        act = "POST /v1/admin/reload-engines"
        async with change_on_record(gateway, context, act, {}):
            return await gateway.engines.follow()

    @routes.get(
        "/v1/version",
        operation_id="getVersion",
        tags=["models"],
        dependencies=[needs(gateway, "read")],
    )
    async def version(context: Caller) -> dict[str, Any]:
        """The version of the gateway and of every model being served."""
        return await models.versions(context)

    @routes.get(
        "/v1/model-info",
        operation_id="getModelInfo",
        tags=["models"],
        response_model=dict[str, Any],
        openapi_extra={COMMAND: "models info"},
        dependencies=[needs(gateway, "read")],
    )
    async def model_info(
        context: Caller,
        model: Annotated[
            str, Query(pattern=r"^[a-z_]{1,32}$", description="The model's service.")
        ] = "xgboost",
    ) -> Response:
        """Training date, features, metrics, library versions and card of one model."""
        return await models.info(model, context)
