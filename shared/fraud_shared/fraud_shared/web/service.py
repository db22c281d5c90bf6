"""`create_service`: the one place where a service's layers are put in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from pydantic import TypeAdapter, ValidationError

from fraud_shared.mesh.spans import TRACER
from fraud_shared.mesh.tokens import TokenVerifier
from fraud_shared.web import (
    health,
    logs,
    number_guard,
    operations,
    problems,
    production,
    strict_json,
)
from fraud_shared.web.admission import Admission
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.edge import Edge, HotHandler
from fraud_shared.web.framework import Behind, Service
from fraud_shared.web.guard import Guard, service_guard
from fraud_shared.web.handlers import handle_problems
from fraud_shared.web.lanes import LaneName
from fraud_shared.web.settings import ServiceSettings
from fraud_shared.web.tracing import Tracing

__all__ = ["HotRoute", "RawResponse", "RequestContext", "create_service"]

log = structlog.get_logger()
Lifespan = Callable[[], AbstractAsyncContextManager[None]]
Charge = Callable[[RequestContext, int], Awaitable[None]]


@dataclass(frozen=True)
class HotRoute:
    """A POST route on the payment's path: bytes in, one validation, one dump, bytes out.

    `handler(request, call)` returns an instance of `response`, ready bytes, or an Answer.
    `strict` also refuses duplicate keys and deep nesting (the public edge); so does
    `glance`, which makes the request of a parsed body that is plainly right, or says None,
    and then the validation looks: for large bodies that another check follows.
    `charge(call, units)` holds the caller to its rate: one unit before the body is looked
    at, or as many as `units` says of the request. `lane` is what it is counted with.
    A strict route refuses a card number anywhere but at `numbers_at`.
    """

    path: str
    request: Any
    response: Any
    handler: Callable[[Any, RequestContext], Awaitable[Any]]
    operation_id: str
    summary: str
    guard: Guard | None = None
    strict: bool = False
    fast_parse: Callable[[Any], Any] | None = None
    max_body_bytes: int | None = None
    tags: tuple[str, ...] = ()
    charge: Charge | None = None
    units: Callable[[Any], int] | None = None
    lane: LaneName = "payments"
    # Where the handler looks for card numbers itself.
    numbers_at: tuple[str, ...] = number_guard.PAN


def create_service(
    name: str,
    settings: ServiceSettings,
    *,
    hot: Sequence[HotRoute] = (),
    routers: Sequence[APIRouter] = (),
    lifespan: Lifespan | None = None,
    checks: health.Checks | None = None,
    facts: health.Facts = health.no_facts,
    summary: str = "",
    public: bool = False,
    tracing: Tracing | None = None,
    limits: Mapping[str, int] | None = None,
    guard: Guard | None = None,
    cors_origins: Sequence[str] = (),
) -> FastAPI:
    """A FastAPI app with the mesh's edge, probes, problems and telemetry.

    `facts`: what the probes say of the models. `limits`: the largest body, in bytes, of routes of `routers` that take more than usual:
    by path, or by `/match/` for what is beneath it. `guard`: who may send a body to them at
    all, asked before it is read; callers with a service token when not given.
    `public` is for the gateway: trace sampling and budgets are then not the caller's to
    set. Raises UnsafeConfiguration in production, with all that it refuses.
    """
    if settings.production and (refused := production.refusals(settings)):
        raise production.UnsafeConfiguration("; ".join(refused))
    readiness = health.Readiness(name, checks or {}, facts)
    tracing = tracing or Tracing(name)
    service = service_guard(TokenVerifier(name, settings.token_secret()))
    edge = Edge(
        service=name,
        settings=settings,
        hot={route.path: _hot_handler(route, service) for route in hot},
        limits={
            **(limits or {}),
            **{r.path: r.max_body_bytes for r in hot if r.max_body_bytes is not None},
        },
        tracing=tracing,
        guard=guard or service,
        public=public,
    )
    app = Service(
        edge,
        tracing,
        public=public,
        cors_origins=cors_origins,
        title=f"fraud {name}",
        summary=summary,
        openapi_url=None if settings.production else operations.DOCUMENT,
        version="1",
        lifespan=_lifespan(readiness, settings, lifespan, tracing, edge.admission),
        docs_url=None if settings.production else "/docs",
        redoc_url=None if settings.production else "/redoc",
        # A redirect would lead to whatever Host the caller named.
        redirect_slashes=False,
    )
    app.state.service_guard = service
    app.state.readiness = readiness
    app.state.hot = tuple(hot)
    app.state.head_refusals = edge.refusals
    app.include_router(health.router(readiness, metrics_too=not settings.production))
    app.state.operations = operations.operations_app(app, readiness)
    for router in routers:
        app.include_router(router)
    for route in hot:
        _document(app, route)
    handle_problems(app)
    app.add_middleware(Behind, edge=edge)
    return app


def _hot_handler(route: HotRoute, service: Guard) -> HotHandler:
    guard = route.guard or service
    adapter = TypeAdapter(route.request)
    validate = adapter.validator.validate_json
    dump = TypeAdapter(route.response).serializer.to_json
    handle, fast_parse = route.handler, route.fast_parse
    strict = route.strict or fast_parse is not None
    several = adapter.core_schema["type"] == "union"
    charge, units = route.charge, route.units

    async def answer(raw: bytes, context: RequestContext) -> RawResponse:
        if charge is not None and units is None:
            await charge(context, 1)
        document = None
        if strict:
            document = strict_json.read(raw)
            number_guard.refuse_in_body(raw, document, apart=route.numbers_at)
        request = None if fast_parse is None else fast_parse(document)
        if request is None:
            try:
                request = validate(raw)
            except ValidationError as error:
                raise problems.from_validation(error, raw, several=several) from None
        if charge is not None and units is not None:
            await charge(context, units(request))
        context.raw = raw
        reply = await handle(request, context)
        if isinstance(reply, RawResponse):
            return reply
        return RawResponse(reply if isinstance(reply, bytes) else dump(reply))

    return HotHandler(guard, answer, route.lane)


def _document(app: FastAPI, route: HotRoute) -> None:
    """Put a hot route into OpenAPI, and answer other methods with 405."""

    async def documented(body: Any) -> Any:
        raise problems.FraudError  # the edge answers first

    documented.__annotations__["body"] = route.request
    app.add_api_route(
        route.path,
        documented,
        methods=["POST"],
        response_model=route.response,
        operation_id=route.operation_id,
        summary=route.summary,
        description=route.handler.__doc__ or route.summary,
        tags=list(route.tags) or ["decisions"],
        responses={
            code: {"model": problems.Problem, "description": text}
            for code, text in (
                (400, "Malformed JSON or duplicate keys"),
                (401, "No valid service token"),
                (403, "No valid API key or scope"),
                (413, "Body too large"),
                (422, "A field is not as documented"),
                (429, "Beyond the rate, or too many requests or wrong keys"),
                (503, "Overloaded, or a needed store is unavailable"),
            )
        },
    )


def _lifespan(
    readiness: health.Readiness,
    settings: ServiceSettings,
    inner: Lifespan | None,
    tracing: Tracing,
    admission: Admission,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    name = readiness.service

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        logs.configure(settings.log_level)
        # Inherited by whatever the service does in the background.
        TRACER.set(tracing.tracer)
        log.info("starting", service=name, env=settings.env)
        try:
            async with inner() if inner else nullcontext(), admission.watching():
                readiness.started, readiness.draining = True, False
                log.info("started", service=name)
                yield
                readiness.draining = True
        except Exception as error:
            detail = error.detail if isinstance(error, problems.FraudError) else None
            log.error("cannot_run", service=name, detail=detail, exc_info=error)
            raise
        finally:
            readiness.started = False
        await asyncio.to_thread(tracing.shutdown)
        log.info("stopped", service=name)

    return lifespan
