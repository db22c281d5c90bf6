"""Probes: `/livez` says the loop answers, `/readyz` that this service can do its work.

Readiness never looks at another service, or one outage would take out its neighbours.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from fraud_shared.mesh.metrics import REGISTRY

Checks = Mapping[str, Callable[[], bool]]
# What the probes say besides: `model_loaded`, `model_version`, `calibration_version`.
Facts = Callable[[], Mapping[str, Any]]


def no_facts() -> Mapping[str, Any]:
    """Of a service without models."""
    return {}


class Readiness:
    """Started, not draining, and every check true."""

    def __init__(self, service: str, checks: Checks, facts: Facts = no_facts) -> None:
        self.service = service
        self.facts = facts
        self._checks = dict(checks)
        self.started = False
        self.draining = False

    def report(self) -> dict[str, bool]:
        """Each condition by name."""
        state = {"started": self.started, "serving": not self.draining}
        return state | {name: _holds(check) for name, check in self._checks.items()}


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return bool(check())
    except Exception:  # a check that cannot say yes says no
        return False


def router(readiness: Readiness, *, metrics_too: bool = True) -> APIRouter:
    """The probe routes of a service, and that of its metrics."""
    routes = APIRouter(tags=["operations"])

    async def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive", "service": readiness.service}

    async def healthz() -> dict[str, Any]:
        """The process answers; where it serves models, with which."""
        facts = readiness.facts()
        return {
            "status": "alive",
            "service": readiness.service,
            "timestamp": datetime.now(UTC).isoformat(),
            **{n: facts[n] for n in facts if n != "model_loaded"},
        }

    async def ready() -> JSONResponse:
        """The service can do its work; 503 with the failing conditions otherwise."""
        return _ready()

    async def health() -> JSONResponse:
        """The same, and whether a model is loaded where the service has to do with any."""
        facts = readiness.facts()
        return _ready({n: facts[n] for n in facts if n == "model_loaded"})

    def _ready(more: Mapping[str, Any] = MappingProxyType({})) -> JSONResponse:
        report = readiness.report()
        ok = all(report.values())
        return JSONResponse(
            {
                "status": "ready" if ok else "not_ready",
                "service": readiness.service,
                "checks": report,
                **more,
            },
            status_code=200 if ok else 503,
        )

    async def metrics() -> Response:
        """Prometheus exposition."""
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    routes.add_api_route("/livez", live, operation_id="livez")
    routes.add_api_route("/healthz", healthz, operation_id="healthz")
    routes.add_api_route("/readyz", ready, operation_id="readyz")
    routes.add_api_route("/health", health, operation_id="health")
    if metrics_too:
        routes.add_api_route(
            "/metrics",
            metrics,
            operation_id="metrics",
            response_class=Response,
            responses={200: {"content": {CONTENT_TYPE_LATEST.split(";")[0]: {}}}},
        )
    return routes
