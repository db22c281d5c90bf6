"""Searching decisions, and one of them in full."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response

from fraud_client.models import row_of
from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.fetch import Fetched, fetch
from fraud_console.service import ConsoleService
from fraud_console.views.decision import DecisionView, usual

FILTERS = (
    "account_id", "card_token", "merchant_id", "transaction_id", "decision", "reason",
)  # fmt: skip
PAGE = 50
HISTORY = 100


def router(service: ConsoleService) -> APIRouter:
    """Search, the page of a decision, and its replay."""
    routes = APIRouter(prefix="/decisions", include_in_schema=False)
    sees, changes = seeing(service, "decisions"), changing(service, "decisions")

    @routes.get("")
    async def search(visit: Annotated[Visit, sees]) -> Response:
        """Decisions by what they were about."""
        found: Visit = visit
        asked = filters_of(found)
        cursor = found.request.query_params.get("cursor")
        rows = await fetch(
            found.client.decisions.list(limit=PAGE, cursor=cursor, **asked), "Decisions"
        )
        more = found.is_fragment and cursor is not None
        template = "parts/decision_rows.html" if more else "pages/decisions.html"
        return found.page(template, rows=rows, asked=asked)

    @routes.get("/{decision_id}")
    async def decision(decision_id: str, visit: Annotated[Visit, sees]) -> Response:
        """Why, against what is usual, and what may be done."""
        found: Visit = visit
        stored, why = await asyncio.gather(
            fetch(found.client.decisions.get(decision_id), "The decision"),
            fetch(found.client.decisions.explanation(decision_id), "The explanation"),
        )
        if stored.value is None:
            return found.page(
                "pages/missing.html",
                status=404,
                missing=stored.missing,
                title="Decision",
            )
        view = DecisionView.of(stored.value)
        parts = await _around(found, view)
        return found.page(
            "pages/decision.html",
            view=view,
            why=why,
            trace_url=service.settings.trace_url,
            **parts,
        )

    @routes.post("/{decision_id}/replay")
    async def replay(decision_id: str, visit: Annotated[Visit, changes]) -> Response:
        """The decision computed again, beside what was recorded."""
        found: Visit = visit
        again = await fetch(found.client.decisions.replay(decision_id), "The replay")
        await found.note("replay", decision_id, "done" if again.there else "refused")
        if found.is_fragment:
            return found.page("parts/replay.html", again=again)
        return found.page("pages/replay.html", again=again, decision_id=decision_id)

    return routes


def filters_of(visit: Visit) -> dict[str, Any]:
    """The search in a page's address."""
    given = visit.request.query_params
    asked: dict[str, Any] = {
        name: text for name in FILTERS if (text := given.get(name, "").strip())
    }
    if given.get("degraded") == "on":
        asked["degraded"] = True
    for name, to in (("since", "since"), ("until", "until")):
        if (at := _time(given.get(name))) is not None:
            asked[to] = at
    return asked


def _time(text: str | None) -> datetime | None:
    """What a field of date and time holds, in UTC."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def _around(visit: Visit, view: DecisionView) -> dict[str, Any]:
    """What is usual for the account, and the case about the decision."""
    record = view.stored.record
    account = str(record.transaction.get("account_id", ""))
    earlier, profile = await asyncio.gather(
        fetch(
            visit.client.decisions.export(account_id=account, limit=HISTORY),
            "Earlier payments",
        ),
        fetch(visit.client.entities.profile(account), "The profile"),
    )
    compared: Fetched[Any] = Fetched(missing=earlier.missing)
    if earlier.value is not None:
        rows = [row_of(one) for one in earlier.value.items]
        compared = Fetched(usual(record.transaction, record.context, rows))
    return {"usual": compared, "profile": profile}
