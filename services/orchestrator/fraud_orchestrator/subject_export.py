"""What is stored of a person, from every service that stores anything."""

import asyncio
import json
from typing import Any

from fraud_orchestrator.erasing import SERVICES
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.privacy import (
    ExportRequest,
    Subject,
    SubjectExport,
    SubjectRows,
)
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.context import RequestContext

# Decisions of a page, some ten kilobytes each.
PAGE = 100
_ASK_MS = 10_000.0


async def export(
    gateway: Gateway, asked: ExportRequest, tenant: str, context: RequestContext
) -> SubjectExport:
    """A page of decisions; with the first one the rows of other services."""
    rows, cursor = await gateway.subject_decisions.page(
        tenant, asked.account_id, PAGE, asked.cursor
    )
    decisions = [await _decision(gateway, row) for row in rows]
    services: dict[str, Any] = {}
    silent: list[str] = []
    if asked.cursor is None:
        numbers = [row["transaction_id"] for row in rows]
        subject = Subject(
            account_id=asked.account_id, tenant=tenant, transactions=numbers
        )
        found = await asyncio.gather(
            *(_rows(gateway, name, subject, context) for name in SERVICES)
        )
        services = {n: t for n, t in zip(SERVICES, found, strict=True) if t is not None}
        silent = [n for n, t in zip(SERVICES, found, strict=True) if t is None]
    return SubjectExport(
        account_id=asked.account_id,
        tenant=tenant,
        decisions=decisions,
        services=services,
        unanswered=silent,
        next_cursor=cursor,
    )


async def _decision(gateway: Gateway, row: dict[str, Any]) -> dict[str, Any]:
    owner, number = row["tenant"] or row["client"], row["transaction_id"]
    labels = await gateway.labels.of(owner, number)
    events = await gateway.payment_events.of(owner, number)
    return {
        "record": json.loads(bytes(row["record"])),
        "reply": None if row["reply"] is None else json.loads(bytes(row["reply"])),
        "labels": [label.model_dump(mode="json") for label in labels],
        "events": [event.model_dump(mode="json") for event in events],
    }


async def _rows(
    gateway: Gateway, service: str, subject: Subject, context: RequestContext
) -> dict[str, list[dict[str, Any]]] | None:
    try:
        body = await gateway.questions.call(
            service,
            "/v1/subjects/export",
            subject.model_dump_json().encode(),
            deadline=Deadline.after(_ASK_MS),
            cap_ms=_ASK_MS,
            context=context,
        )
    except DependencyError:
        return None
    return SubjectRows.model_validate_json(body).tables
