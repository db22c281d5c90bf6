"""Pages about one account, card, device, merchant or counterparty: what the decision log,
the action service and post_auth know of it, put together."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from fraud_orchestrator.gateway import Gateway
from fraud_orchestrator.stores.search import entity_of, row_of
from fraud_shared.contracts.cases import Case, Keys, RelatedCases
from fraud_shared.contracts.casework import Block
from fraud_shared.contracts.decision_search import (
    EntityKind,
    EntityPage,
    Related,
    RelatedPayment,
)
from fraud_shared.contracts.paging import Page
from fraud_shared.contracts.profile import BehaviourProfile
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.tokens import Actor
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import NotFound, Unavailable

RECENT = 50
RELATED = 20
_BLOCKED = ("account", "card", "device")
Answer = TypeVar("Answer", bound=BaseModel)


async def page(
    gateway: Gateway,
    kind: EntityKind,
    identity: str,
    actor: Actor,
    context: RequestContext,
) -> EntityPage:
    """Everything that is known; what a service cannot say now is None."""
    records, verdicts = await asyncio.gather(
        gateway.search.of_entity(kind, identity, actor, RECENT),
        gateway.search.verdicts(kind, identity, actor),
    )
    # The profile is one tenant's: the one whose payment was last.
    owner = _owner(records[0]) if records else actor.tenant
    blocks, cases, profile = await asyncio.gather(
        _list(
            gateway, Page[Block], "/v1/blocks", {"entity": kind, "id": identity},
            actor, context,
        ) if kind in _BLOCKED else _nothing(),
        _list(
            gateway, Page[Case], "/v1/cases", {"account_id": identity}, actor, context
        ) if kind == "account" else _nothing(),
        _profile(gateway, identity, owner, actor, context)
        if kind == "account" else _none(),
    )  # fmt: skip
    return EntityPage(
        kind=kind,
        id=identity,
        decisions=verdicts,
        recent=[row_of(record) for record in records],
        blocks=blocks,
        cases=cases,
        profile=profile,
    )


async def related(
    gateway: Gateway, case_id: str, actor: Actor, context: RequestContext
) -> Related:
    """Other cases and payments that have something in common with a case. Raises NotFound
    and Unavailable as the action service says."""
    found = await of_case(gateway, case_id, RelatedCases, actor, context, "/related")
    known = _known(found.keys)
    pages = await asyncio.gather(
        *(
            gateway.search.of_entity(kind, identity, actor, RELATED)
            for kind, identity in known.items()
        )
    )
    rows: dict[str, RelatedPayment] = {}
    for record in (record for page in pages for record in page):
        row = row_of(record)
        if row.decision_id != found.keys.decision_id:
            shared = [k for k, v in known.items() if entity_of(record, k) == v]
            rows[row.decision_id] = RelatedPayment(**dict(row), shared=shared)
    newest = sorted(rows.values(), key=lambda row: row.decided_at, reverse=True)
    return Related(case_id=case_id, cases=found.items, payments=newest)


async def of_case(
    gateway: Gateway,
    case_id: str,
    model: type[Answer],
    actor: Actor,
    context: RequestContext,
    part: str = "",
) -> Answer:
    """What the action service knows of a case, or of a part of it. Raises NotFound and
    Unavailable as it says."""
    path = f"/v1/cases/{quote(case_id, safe='')}{part}"
    try:
        status, body = await _get(gateway, "action", path, actor, context)
    except DependencyError as error:
        raise Unavailable("The action service did not answer.") from error
    if status != 200:
        raise NotFound if status == 404 else Unavailable
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise Unavailable("The action service did not answer.") from error


def _known(keys: Keys) -> dict[EntityKind, str]:
    given: dict[EntityKind, str | None] = {
        "account": keys.account_id,
        "card": keys.card_token,
        "device": keys.device_id,
        "merchant": keys.merchant_id,
        "counterparty": keys.counterparty,
    }
    return {kind: value for kind, value in given.items() if value is not None}


async def asked(
    gateway: Gateway,
    service: str,
    path: str,
    model: type[Answer],
    actor: Actor,
    context: RequestContext,
) -> Answer | None:
    """What a service answers on behalf of `actor`; None where it cannot, or has nothing."""
    try:
        status, body = await _get(gateway, service, path, actor, context)
        return model.model_validate_json(body) if status == 200 else None
    except (DependencyError, ValidationError):
        return None


async def _get(
    gateway: Gateway, service: str, path: str, actor: Actor, context: RequestContext
) -> tuple[int, bytes]:
    return await gateway.questions.forward(
        service,
        "GET",
        path,
        b"",
        deadline=Deadline.after(gateway.settings.query_cap_ms),
        headers={"accept": "application/json"},
        context=context,
        actor=actor,
    )


async def _list(
    gateway: Gateway,
    model: type[Page[Any]],
    path: str,
    query: Mapping[str, str],
    actor: Actor,
    context: RequestContext,
) -> list[Any] | None:
    at = f"{path}?{urlencode(query)}"
    found = await asked(gateway, "action", at, model, actor, context)
    return None if found is None else found.items


async def _profile(
    gateway: Gateway, account: str, owner: str, actor: Actor, context: RequestContext
) -> BehaviourProfile | None:
    path = f"/profile/{quote(account, safe=':@+=-._')}?{urlencode({'tenant': owner})}"
    return await asked(gateway, "post_auth", path, BehaviourProfile, actor, context)


async def _nothing() -> list[Any]:
    return []


async def _none() -> None:
    return None


def _owner(record: bytes) -> str:
    document = json.loads(record)
    return str(document.get("tenant") or document["client"])
