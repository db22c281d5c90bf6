"""Mounts the rows of `public_routes`: each request goes to the service that answers it, on
behalf of the client of its key, and the answer comes back as it is."""

import inspect
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import groupby
from typing import Annotated, Any, Literal, get_args
from urllib.parse import quote, urlencode

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field, create_model

from fraud_orchestrator.api import test_mode_routes
from fraud_orchestrator.api.acts import Answered, change_on_record, view_on_record
from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.api.passthrough import accepted, handed_over, response
from fraud_orchestrator.api.public_routes import JSON, PUBLIC_ROUTES, PublicRoute
from fraud_orchestrator.api.rows.route import COMMAND, PROBLEMS, Method
from fraud_orchestrator.authentication import actor, in_test_mode
from fraud_orchestrator.gateway import Gateway
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.context import RequestContext
from fraud_shared.web.keys import TEST_SCOPE
from fraud_shared.web.problems import Unavailable

_PARAMETER = re.compile(r"\{(\w+)\}")
# What identifiers may hold and a path may show as it is.
_SAFE = ":@+=-._"
_METHODS = frozenset(get_args(Method))
_WHOSE = "Whose events."


def router(gateway: Gateway, rows: Iterable[PublicRoute] = PUBLIC_ROUTES) -> APIRouter:
    """A route for each row; fixed paths come before those with parameters."""
    routes = APIRouter()
    table = sorted(rows, key=lambda row: row.path.replace("{", "~"))
    for path, of_path in groupby(table, key=lambda row: row.path):
        given = list(of_path)
        for row in given:
            _mount(routes, gateway, row)
        others = _METHODS - {row.method for row in given}
        if others and any(_also_fits(row, path) for row in table):
            routes.add_api_route(
                path, _not_allowed, methods=sorted(others), include_in_schema=False
            )
    return routes


def _also_fits(row: PublicRoute, path: str) -> bool:
    """Whether `path` is spelled out and would be read as a parameter of `row`."""
    pattern = _PARAMETER.sub("[^/]+", row.path)
    return "{" in row.path and "{" not in path and bool(re.fullmatch(pattern, path))


async def _not_allowed() -> Response:
    """A path that is spelled out is no identifier under another method."""
    raise HTTPException(405)


def limits(rows: Iterable[PublicRoute] = PUBLIC_ROUTES) -> dict[str, int]:
    """The largest bodies of the rows that take more than usual, by path."""
    return {r.path: r.max_body_bytes for r in rows if r.max_body_bytes is not None}


def _mount(routes: APIRouter, gateway: Gateway, row: PublicRoute) -> None:
    # Else a key of scope `test` would be let in to what counts.
    in_test = row.operation_id in test_mode_routes.ANSWERED
    assert in_test == (TEST_SCOPE in row.scopes), row.operation_id

    async def handle(
        request: Request,
        context: RequestContext,
        query: BaseModel | None = None,
        body: BaseModel | None = None,
        service: str = "",
        **path: Any,
    ) -> Response:
        if in_test_mode(context):
            return await test_mode_routes.answer(
                gateway, row.operation_id, path, body, context
            )
        given = {} if query is None else _query(query)
        if row.tenant_query:
            given["tenant"] = context.tenant
        at = service or given.pop("service", row.service)
        target = _target(row, path, given)
        raw, media = b"", JSON
        if body is not None:
            if row.tokenises_address:
                body = gateway.with_token(body)
            raw = body.model_dump_json(exclude_unset=True).encode()
        elif len(row.takes) > 1:
            raw = await request.body()
            media = request.headers.get("content-type", JSON)
        async with _on_record(gateway, row, path, raw, context) as answered:
            reply = await _forward(gateway, row, at, (target, raw, media), context)
            answered(reply.status_code)
        return reply

    handle.__signature__ = _signature(row)  # type: ignore[attr-defined]
    routes.add_api_route(
        row.path,
        handle,
        methods=[row.method],
        operation_id=row.operation_id,
        summary=row.summary,
        description=row.description or f"{row.summary}.",
        tags=[row.tag],
        dependencies=[needs(gateway, *row.scopes)],
        response_model=row.response,
        status_code=row.status,
        responses=_other_answers(row),
        openapi_extra=_extra(row),
    )


def _other_answers(row: PublicRoute) -> dict[int | str, dict[str, Any]]:
    """What else an answer may be, for the document: other types than JSON, and 202."""
    text = {"schema": {"type": "string"}}
    content = {media: text for media in row.media if media != JSON}
    made: dict[int | str, dict[str, Any]] = {}
    if content:
        made[row.status] = {"content": content}
    if row.asks_first:
        text_202 = "Asked for; a second person carries it out."
        made[202] = {"model": row.response, "description": text_202}
    return made


def _extra(row: PublicRoute) -> dict[str, Any]:
    """What only the document says of a row."""
    extra: dict[str, Any] = {}
    if row.command:
        extra[COMMAND] = row.command
    if row.problems:
        extra[PROBLEMS] = {s: list(types) for s, types in row.problems.items()}
    if len(row.takes) > 1:
        text: dict[str, Any] = {"schema": {"type": "string"}}
        content = dict.fromkeys(row.takes, text)
        if row.request is not None:
            content[JSON] = {"schema": row.request.model_json_schema()}
        extra["requestBody"] = {"required": True, "content": content}
    return extra


def _on_record(
    gateway: Gateway,
    row: PublicRoute,
    path: Mapping[str, Any],
    raw: bytes,
    context: RequestContext,
) -> AbstractAsyncContextManager[Answered]:
    """What the audit log says of a request, if anything."""
    act = f"{row.method} {row.path}"
    if row.method != "GET":
        return change_on_record(gateway, context, act, path, raw)
    if row.personal:
        return view_on_record(gateway, context, act, path)
    return nullcontext(_nothing)


def _nothing(_: int) -> None:
    """Nobody asks for the status."""


def _signature(row: PublicRoute) -> inspect.Signature:
    """What the framework reads parameters, query and body of a row from."""
    given: dict[str, Any] = {
        name: row.parameters.get(name, Id) for name in _PARAMETER.findall(row.path)
    }
    given |= {"request": Request, "context": Caller}
    if row.query is not None:
        given["query"] = Annotated[_query_model(row), Query()]
    if row.request is not None and len(row.takes) == 1:
        given["body"] = row.request | None if row.optional_body else row.request
    defaults: dict[str, Any] = {"body": None} if row.optional_body else {}
    if row.services and row.query is None:
        given["service"] = Annotated[_chosen(row), Query(description=_WHOSE)]
        defaults["service"] = row.service
    return inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=kind,
                default=defaults.get(name, inspect.Parameter.empty),
            )
            for name, kind in given.items()
        ]
    )


def _chosen(row: PublicRoute) -> Any:
    """The services of which one is chosen."""
    return Literal.__getitem__(row.services)


def _query_model(row: PublicRoute) -> type[BaseModel]:
    """The query of a row, and the service among several: the framework takes all
    parameters from one model, or none."""
    assert row.query is not None
    if not row.services:
        return row.query
    service = (_chosen(row), Field(default=row.service, description=_WHOSE))
    name = f"{row.query.__name__}Of{row.operation_id[0].upper()}{row.operation_id[1:]}"
    return create_model(name, __base__=row.query, service=service)


def _query(query: BaseModel) -> dict[str, Any]:
    return query.model_dump(
        mode="json", by_alias=True, exclude_unset=True, exclude_none=True
    )


def _target(row: PublicRoute, path: Mapping[str, Any], query: Mapping[str, Any]) -> str:
    """The inner path of a request, with its query."""
    at = _PARAMETER.sub(lambda m: quote(str(path[m[1]]), safe=_SAFE), row.inner_path)
    return at + (f"?{urlencode(query, doseq=True)}" if query else "")


async def _forward(
    gateway: Gateway,
    row: PublicRoute,
    service: str,
    sent: tuple[str, bytes, str],
    context: RequestContext,
) -> Response:
    """Ask `service`; `sent` is path, body and its type. Raises NotFound, Unavailable."""
    target, raw, media = sent
    wanted = accepted(row.media, context.header("accept"))
    try:
        status, body = await gateway.questions.forward(
            service,
            row.inner_method or row.method,
            target,
            raw,
            deadline=Deadline.after(row.timeout_ms or gateway.settings.query_cap_ms),
            headers={"accept": wanted, "content-type": media},
            context=context,
            actor=actor(context, row.scopes),
        )
    except DependencyError as error:
        raise Unavailable(f"The {service} service did not answer.") from error
    return response(handed_over(service, status, body, wanted))
