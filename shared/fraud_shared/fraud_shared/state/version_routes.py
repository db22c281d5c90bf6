"""The routes of one kind of versioned document: the same for rulesets and for policies."""

from collections.abc import Sequence
from difflib import unified_diff
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import ValidationError

from fraud_shared.contracts.paging import PageQuery
from fraud_shared.contracts.versions import (
    Changes,
    CheckReport,
    CheckRequest,
    Difference,
    DraftRequest,
    InForce,
    Promotion,
    RollbackRequest,
    Versions,
    VersionText,
    VersionView,
    WhyRequest,
)
from fraud_shared.state.versions import VersionStore
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import ForActor, current_call, require_service
from fraud_shared.web.problems import InvalidInput, from_validation

YAML = "application/yaml"
Which = Annotated[str, Path(pattern=r"^([1-9][0-9]{0,8}|live|shadow)$")]
Number = Annotated[int, Path(ge=1, le=10**9 - 1)]
Paging = Annotated[PageQuery, Query()]


class Governed(Protocol):
    """A service whose document people change."""

    versions: VersionStore

    async def check(self, text: str) -> CheckReport:
        """Check a text and keep nothing. Raises a problem that names each fault."""

    async def draft(self, text: str, who: str, why: str) -> VersionView:
        """Check and store a text."""

    async def in_force(self, after: int) -> InForce:
        """What a replica needs that knows everything up to a revision."""

    async def refresh(self) -> None:
        """Adopt what is in force now."""


def router(service: Governed, *, path: str, noun: str) -> APIRouter:
    """The routes under `path` (`/v1/rulesets`); `noun` (`Ruleset`) names operations."""
    routes = APIRouter(
        prefix=path,
        tags=[path.rpartition("/")[2]],
        dependencies=[Depends(require_service)],
    )
    _reading(routes, service, noun)
    _changing(routes, service, noun)
    _life_cycle(routes, service, noun)
    return routes


def _reading(routes: APIRouter, service: Governed, noun: str) -> None:
    versions = service.versions

    @routes.get("", operation_id=f"list{noun}Versions")
    async def listed(query: Paging) -> Versions:
        """Versions, newest first."""
        rows = await versions.page(query.limit + 1, _number(query.cursor))
        return Versions(**_paged(rows, query.limit, "version"))

    @routes.get("/history", operation_id=f"list{noun}Changes")
    async def history(query: Paging) -> Changes:
        """Who did what, when and why, newest first."""
        rows = await versions.history(query.limit + 1, _number(query.cursor))
        return Changes(**_paged(rows, query.limit, "seq"))

    @routes.get("/in-force", operation_id=f"get{noun}InForce")
    async def in_force(
        context: Annotated[RequestContext, Depends(current_call)],
        after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    ) -> InForce:
        """What changed since a revision: for whoever evaluates the same elsewhere."""
        context.is_poll = True
        return await service.in_force(after)

    @routes.get("/{version}", operation_id=f"get{noun}")
    async def shown(version: Which) -> VersionText:
        """One version with its text: by number, or what is `live` or in `shadow`."""
        return await versions.get(int(version) if version.isdigit() else version)

    @routes.get("/{before}/diff/{after}", operation_id=f"diff{noun}Versions")
    async def diff(before: Number, after: Number) -> Difference:
        """Two versions compared, line by line."""
        one, other = await versions.get(before), await versions.get(after)
        lines = unified_diff(
            one.text.splitlines(), other.text.splitlines(), one.document, other.document,
            lineterm="",
        )  # fmt: skip
        return Difference(before=before, after=after, lines=list(lines))


def _changing(routes: APIRouter, service: Governed, noun: str) -> None:
    body = {
        "requestBody": {
            "required": True,
            "content": {
                YAML: {"schema": {"type": "string"}},
                "application/json": {"schema": CheckRequest.model_json_schema()},
            },
        }
    }

    @routes.post("/check", operation_id=f"check{noun}", openapi_extra=body)
    async def check(request: Request) -> CheckReport:
        """Check a document (YAML, or JSON `{"text": ...}`); nothing is kept. 422 names each
        fault with its line; what is odd is in `findings`."""
        return await service.check(await _text(request))

    @routes.post("", operation_id=f"draft{noun}", status_code=201)
    async def draft(request: DraftRequest, actor: ForActor) -> VersionView:
        """Store a checked document as a draft. The same text again is the same version."""
        return await service.draft(request.text, actor.client, request.why)


def _life_cycle(routes: APIRouter, service: Governed, noun: str) -> None:
    versions = service.versions

    @routes.post("/rollback", operation_id=f"rollBack{noun}")
    async def rollback(request: RollbackRequest, actor: ForActor) -> VersionView:
        """Back to a version that was live before."""
        view = await versions.rollback(request.to, actor.client, request.why)
        await service.refresh()
        return view

    @routes.post("/{version}/shadow", operation_id=f"shadow{noun}")
    async def shadow(
        version: Number, request: WhyRequest, actor: ForActor
    ) -> VersionView:
        """Evaluate a draft beside what is live; it never acts."""
        view = await versions.shadow(version, actor.client, request.why)
        await service.refresh()
        return view

    @routes.post("/{version}/promote", operation_id=f"promote{noun}")
    async def promote(
        version: Number, request: WhyRequest, actor: ForActor, response: Response
    ) -> Promotion:
        """Ask for a version to be live (202), or carry out what another person asked for
        (200). 409 for whoever wrote it, or asked already."""
        outcome, view = await versions.promote(version, actor.client, request.why)
        if outcome == "asked":
            response.status_code = 202
        else:
            await service.refresh()
        return Promotion.model_validate({"outcome": outcome, "version": view})


async def _text(request: Request) -> str:
    raw = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            return CheckRequest.model_validate_json(raw).text
        except ValidationError as error:
            raise from_validation(error, raw) from None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise InvalidInput(errors=[("body", "not UTF-8 text")]) from None


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise InvalidInput(errors=[("cursor", "not one of ours")])
    return int(cursor)


def _paged(rows: Sequence[Any], limit: int, key: str) -> dict[str, Any]:
    """Items and the next cursor, of one row more than were asked for."""
    items = list(rows[:limit])
    more = len(rows) > limit
    return {
        "items": items,
        "next_cursor": str(getattr(items[-1], key)) if more else None,
    }
