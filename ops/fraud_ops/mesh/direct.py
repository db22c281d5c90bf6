"""Calls between services of one process: the callee's own handler, and no message."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from pydantic import BaseModel

from fraud_shared.errors import FraudError
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.dependency import CallContext
from fraud_shared.mesh.errors import (
    DependencyError,
    DependencyFailed,
    DependencyRefused,
    DependencyTimeout,
)
from fraud_shared.mesh.metrics import CALLS
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import AsgiTransport
from fraud_shared.mesh.typed import Answer
from fraud_shared.web import problems
from fraud_shared.web.context import RequestContext
from fraud_shared.web.service import HotRoute
from fraud_shared.web.telemetry import REQUESTS, RESPONSES

log = structlog.get_logger()


class DirectClient(ServiceClient):
    """The service client of a service whose neighbours live in its own process.

    What is asked as a contract reaches the handler of the route as it is: both sides hold
    the same frozen object. Deadline, failures and metrics are those of a call; tokens,
    admission, breakers and the log line belong to the wire, and are left out. All else
    (bytes, cold routes, and whatever is traced) goes through the app, as a request.
    """

    def __init__(
        self, apps: Mapping[str, FastAPI], caller: str, tokens: TokenIssuer
    ) -> None:
        """`apps` is looked up at each call: one that is taken out is unreachable."""
        super().__init__(AsgiTransport(apps), tokens)
        self._apps = apps
        self._caller = caller
        self._known: dict[str, tuple[FastAPI, dict[str, _Handler]]] = {}

    async def ask(
        self,
        service: str,
        path: str,
        question: BaseModel,
        answer: type[Answer],
        *,
        deadline: Deadline,
        cap_ms: float,
        context: CallContext | None = None,
        idempotent: bool = False,
        encoded: Callable[[], bytes] | None = None,
    ) -> Answer:
        """The answer of the route's handler. Raises DependencyError."""
        handler = self._handler(service, path)
        if handler is None or context is None or context.trace.sampled:
            return await super().ask(
                service,
                path,
                question,
                answer,
                deadline=deadline,
                cap_ms=cap_ms,
                context=context,
                idempotent=idempotent,
                encoded=encoded,
            )
        own = RequestContext(
            context.request_id,
            context.trace,
            deadline.capped(cap_ms),
            headers={},
            caller=self._caller,
        )
        try:
            reply = await handler.reply(question, own)
        except DependencyError as error:
            CALLS.labels(service, error.kind).inc()
            raise
        return reply if isinstance(reply, answer) else answer.model_validate(reply)

    def _handler(self, service: str, path: str) -> "_Handler | None":
        """What handles a hot route of a service that is there."""
        app = self._apps.get(service)
        if app is None:
            return None
        known = self._known.get(service)
        if known is None or known[0] is not app:
            hot = getattr(app.state, "hot", ())
            handlers = {route.path: _Handler(service, route) for route in hot}
            known = self._known[service] = (app, handlers)
        return known[1].get(path)


class _Handler:
    """One hot route of a neighbour, its instruments looked up once."""

    def __init__(self, service: str, route: HotRoute) -> None:
        self._service = service
        self._path = route.path
        self._handle = route.handler
        self._seconds = REQUESTS.labels(service, route.path)
        self._answered = RESPONSES.labels(service, route.path, "200")
        self._called = CALLS.labels(service, "ok")

    async def reply(self, question: BaseModel, context: RequestContext) -> Any:
        """What the handler returns within the context's deadline. Raises
        DependencyError."""
        remaining_s = context.deadline.remaining_ms() / 1000
        if remaining_s <= 0:
            raise DependencyRefused(self._service, kind="spent")
        began = time.perf_counter()
        try:
            async with asyncio.timeout(remaining_s) as limit:
                reply = await self._handle(question, context)
        except FraudError as error:
            raise self._failed(error, context) from None
        except Exception as error:
            if limit.expired():
                raise DependencyTimeout(self._service) from None
            log.error("unhandled", exc_info=error)
            raise self._failed(FraudError(), context) from None
        finally:
            self._seconds.observe(time.perf_counter() - began)
        self._answered.inc()
        self._called.inc()
        return reply

    def _failed(self, error: FraudError, context: RequestContext) -> DependencyError:
        RESPONSES.labels(self._service, self._path, str(error.status)).inc()
        body = problems.body(error, context.request_id)
        return DependencyFailed(self._service, error.status, body)
