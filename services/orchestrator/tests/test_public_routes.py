"""Every row of the table of public routes: who may, what the service is told, what comes
back. Bodies and queries are the documented examples."""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fraud_orchestrator.api.public_routes import PUBLIC_ROUTES, YAML, PublicRoute
from fraud_shared.contracts.clearing import ClearRequest
from fraud_shared.mesh.tokens import TokenVerifier
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.web.examples import example_of
from fraud_shared.web.keys import LIVE_SCOPES, Scope, key_hash, new_key

PEPPER = "test-pepper-of-at-least-32-characters"
NAMED = {row.operation_id: row for row in PUBLIC_ROUTES}


class Neighbour:
    """Answers as it is told, and keeps what it was asked."""

    def __init__(self, status: int = 200, body: bytes = b'{"answer": 1}') -> None:
        self.status, self.body = status, body
        self.asked: list[tuple[str, bytes]] = []

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        asked_by_itself = "in-force" in path or path in ("/v1/model", "/livez")
        if not asked_by_itself:
            self.asked.append((path, body))
        return self.status, self.body


def filled(path: str, row: PublicRoute) -> str:
    """A path with an example for each parameter."""
    return re.sub(r"\{(\w+)\}", lambda m: row.examples.get(m[1], f"{m[1]}-1"), path)


async def ask(run: Any, row: PublicRoute, **headers: str) -> Any:
    """Send the documented example of a row."""
    given: dict[str, Any] = {"headers": headers}
    if row.query is not None:
        given["params"] = example_of(row.query, whole=False)
    if row.request is not None:
        given["json"] = example_of(row.request)
    elif len(row.takes) > 1:
        given["content"] = "rules: []"
        given["headers"] = {"content-type": YAML, **headers}
    return await run.http.request(row.method, filled(row.path, row), **given)


def last(run: Any) -> int:
    """The place of the last call that somebody asked for; the gateway itself asks what is
    in force."""
    calls = enumerate(run.transport.calls)
    return max(place for place, (_, path) in calls if "in-force" not in path)


def actor_in(headers: Mapping[str, str], row: PublicRoute) -> Any:
    """For whom a service was asked, as it reads it from its token."""
    verified = TokenVerifier(row.service, TEST_TOKEN_KEY).verified(
        headers["authorization"]
    )
    assert verified is not None
    assert verified.caller == "orchestrator"
    return verified.actor


def others(row: PublicRoute) -> set[Scope]:
    """Every scope of a live key but the row's."""
    return {*LIVE_SCOPES} - {*row.scopes}


def last_of(row: PublicRoute) -> Scope:
    """The last scope that lets a live key in."""
    return next(scope for scope in reversed(row.scopes) if scope in LIVE_SCOPES)


@asynccontextmanager
async def started(start: Any) -> AsyncIterator[tuple[Any, Callable[..., str]]]:
    """One gateway for all rows, and the key that has just the given scopes."""
    wanted = {
        frozenset(scopes)
        for row in PUBLIC_ROUTES
        for scopes in ([row.scopes[0]], [last_of(row)], others(row))
    }
    # A client has at most two keys.
    keys = {scopes: new_key(f"shop{n}") for n, scopes in enumerate(wanted)}
    entries = [
        {"client": f"shop{n}", "hash": key_hash(PEPPER, key), "scopes": sorted(scopes)}
        for n, (scopes, key) in enumerate(keys.items())
    ]
    async with start(api_keys=json.dumps(entries)) as run:
        yield run, lambda *scopes: keys[frozenset(scopes)]


class TestEachRow:
    async def test_asks_the_service_for_the_client_of_the_key(
        self, start: Any, subtests: pytest.Subtests
    ) -> None:
        async with started(start) as (run, key_of):
            for name, row in NAMED.items():
                with subtests.test(name):
                    await self.asks_for_its_client(run, row, key_of(last_of(row)))

    async def asks_for_its_client(self, run: Any, row: PublicRoute, key: str) -> None:
        neighbour = run.transport.responders[row.service] = Neighbour()
        reply = await ask(run, row, **{"x-api-key": key})
        assert (reply.status_code, reply.json()) == (200, {"answer": 1})
        inner = filled(row.inner_path, row)
        # The gateway asks meanwhile by itself, too: it warms up.
        ((path, body),) = (
            a for a in neighbour.asked if a[0].partition("?")[0] == inner
        )
        at = max(
            n
            for n, (service, asked) in enumerate(run.transport.calls)
            if (service, asked) == (row.service, path)
        )
        assert run.transport.methods[at] == (row.inner_method or row.method)
        if row.request is not None and len(row.takes) == 1:
            assert json.loads(body) == example_of(row.request)
        actor = actor_in(run.transport.headers[at], row)
        assert key.startswith(f"fk_{actor.client}_")
        assert actor.tenants == (actor.client,)
        assert actor.scopes == {last_of(row)}

    async def test_refuses_every_key_without_its_scopes(
        self, start: Any, subtests: pytest.Subtests
    ) -> None:
        async with started(start) as (run, key_of):
            for name, row in NAMED.items():
                neighbour = run.transport.responders[row.service] = Neighbour()
                key = key_of(*others(row))
                with subtests.test(name):
                    reply = await ask(run, row, **{"x-api-key": key})
                    assert reply.status_code == 403
                    assert neighbour.asked == []

    async def test_hands_over_a_refusal_and_reports_a_failure(
        self, start: Any, subtests: pytest.Subtests
    ) -> None:
        async with started(start) as (run, key_of):
            for name, row in NAMED.items():
                with subtests.test(name):
                    await self.hands_over(run, row, key_of(row.scopes[0]))

    async def hands_over(self, run: Any, row: PublicRoute, key: str) -> None:
        expected = {
            201: 201,
            404: 404,
            409: 409,
            422: 422,
            401: 503,
            403: 503,
            500: 503,
        }
        for status, public in expected.items():
            run.transport.responders[row.service] = Neighbour(status)
            reply = await ask(run, row, **{"x-api-key": key})
            assert reply.status_code == public
        del run.transport.responders[row.service]
        gone = await ask(run, row, **{"x-api-key": key})
        assert gone.status_code == 503
        assert gone.headers["content-type"] == "application/problem+json"


async def test_a_key_for_all_tenants_lets_its_analyst_see_all(start: Any) -> None:
    row = NAMED["listCleared"]
    async with start(scopes=["analyst"], tenants=["*"]) as run:
        run.transport.responders[row.service] = Neighbour()
        await ask(run, row)
        everything = actor_in(run.transport.headers[last(run)], row)
        await ask(run, row, **{"x-tenant": "bank"})
        one = actor_in(run.transport.headers[last(run)], row)
    assert (everything.tenants, one.tenants) == (("*",), ("bank",))


async def test_a_tenant_that_is_not_declared_is_refused(start: Any) -> None:
    async with start(scopes=["analyst"], tenants=["bank"]) as run:
        neighbour = run.transport.responders["action"] = Neighbour()
        reply = await ask(run, NAMED["listCases"], **{"x-tenant": "market"})
    assert reply.status_code == 403
    assert neighbour.asked == []


async def test_an_undeclared_query_parameter_goes_nowhere(start: Any) -> None:
    async with start(scopes=["analyst"]) as run:
        neighbour = run.transport.responders["sanctions"] = Neighbour()
        reply = await run.http.get("/v1/cleared", params={"who": "anna"})
    assert reply.status_code == 422
    assert neighbour.asked == []


async def test_a_body_that_is_not_as_documented_goes_nowhere(start: Any) -> None:
    async with start(scopes=["analyst"]) as run:
        neighbour = run.transport.responders["sanctions"] = Neighbour()
        body = {**example_of(ClearRequest), "account": "Jane Smith"}
        reply = await run.http.post("/v1/cleared", json=body)
    assert reply.status_code == 422
    assert "Jane Smith" not in reply.text
    assert neighbour.asked == []


def test_operation_ids_and_commands_name_one_row_each() -> None:
    commands = [row.command for row in PUBLIC_ROUTES if row.command]
    assert len(NAMED) == len(PUBLIC_ROUTES)
    assert len(set(commands)) == len(commands)
