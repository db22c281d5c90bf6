"""Mounts the rows of `public_routes`: each request goes to the service that answers it, on
behalf of the client of its key, and the answer comes back as it is."""

import inspect
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from fraud_orchestrator.api import test_mode_routes
from fraud_orchestrator.api.acts import Answered, change_on_record, view_on_record
from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.api.passthrough import accepted, handed_over, response
from fraud_orchestrator.api.public_routes import JSON, PUBLIC_ROUTES, PublicRoute
from fraud_orchestrator.api.rows.route import COMMAND, PROBLEMS
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


def router(gateway: Gateway, rows: Iterable[PublicRoute] = PUBLIC_ROUTES) -> APIRouter:
    """A route for each row; fixed paths come before those with parameters."""
    routes = APIRouter()
    for row in sorted(rows, key=lambda row: row.path.replace("{", "~")):
        _mount(routes, gateway, row)
    return routes


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
        at = service or row.service
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
        responses=_other_media(row),
        openapi_extra=_extra(row),
    )


def _other_media(row: PublicRoute) -> dict[int | str, dict[str, Any]]:
    """The types besides JSON that an answer may have, for the document."""
    text = {"schema": {"type": "string"}}
    content = {media: text for media in row.media if media != JSON}
    return {row.status: {"content": content}} if content else {}


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
        given["query"] = Annotated[row.query, Query()]
    if row.request is not None and len(row.takes) == 1:
        given["body"] = row.request | None if row.optional_body else row.request
    defaults: dict[str, Any] = {"body": None} if row.optional_body else {}
    if row.services:
        chosen: Any = Literal.__getitem__(row.services)
        given["service"] = Annotated[chosen, Query(description="Whose events.")]
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
