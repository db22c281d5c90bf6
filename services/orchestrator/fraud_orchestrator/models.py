"""The gateway's model routes: scores without a decision, versions, refresh, prediction."""

import asyncio
import json
from importlib.metadata import version as distribution_version
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.store.observation import Observation, of_client
from fraud_orchestrator.gateway import Gateway
from fraud_orchestrator.model_catalogue import SCORERS, ModelCatalogue, ModelNotLoaded
from fraud_shared.contracts.predict import PredictRequest
from fraud_shared.contracts.signal import RulesResult, SignalBatch
from fraud_shared.contracts.transaction import Transaction, TransactionIn
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import (
    DependencyError,
    DependencyFailed,
    DependencyOverloaded,
)
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.problems import MEDIA_TYPE, Overloaded

REFRESH_MS = 60_000.0
_QUIET = RulesResult(outcome="scored", rules_flag="ALLOW")


class Change(BaseModel):
    """The versions of a model before and after a refresh; null before the first."""

    model_config = ConfigDict(serialize_by_alias=True)

    before: Annotated[str | None, Field(serialization_alias="from")]
    after: Annotated[str, Field(serialization_alias="to")]


class ModelScores(SignalBatch):
    """The reply of `POST /ml/predict`: every model's signal, and the raw figures of the
    three champions side by side."""

    if_score: float | None = Field(
        description="Raw anomaly score of the isolation forest."
    )
    ae_error: float | None = Field(
        description="Reconstruction error of the autoencoder."
    )
    fraud_score: float | None = Field(
        description="Raw score of the model that decides on risk."
    )


class Refreshed(BaseModel):
    """What changed, by model, and what every scorer answered."""

    changed: dict[str, Change]
    scorers: dict[str, Any]


class Models:
    """Asks the scorers on behalf of people and of clients that want no decision."""

    def __init__(
        self, gateway: Gateway, catalogue: ModelCatalogue, service_client: ServiceClient
    ) -> None:
        self._gateway = gateway
        self._catalogue = catalogue
        self._service_client = service_client

    async def scores(
        self, payment: TransactionIn, context: RequestContext
    ) -> ModelScores:
        """Every model's signal for a payment; nothing is recorded or counted."""
        inside = await self._gateway.inside(payment, context)
        vector = PAYMENT_FEATURES.vector(inside, await self._peek(inside, context))
        signals = await self._gateway.pipeline.signals.collect(
            inside, vector, _QUIET, context, self._deadline()
        )
        raw = {name: value for s in signals for name, value in s.raw.items()}
        lead = next((s for s in signals if s.source == "xgboost"), None)
        return ModelScores(
            signals=signals,
            if_score=raw.get("if_score"),
            ae_error=raw.get("ae_error"),
            fraud_score=lead.raw.get("fraud_score") if lead else None,
        )

    async def rules(
        self, payment: TransactionIn, context: RequestContext
    ) -> RulesResult:
        """What the rules say about a payment; nothing is recorded or counted."""
        inside = await self._gateway.inside(payment, context)
        observation = await self._peek(inside, context)
        vector = PAYMENT_FEATURES.vector(inside, observation)
        return await self._gateway.pipeline.rules.evaluate(
            inside, vector, observation, context, self._deadline()
        )

    async def predict(
        self, request: PredictRequest, context: RequestContext
    ) -> RawResponse:
        """Score named rows: passed on as they came to the service that hosts the model,
        and its answer back. Raises NotFound and ModelNotLoaded."""
        service, slot = await self._catalogue.slot(request.model, context)
        if slot["current"] is None:
            # Not asked: its refusals would count against the service that payments need.
            raise ModelNotLoaded
        try:
            reply = await self._service_client.call(
                service,
                "/v1/predict",
                context.raw,
                deadline=self._deadline(),
                cap_ms=self._gateway.settings.query_cap_ms,
                context=context,
            )
        except DependencyFailed as error:
            if error.status >= 500:
                raise ModelNotLoaded from error
            media = MEDIA_TYPE.encode()
            return RawResponse(error.body, error.status, media_type=media)
        except DependencyOverloaded:
            raise Overloaded from None
        except DependencyError as error:
            raise ModelNotLoaded from error
        return RawResponse(reply)

    async def refresh(self, context: RequestContext) -> Refreshed:
        """Tell every scorer to load what its alias names; report what changed."""

        async def one(service: str) -> tuple[str, Any]:
            try:
                body = await self._service_client.call(
                    service,
                    "/v1/refresh",
                    b"",
                    deadline=Deadline.after(REFRESH_MS),
                    cap_ms=REFRESH_MS,
                    context=context,
                )
            except DependencyError as error:
                return service, {"status": "unavailable", "reason": error.kind}
            return service, json.loads(body)

        scorers = dict(await asyncio.gather(*(one(service) for service in SCORERS)))
        self._catalogue.expire()
        swaps = [s for reply in scorers.values() for s in reply.get("results", ())]
        changed = {
            swap["model"]: Change(
                before=(swap["before"] or {}).get("version"),
                after=swap["after"]["version"],
            )
            for swap in swaps
            if swap["status"] == "swapped"
        }
        return Refreshed(changed=changed, scorers=scorers)

    async def versions(self, context: RequestContext) -> dict[str, Any]:
        """Versions of the gateway, the feature set and each served model."""
        described = await self._catalogue.described(context)
        slots = [s for d in described.values() for s in d.get("models", ())]
        return {
            "service": "orchestrator",
            "version": distribution_version("fraud-orchestrator"),
            "app_version": self._gateway.settings.app_version or None,
            "features": {
                "name": PAYMENT_FEATURES.name,
                "version": PAYMENT_FEATURES.version,
                "hash": PAYMENT_FEATURES.hash,
            },
            "models": {s["name"]: (s["current"] or {}).get("ref") for s in slots},
            "loaded_models": {
                s["name"]: _loaded(s["current"]) for s in slots if s["current"]
            },
            "unavailable": [name for name, d in described.items() if not d],
        }

    async def info(self, model: str, context: RequestContext) -> Response:
        """Metadata and card of one model. Raises NotFound and ModelNotLoaded."""
        _, slot = await self._catalogue.slot(model, context)
        if slot["current"] is None:
            raise ModelNotLoaded
        return Response(json.dumps(slot["current"]), media_type="application/json")

    async def _peek(
        self, payment: Transaction, context: RequestContext
    ) -> Observation | None:
        own = of_client(payment, context.caller)
        return await self._gateway.pipeline.online.peek(own, self._deadline())

    def _deadline(self) -> Deadline:
        return Deadline.after(self._gateway.settings.query_cap_ms)


def _loaded(current: dict[str, Any]) -> dict[str, Any]:
    """A served model in the words of the inference API."""
    reference = current["ref"]
    return {
        "name": reference["name"],
        "version": reference["version"],
        "hash": reference["hash"],
        "stage": current.get("alias"),
        "signature_inputs": current.get("metadata", {}).get("features", []),
    }
