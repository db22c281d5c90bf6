"""The queue of cases: triage, notes, findings."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.fetch import fetch
from fraud_console.gateway_keys import CLIENT
from fraud_console.service import ConsoleService
from fraud_console.views.decision import DecisionView

PAGE = 50
Short = Annotated[str, Form(max_length=128)]
Note = Annotated[str, Form(max_length=2000)]
Chosen = Annotated[list[str], Form(max_length=500)]
FINDINGS = {
    "fraud": "Fraud",
    "legitimate": "Legitimate",
    "listed": "Listed party",
    "not_listed": "Not the listed party",
}


def router(service: ConsoleService) -> APIRouter:
    """The queue, one case, and what is done with it."""
    routes = APIRouter(prefix="/cases", include_in_schema=False)
    _pages(routes, service)
    _changes(routes, service)
    return routes


def _pages(routes: APIRouter, service: ConsoleService) -> None:
    sees = seeing(service, "cases")

    @routes.get("")
    async def queue(visit: Annotated[Visit, sees]) -> Response:
        """Cases, the largest expected loss first."""
        found: Visit = visit
        given = found.request.query_params
        asked = {
            "status": given.get("status") or "open",
            "assignee": _assignee(given.get("assignee", ""), found),
            "sort": "priority",
        }
        cursor = given.get("cursor")
        cases = await fetch(
            found.client.cases.list(limit=PAGE, cursor=cursor, **asked), "Cases"
        )
        more = found.is_fragment and cursor is not None
        template = "parts/case_rows.html" if more else "pages/cases.html"
        return found.page(
            template,
            cases=cases,
            state=asked["status"],
            assignee=given.get("assignee", ""),
            findings=FINDINGS,
        )

    @routes.get("/{case_id}")
    async def case(case_id: str, visit: Annotated[Visit, sees]) -> Response:
        """One case with its decision and what is related."""
        found: Visit = visit
        one, related = await asyncio.gather(
            fetch(found.client.cases.get(case_id), "The case"),
            fetch(found.client.cases.related(case_id), "Related cases"),
        )
        if one.value is None:
            return found.page(
                "pages/missing.html", status=404, missing=one.missing, title="Case"
            )
        stored = await fetch(
            found.client.decisions.get(one.value.decision_id), "The decision"
        )
        view = DecisionView.of(stored.value) if stored.value else None
        return found.page(
            "pages/case.html",
            case=one.value,
            related=related,
            stored=stored,
            view=view,
            findings=_findings(one.value),
            me=CLIENT + found.session.name,
        )

    @routes.get("/{case_id}/evidence")
    async def evidence(case_id: str, visit: Annotated[Visit, sees]) -> Response:
        """What a dispute needs, to print or keep."""
        found: Visit = visit
        got = await fetch(found.client.cases.evidence(case_id), "The evidence")
        await found.note("evidence", case_id, "done" if got.there else "refused")
        return found.page("pages/evidence.html", evidence=got, case_id=case_id)


def _changes(routes: APIRouter, service: ConsoleService) -> None:
    changes = changing(service, "cases")

    @routes.post("/resolve")
    async def resolve_many(
        visit: Annotated[Visit, changes],
        outcome: Short,
        case_ids: Chosen,
        note: Note = "",
    ) -> Response:
        """Resolve several with one finding."""
        found: Visit = visit
        asked = found.client.cases.resolve_many(case_ids, outcome, note or None)
        return await found.change(
            "Resolve cases",
            f"{len(case_ids)} cases: {outcome}",
            asked,
            to="/cases",
            done=lambda made: _resolved(made, FINDINGS.get(outcome, outcome)),
        )

    @routes.post("/{case_id}/assign")
    async def assign(
        case_id: str,
        visit: Annotated[Visit, changes],
        assignee: Short = "",
    ) -> Response:
        """Take a case, or give it back."""
        found: Visit = visit
        who = _assignee(assignee, found)
        return await found.change(
            "Assign case",
            case_id,
            found.client.cases.assign(case_id, who),
            to=f"/cases/{case_id}",
            done="The case is yours." if who else "The case is back in the queue.",
        )

    @routes.post("/{case_id}/notes")
    async def note(
        case_id: str,
        visit: Annotated[Visit, changes],
        text: Note,
    ) -> Response:
        """Add a note."""
        found: Visit = visit
        asked = found.client.cases.note(case_id, text)
        return await found.change(
            "Add note", case_id, asked, to=f"/cases/{case_id}", done="Note added."
        )

    @routes.post("/{case_id}/resolve")
    async def resolve(
        case_id: str,
        visit: Annotated[Visit, changes],
        outcome: Short,
        note: Note = "",
    ) -> Response:
        """Store a finding; about a payment it becomes its label."""
        found: Visit = visit
        asked = found.client.cases.resolve(case_id, outcome, note or None)
        return await found.change(
            "Resolve case",
            f"{case_id}: {outcome}",
            asked,
            to=f"/cases/{case_id}",
            done=f"Resolved: {FINDINGS.get(outcome, outcome)}.",
        )


def _resolved(made: Any, finding: str) -> str:
    """What became of several cases."""
    items = made.get("items") or ()
    done = sum(one.get("status") == "resolved" for one in items)
    left = len(items) - done
    text = f"{done} cases resolved: {finding}."
    return f"{text} {left} could not be resolved so." if left else text


def _assignee(given: str, visit: Visit) -> str | None:
    """Whom a form means: `me` is the user as the gateway knows it."""
    return CLIENT + visit.session.name if given == "me" else given or None


def _findings(case: Any) -> dict[str, str]:
    """The findings that a case may have."""
    about_listing = bool((case.model_extra or {}).get("listing"))
    names = ("listed", "not_listed") if about_listing else ("fraud", "legitimate")
    return {name: FINDINGS[name] for name in names}
