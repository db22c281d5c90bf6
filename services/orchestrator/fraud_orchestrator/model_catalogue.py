"""Which models the scorers serve, and what each takes: asked of them, kept a short while."""

import asyncio
import json
import time
from typing import Any

from fraud_orchestrator.stages.challenger import CHALLENGER
from fraud_orchestrator.stages.signals import MODELS
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import FraudError, NotFound

SCORERS = (*MODELS, CHALLENGER)
DESCRIBED_FOR_S = 5.0


class ModelNotLoaded(FraudError):
    """The model cannot be served."""

    status = 503
    type = "model-not-loaded"
    detail = "No version of this model is loaded; see /v1/version."


# The model that decides on risk.
CHAMPION = "xgboost"


class ModelCatalogue:
    """The scorers' descriptions of their models. `cap_ms` bounds the wait for one."""

    def __init__(self, service_client: ServiceClient, *, cap_ms: float) -> None:
        self._service_client = service_client
        self._cap_ms = cap_ms
        self._described: dict[str, tuple[float, dict[str, Any]]] = {}
        self._hosts: dict[str, str] = {}
        self._renewing: dict[str, asyncio.Task[dict[str, Any]]] = {}

    async def described(self, context: RequestContext) -> dict[str, dict[str, Any]]:
        """What each scorer says of its models; empty for one that is silent."""
        found = await asyncio.gather(*(self._describe(s, context) for s in SCORERS))
        return dict(zip(SCORERS, found, strict=True))

    def instances(self) -> dict[str, dict[str, Any]]:
        """JSON Schema of one row of each model, as last fetched."""
        return {
            slot["name"]: slot["current"]["instance"]
            for _, description in self._described.values()
            for slot in description.get("models", ())
            if slot["current"] is not None and "instance" in slot["current"]
        }

    def facts(self) -> dict[str, Any]:
        """What the probes say: of the champion, as last fetched."""
        _, known = self._described.get(CHAMPION, (0.0, {}))
        slot = _slot(known, CHAMPION)
        current = None if slot is None else slot["current"]
        return {
            "model_loaded": current is not None,
            "model_version": current and current["ref"]["version"],
            "calibration_version": current and current.get("calibration_version"),
        }

    async def slot(
        self, model: str, context: RequestContext
    ) -> tuple[str, dict[str, Any]]:
        """The service that hosts a model and what it said of it last.

        Raises NotFound, and ModelNotLoaded while a service that may host it is silent.
        """
        host = self._hosts.get(model)
        if host is not None:
            # What is known of it will do: no request waits for a description while the
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
        described = await self.described(context)
        for service, description in described.items():
            slot = _slot(description, model)
            if slot is not None:
                self._hosts[model] = service
                return service, slot
        if not all(described.values()):
            raise ModelNotLoaded
        raise NotFound("No model has this name; see /v1/version.")

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
                service,
                "/v1/model",
                deadline=Deadline.after(self._cap_ms),
                context=context,
            )
        except DependencyError:
            return {}
        description: dict[str, Any] = json.loads(body)
        self._described[service] = (time.monotonic() + DESCRIBED_FOR_S, description)
        return description

    def expire(self) -> None:
        """What is known is old now, but still says who hosts what."""
        self._described = {s: (0.0, known) for s, (_, known) in self._described.items()}


def _slot(description: dict[str, Any], model: str) -> dict[str, Any] | None:
    slots: list[dict[str, Any]] = description.get("models", [])
    return next((slot for slot in slots if slot["name"] == model), None)
