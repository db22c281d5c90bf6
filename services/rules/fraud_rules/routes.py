"""The service's routes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from fraud_rules import list_views as views
from fraud_rules.service import RulesService
from fraud_rules.store import NewMarker
from fraud_shared.contracts.entries import (
    LIST_NAMES,
    Entry,
    EntryRequest,
    ListName,
    Snooze,
    SnoozeRequest,
    entry_value,
)
from fraud_shared.contracts.paging import PageQuery
from fraud_shared.contracts.rules import (
    EditedLists,
    EditedListView,
    Entries,
    RuleMetrics,
    Snoozes,
)
from fraud_shared.contracts.signal import RulesRequest, RulesResult
from fraud_shared.mesh.clock import Clock
from fraud_shared.state import version_routes
from fraud_shared.web.guard import ForActor, require_service
from fraud_shared.web.problems import InvalidInput
from fraud_shared.web.service import HotRoute, RequestContext

Id = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,39}$")]
Why = Annotated[str, Query(min_length=1, max_length=256)]
Paging = Annotated[PageQuery, Query()]


def hot(service: RulesService) -> list[HotRoute]:
    """The route on the payment's path."""

    async def evaluate(request: RulesRequest, context: RequestContext) -> RulesResult:
        """Every rule that fires on a payment, and those that could not be decided."""
        result = service.evaluate(request)
        context.log(rules_flag=result.rules_flag, ruleset=result.ruleset)
        return result

    return [
        HotRoute(
            "/evaluate",
            request=RulesRequest,
            response=RulesResult,
            handler=evaluate,
            operation_id="evaluateRules",
            summary="Evaluate the rules on one payment",
            max_body_bytes=64 * 1024,
        )
    ]


def routers(service: RulesService, clock: Clock) -> list[APIRouter]:
    """Rulesets, edited lists and snoozes."""
    metrics = APIRouter(
        prefix="/v1/rulesets",
        tags=["rulesets"],
        dependencies=[Depends(require_service)],
    )

    @metrics.get("/metrics", operation_id="getRuleMetrics")
    async def shown() -> RuleMetrics:
        """What each rule of the live version did, in all replicas: live beside shadow."""
        version = service.ruleset.document.version
        return views.metrics(service.ruleset, await service.store.totals(version))

    # Before `/{version}`, which would take it for one.
    documents = version_routes.router(service, path="/v1/rulesets", noun="Ruleset")
    return [metrics, documents, _lists(service, clock), _snoozes(service, clock)]


def _lists(service: RulesService, clock: Clock) -> APIRouter:
    routes = APIRouter(
        prefix="/v1/lists", tags=["lists"], dependencies=[Depends(require_service)]
    )
    store = service.store

    @routes.get("", operation_id="listEditedLists")
    async def lists() -> EditedLists:
        """The edited lists, and how many entries each has in force."""
        sizes = await store.sizes()
        items = [EditedListView(list=name, entries=sizes[name]) for name in LIST_NAMES]
        return EditedLists(items=items)

    @routes.get("/{name}/entries", operation_id="listEntries")
    async def entries(name: ListName, query: Paging) -> Entries:
        """Entries of a list, in force and ended, newest first."""
        after = views.position(query.cursor)
        rows = await store.page(name, query.limit + 1, after)
        return Entries(**views.page(rows, query.limit, views.entry))

    @routes.post("/{name}/entries", operation_id="addEntry", status_code=201)
    async def add(name: ListName, request: EntryRequest, actor: ForActor) -> Entry:
        """Put an entity on a list; effective in every replica within two seconds. One that
        is on it already gets the new reason and end."""
        if request.expires_at is not None and request.expires_at <= clock.now():
            raise InvalidInput(errors=[("expires_at", "is over already")])
        value = _value(request)
        new = NewMarker(name, request.kind, value, request.reason, request.expires_at)
        row = await store.add(new, actor.client)
        await service.refresh()
        return views.entry(row)

    @routes.delete("/{name}/entries/{entry_id}", operation_id="endEntry")
    async def end(
        name: ListName, entry_id: Id, actor: ForActor, reason: Why = "taken off"
    ) -> Entry:
        """Take an entry off; the record of it stays."""
        row = await store.end(entry_id, [name], actor.client, reason)
        await service.refresh()
        return views.entry(row)

    return routes


def _snoozes(service: RulesService, clock: Clock) -> APIRouter:
    routes = APIRouter(
        prefix="/v1/snoozes", tags=["lists"], dependencies=[Depends(require_service)]
    )
    store = service.store

    @routes.get("", operation_id="listSnoozes")
    async def snoozes(query: Paging) -> Snoozes:
        """Snoozes, in force and ended, newest first."""
        rows = await store.page(None, query.limit + 1, views.position(query.cursor))
        return Snoozes(**views.page(rows, query.limit, views.snooze))

    @routes.post("", operation_id="addSnooze", status_code=201)
    async def add(request: SnoozeRequest, actor: ForActor) -> Snooze:
        """Keep one rule from acting on one entity until a moment."""
        if request.expires_at <= clock.now():
            raise InvalidInput(errors=[("expires_at", "is over already")])
        rules = {rule.id: rule for rule in service.ruleset.rules}
        if request.rule not in rules:
            raise InvalidInput(errors=[("rule", "the live ruleset has no such rule")])
        if rules[request.rule].tier == "hard":
            raise InvalidInput(errors=[("rule", "a hard rule is not snoozed")])
        new = NewMarker(
            request.rule,
            request.kind,
            _value(request),
            request.reason,
            request.expires_at,
        )
        row = await store.add(new, actor.client)
        await service.refresh()
        return views.snooze(row)

    @routes.delete("/{snooze_id}", operation_id="endSnooze")
    async def end(
        snooze_id: Id, actor: ForActor, reason: Why = "ended early"
    ) -> Snooze:
        """End a snooze; the record of it stays."""
        row = await store.end(snooze_id, None, actor.client, reason)
        await service.refresh()
        return views.snooze(row)

    return routes


def _value(request: EntryRequest | SnoozeRequest) -> str:
    """The value in its one form. Raises InvalidInput."""
    try:
        return entry_value(request.kind, request.value)
    except ValueError as error:
        raise InvalidInput(errors=[("value", str(error))]) from None
