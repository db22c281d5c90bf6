"""The gateway's model routes: scores without a decision, versions, refresh, prediction."""

import asyncio
import json
import time
from importlib.metadata import version as distribution_version
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.store.observation import Observation, of_client
from fraud_orchestrator.gateway import Gateway
from fraud_orchestrator.stages.challenger import CHALLENGER
from fraud_orchestrator.stages.signals import MODELS
from fraud_shared.contracts.predict import PredictRequest
from fraud_shared.contracts.signal import RulesResult, SignalBatch
from fraud_shared.contracts.transaction import Transaction, TransactionIn
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError, DependencyFailed
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.problems import MEDIA_TYPE, FraudError, NotFound

SCORERS = (*MODELS, CHALLENGER)
REFRESH_MS = 60_000.0
DESCRIBED_FOR_S = 5.0
_QUIET = RulesResult(outcome="scored", rules_flag="ALLOW")


class ModelNotLoaded(FraudError):
    """The model cannot be served."""

    status = 503
    type = "model-not-loaded"
    detail = "No version of this model is loaded; see /v1/version."


class Change(BaseModel):
    """The versions of a model before and after a refresh; null before the first."""

    model_config = ConfigDict(serialize_by_alias=True)

    before: Annotated[str | None, Field(serialization_alias="from")]
    after: Annotated[str, Field(serialization_alias="to")]


class Refreshed(BaseModel):
    """What changed, by model, and what every scorer answered."""

    changed: dict[str, Change]
    scorers: dict[str, Any]


class Models:
    """Asks the scorers on behalf of people and of clients that want no decision."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._service_client = gateway.service_client.isolated()
        self._described: dict[str, tuple[float, dict[str, Any]]] = {}
        self._hosts: dict[str, str] = {}
        self._renewing: dict[str, asyncio.Task[dict[str, Any]]] = {}

    async def scores(
        self, payment: TransactionIn, context: RequestContext
    ) -> SignalBatch:
        """Every model's signal for a payment; nothing is recorded or counted."""
        inside = await self._gateway.inside(payment, context)
        vector = PAYMENT_FEATURES.vector(inside, await self._peek(inside, context))
        signals = await self._gateway.pipeline.signals.collect(
            inside, vector, _QUIET, context, self._deadline()
        )
        return SignalBatch(signals=signals)

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
        service, slot = await self.slot(request.model, context)
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
        # What was known is old now, but still says who hosts what.
        self._described = {s: (0.0, known) for s, (_, known) in self._described.items()}
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
        described = await self._describe_all(context)
        slots = [s for d in described.values() for s in d.get("models", ())]
        return {
            "service": "orchestrator",
            "version": distribution_version("fraud-orchestrator"),
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

    async def described(self, context: RequestContext) -> dict[str, dict[str, Any]]:
        """What each scorer says of its models; empty for one that is silent."""
        return await self._describe_all(context)

    def instances(self) -> dict[str, dict[str, Any]]:
        """JSON Schema of one row of each model, as last heard of."""
        return {
            slot["name"]: slot["current"]["instance"]
            for _, description in self._described.values()
            for slot in description.get("models", ())
            if slot["current"] is not None and "instance" in slot["current"]
        }

    async def info(self, model: str, context: RequestContext) -> Response:
        """Metadata and card of one model. Raises NotFound and ModelNotLoaded."""
        _, slot = await self.slot(model, context)
        if slot["current"] is None:
            raise ModelNotLoaded
        return Response(json.dumps(slot["current"]), media_type="application/json")

    async def slot(
        self, model: str, context: RequestContext
    ) -> tuple[str, dict[str, Any]]:
        """The service that hosts a model and what it said of it last.

        Raises NotFound, and ModelNotLoaded while a service that may host it is silent.
        """
        host = self._hosts.get(model)
        if host is not None:
            # What was heard of it will do: no request waits for a description while the
            # model is known to be loaded, and none for another service.
            _, known = self._described.get(host, (0.0, {}))
            slot = _slot(known, model)
            if slot is None or slot["current"] is None:
                slot = _slot(await self._describe(host, context), model)
            else:
                self._renew(host, context)
            if slot is not None:
                return host, slot
            del self._hosts[model]
            raise ModelNotLoaded
        described = await self._describe_all(context)
        for service, description in described.items():
            slot = _slot(description, model)
            if slot is not None:
                self._hosts[model] = service
                return service, slot
        if not all(described.values()):
            raise ModelNotLoaded
        raise NotFound("No model has this name; see /v1/version.")

    async def _describe_all(self, context: RequestContext) -> dict[str, dict[str, Any]]:
        found = await asyncio.gather(*(self._describe(s, context) for s in SCORERS))
        return dict(zip(SCORERS, found, strict=True))

    def _renew(self, service: str, context: RequestContext) -> None:
        """Have a description that is no longer new asked for again, beside the request."""
        fresh_until, _ = self._described[service]
        if time.monotonic() >= fresh_until and service not in self._renewing:
            task = asyncio.create_task(self._describe(service, context))
            self._renewing[service] = task
            task.add_done_callback(lambda _: self._renewing.pop(service))

    async def _describe(self, service: str, context: RequestContext) -> dict[str, Any]:
        cached = self._described.get(service)
        if cached is not None and time.monotonic() < cached[0]:
            return cached[1]
        try:
            body = await self._service_client.get(
                service, "/v1/model", deadline=self._deadline(), context=context
            )
        except DependencyError:
            return {}
        description: dict[str, Any] = json.loads(body)
        self._described[service] = (time.monotonic() + DESCRIBED_FOR_S, description)
        return description

    async def _peek(
        self, payment: Transaction, context: RequestContext
    ) -> Observation | None:
        own = of_client(payment, context.caller)
        return await self._gateway.pipeline.online.peek(own, self._deadline())

    def _deadline(self) -> Deadline:
        return Deadline.after(self._gateway.settings.query_cap_ms)


def _slot(description: dict[str, Any], model: str) -> dict[str, Any] | None:
    slots: list[dict[str, Any]] = description.get("models", [])
    return next((slot for slot in slots if slot["name"] == model), None)


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
