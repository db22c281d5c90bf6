"""What operators read of a service: probes, metrics and the API's description.

In development these are routes of the service. In production they are an app of their own
on the internal port, and nothing of it but the probes is on the public one.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse

from fraud_shared.web import health

DOCUMENT = "/openapi.json"


def operations_app(described: FastAPI, readiness: health.Readiness) -> FastAPI:
    """The app of the internal port, for the service `described`."""
    app = FastAPI(
        title=f"{described.title}: operations",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(health.router(readiness))

    async def document() -> dict[str, Any]:
        return described.openapi()

    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(openapi_url=DOCUMENT, title=described.title)

    async def redoc() -> HTMLResponse:
        return get_redoc_html(openapi_url=DOCUMENT, title=described.title)

    app.add_api_route(DOCUMENT, document)
    app.add_api_route("/docs", docs)
    app.add_api_route("/redoc", redoc)
    return app
