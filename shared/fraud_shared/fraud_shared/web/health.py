"""Probes: `/livez` says the loop answers, `/readyz` that this service can do its work.

Readiness never looks at another service, or one outage would take out its neighbours.
"""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from fraud_shared.mesh.metrics import REGISTRY

Checks = Mapping[str, Callable[[], bool]]


class Readiness:
    """Started, not draining, and every check true."""

    def __init__(self, service: str, checks: Checks) -> None:
        self.service = service
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

    async def ready() -> JSONResponse:
        """The service can do its work; 503 with the failing conditions otherwise."""
        report = readiness.report()
        ok = all(report.values())
        return JSONResponse(
            {
                "status": "ready" if ok else "not_ready",
                "service": readiness.service,
                "checks": report,
            },
            status_code=200 if ok else 503,
        )

    async def metrics() -> Response:
        """Prometheus exposition."""
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    routes.add_api_route("/livez", live, operation_id="livez")
    routes.add_api_route("/healthz", live, operation_id="healthz")
    routes.add_api_route("/readyz", ready, operation_id="readyz")
    routes.add_api_route("/health", ready, operation_id="health")
    if metrics_too:
        routes.add_api_route("/metrics", metrics, operation_id="metrics")
    return routes
