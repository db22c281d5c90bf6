"""The framework around a service: which of a request's ways it takes."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from fraud_shared.web.edge import Asgi, Edge
from fraud_shared.web.origins import with_origins
from fraud_shared.web.tracing import Tracing


class Service(FastAPI):
    """A FastAPI app whose hot routes never reach FastAPI's own layers; only what is sampled
    passes those, and so the instrumentation around them."""

    def __init__(
        self,
        edge: Edge,
        tracing: Tracing,
        *,
        public: bool,
        cors_origins: Sequence[str] = (),
        **fields: Any,
    ) -> None:
        super().__init__(**fields)
        self._edge = edge
        self._tracing = tracing
        self._public = public
        self._front: Asgi = with_origins(self._answer, cors_origins)
        tracing.instrument(self)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a hot request at the edge, anything else through the framework; pages of
        the origins that are let in may read it."""
        await self._front(scope, receive, send)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        if self._tracing.samples(scope, public=self._public):
            with self._tracing.recorded():
                await super().__call__(scope, receive, send)
        elif self._edge.is_hot(scope):
            await self._edge(scope, receive, send)
        elif scope["type"] == "http":
            with self._tracing.unrecorded():
                await super().__call__(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class Behind:
    """Middleware that puts the framework's inner layers behind the edge."""

    def __init__(self, app: Asgi, edge: Edge) -> None:
        self._edge = edge.behind(app)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._edge(scope, receive, send)
