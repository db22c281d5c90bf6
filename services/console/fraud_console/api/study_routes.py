"""Studies: backtest, prove, what-if, suggestions of drafts; drift and dossiers of models."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Response

from fraud_client.models import Study
from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.fetch import fetch
from fraud_console.service import ConsoleService
from fraud_console.views.study import StudyPage

PAGE = 50
Why = Annotated[str, Form(min_length=3, max_length=256)]
Number = Annotated[int | None, Form(ge=1, le=10**9 - 1)]
Hours = Annotated[str, Form(max_length=16)]


def router(service: ConsoleService) -> APIRouter:
    """The pages of studies, and what asks for one."""
    routes = APIRouter(prefix="/studies", include_in_schema=False)
    _asking(routes, service)
    _pages(routes, service)
    return routes


def _pages(routes: APIRouter, service: ConsoleService) -> None:
    sees = seeing(service, "studies")

    @routes.get("")
    async def studies(
        visit: Annotated[Visit, sees], cursor: str | None = None
    ) -> Response:
        """Every study, newest first."""
        found: Visit = visit
        listed = await fetch(
            found.client.studies.list(limit=PAGE, cursor=cursor), "Studies"
        )
        return found.page(
            "pages/studies.html",
            listed=listed,
            may_study=found.may("authoring"),
            may_study_models=found.may("promoting"),
        )

    @routes.get("/{study_id}")
    async def study(study_id: str, visit: Annotated[Visit, sees]) -> Response:
        """One of them: how far it is, then what it found."""
        found: Visit = visit
        one = await fetch(found.client.studies.get(study_id), "The study")
        view = None if one.value is None else StudyPage.of(one.value)
        template = "parts/study.html" if found.is_fragment else "pages/study.html"
        return found.page(template, study_id=study_id, one=one, view=view)


def _asking(routes: APIRouter, service: ConsoleService) -> None:
    authors, owners = changing(service, "authoring"), changing(service, "promoting")

    @routes.post("")
    async def start(
        visit: Annotated[Visit, authors],
        kind: Annotated[Literal["backtest", "prove", "suggest", "what_if"], Form()],
        why: Why,
        *,
        of: Annotated[Literal["ruleset", "policy"], Form()] = "ruleset",
        version: Number = None,
        on: Annotated[Literal["recorded", "simulated"], Form()] = "recorded",
        hours: Hours = "",
    ) -> Response:
        """Ask for a study of a draft."""
        found: Visit = visit
        wanted: dict[str, Any] = {
            "of": of,
            "version": version,
            "on": on,
            "hours": float(hours) if _is_number(hours) else None,
        }
        asked = found.client.studies.start(kind, why, **wanted)
        return await _started(found, f"{kind} {version or ''}: {why}", asked)

    @routes.post("/models")
    async def start_of_models(
        visit: Annotated[Visit, owners],
        kind: Annotated[Literal["drift", "dossier"], Form()],
        why: Why,
        model: Annotated[str, Form(max_length=128)] = "xgboost",
        model_version: Annotated[str, Form(max_length=128)] = "champion",
    ) -> Response:
        """Ask for a study of models."""
        found: Visit = visit
        asked = found.client.studies.start_of_models(
            kind, why, model=model, model_version=model_version
        )
        return await _started(found, f"{kind} {model}: {why}", asked)

    @routes.post("/{study_id}/cancel")
    async def cancel(
        study_id: str,
        visit: Annotated[Visit, changing(service, "studying")],
        why: Why,
    ) -> Response:
        """Take a study back."""
        found: Visit = visit
        return await found.change(
            "Cancel study",
            f"{study_id}: {why}",
            found.client.studies.cancel(study_id, why),
            to=f"/studies/{quote(study_id, safe='')}",
            done="Cancelled.",
        )


async def _started(visit: Visit, target: str, asked: Any) -> Response:
    """Ask, and go to the new study's own page; where there is none, to the list."""
    made: list[Study] = []

    async def keep() -> Study:
        made.append(await asked)
        return made[0]

    reply = await visit.change(
        "Start study", target, keep(), to="/studies", done="Asked for."
    )
    if made:
        place = f"/studies/{quote(made[0].study_id, safe='')}"
        return visit.to(place, "good", "Asked for.")
    return reply


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isascii() and text.replace(".", "", 1).isdecimal()
