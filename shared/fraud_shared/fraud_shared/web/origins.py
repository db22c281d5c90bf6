"""Pages of other origins whose scripts may call (CORS)."""

from collections.abc import Sequence
from typing import Any

from starlette.middleware.cors import CORSMiddleware


def with_origins(app: Any, origins: Sequence[str]) -> Any:
    """The app, readable by pages of `origins`; without any, as it is. Keys travel in
    headers, never in cookies, so no credentials are allowed."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST", "DELETE"),
        allow_headers=("*",),
        expose_headers=("x-request-id", "ratelimit", "retry-after"),
    )
