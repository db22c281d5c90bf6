"""Studies of rules, policies and models: asked for here, carried out by a worker."""

from functools import partial
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query
from pydantic import ValidationError

from fraud_orchestrator.api.acts import change_on_record
from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.api.passthrough import handed_over
from fraud_orchestrator.api.rows.route import COMMAND, PROBLEMS
from fraud_orchestrator.authentication import actor
from fraud_orchestrator.gateway import Gateway
from fraud_orchestrator.studies import of_models, of_rules
from fraud_shared.contracts.paging import Page
from fraud_shared.contracts.studies import (
    ModelStudy,
    ModelStudyRequest,
    RuleStudy,
    Study,
    StudyQuery,
    StudyRequest,
    StudyView,
)
from fraud_shared.contracts.versions import VersionText, WhyRequest
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.problems import Unavailable

KINDS: tuple[str, ...] = (*get_args(RuleStudy), *get_args(ModelStudy))
_PATHS = {"ruleset": ("rules", "/v1/rulesets"), "policy": ("decision", "/v1/policies")}
_STATES = {"approved": "queued", "rejected": "cancelled"}


def router(gateway: Gateway) -> APIRouter:
    """The routes of studies."""
    routes = APIRouter(tags=["studies"])
    _reading(routes, gateway)
    _writing(routes, gateway)
    return routes


def _reading(routes: APIRouter, gateway: Gateway) -> None:
    reads = needs(gateway, "rules", "models", "audit")

    @routes.get(
        "/v1/studies",
        operation_id="listStudies",
        summary="Studies, newest first, without what they found",
        dependencies=[reads],
        openapi_extra={COMMAND: "studies list"},
    )
    async def studies(asked: Annotated[StudyQuery, Query()]) -> Page[StudyView]:
        """How far each is, and whom it waits for."""
        kinds = KINDS if asked.kind is None else (asked.kind,)
        rows, following = await gateway.work.page(kinds, asked.limit, asked.cursor)
        there = await gateway.work.present()
        items = [StudyView(**_shown(row, there)) for row in rows]
        return Page(items=items, next_cursor=following)

    @routes.get(
        "/v1/studies/{study_id}",
        operation_id="getStudy",
        summary="One study with what it found",
        dependencies=[reads],
        openapi_extra={COMMAND: "studies show"},
    )
    async def study(study_id: Id) -> Study:
        """`result` is null until it is done."""
        row = await gateway.work.get(study_id, KINDS)
        there = await gateway.work.present()
        return Study(**_shown(row._mapping, there), result=row.result)


def _writing(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post(
        "/v1/studies",
        operation_id="startStudy",
        summary="Ask for a study of a draft",
        status_code=201,
        dependencies=[needs(gateway, "rules")],
        openapi_extra={
            COMMAND: "studies start",
            PROBLEMS: {"409": ["already-asked"]},
        },
    )
    async def start(wanted: StudyRequest, context: Caller) -> StudyView:
        """It is about the texts of now. Without a running worker it stays `queued`, and
        says so."""
        given = await of_rules(wanted, partial(_text, gateway, context))
        return await _start(gateway, context, "POST /v1/studies", wanted, given)

    @routes.post(
        "/v1/models/studies",
        operation_id="startModelStudy",
        summary="Ask for a study of models",
        status_code=201,
        dependencies=[needs(gateway, "models")],
        openapi_extra={
            COMMAND: "studies models",
            PROBLEMS: {"409": ["already-asked"]},
        },
    )
    async def start_of_models(wanted: ModelStudyRequest, context: Caller) -> StudyView:
        """Read it with the other studies."""
        given = of_models(wanted)
        return await _start(gateway, context, "POST /v1/models/studies", wanted, given)

    @routes.post(
        "/v1/studies/{study_id}/cancel",
        operation_id="cancelStudy",
        summary="Take back a study that no worker has begun",
        dependencies=[needs(gateway, "rules", "models")],
        openapi_extra={
            COMMAND: "studies cancel",
            PROBLEMS: {"409": ["work-state"]},
        },
    )
    async def cancel(study_id: Id, given: WhyRequest, context: Caller) -> StudyView:
        """409 once a worker has begun."""
        act, about = "POST /v1/studies/{study_id}/cancel", {"study_id": study_id}
        async with change_on_record(gateway, context, act, about):
            row = await gateway.work.decide(
                study_id, KINDS, context.caller, given.why, approved=False
            )
        return StudyView(**_shown(row._mapping, await gateway.work.present()))


async def _start(
    gateway: Gateway,
    context: Caller,
    act: str,
    wanted: StudyRequest | ModelStudyRequest,
    given: dict[str, Any],
) -> StudyView:
    about = {"kind": wanted.kind, "version": given["version"]}
    async with change_on_record(gateway, context, act, about) as answered:
        row = await gateway.work.ask(wanted.kind, given, context.caller, wanted.why)
        answered(201)
    return StudyView(**_shown(row._mapping, await gateway.work.present()))


async def _text(
    gateway: Gateway, context: Caller, name: str, which: str
) -> VersionText:
    """A version of a document, as its service keeps it. Raises NotFound, Unavailable."""
    service, path = _PATHS[name]
    try:
        status, body = await gateway.questions.forward(
            service,
            "GET",
            f"{path}/{which}",
            b"",
            deadline=Deadline.after(gateway.settings.query_cap_ms),
            headers={"accept": "application/json"},
            context=context,
            actor=actor(context, ("rules",)),
        )
    except DependencyError as error:
        raise Unavailable(f"The {service} service did not answer.") from error
    answer = handed_over(service, status, body)
    try:
        return VersionText.model_validate_json(answer.body)
    except ValidationError:
        raise Unavailable(f"The {service} service failed.") from None


def _shown(row: Any, there: frozenset[str]) -> dict[str, Any]:
    given, state = row["parameters"], row["state"]
    silent = "" if row["kind"] in there else ": none is running"
    return {
        "study_id": row["work_id"],
        "kind": row["kind"],
        "of": given["of"],
        "version": given["version"],
        "on": given["on"],
        "documents": given["documents"],
        "state": _STATES.get(state, state),
        "waits_for": f"a worker{silent}" if state == "approved" else None,
        "share": row["share"],
        "stage": row["stage"],
        "why": row["why"],
        "asked_by": row["asked_by"],
        "asked_at": row["asked_at"],
        "finished_at": row["finished_at"],
        "problem": row["problem"],
    }
