"""Studies: asked for at the gateway, carried out by a worker, shown with how far they are."""

import json
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from fraud_shared.contracts.versions import VersionText
from fraud_shared.web.examples import example_of

PATH = "/v1/studies"
BACKTEST = {"kind": "backtest", "version": 7, "why": "before it is promoted"}
FAR = timedelta(seconds=61)


class Document:
    """A service that keeps versions 6 (live) and 7 of its document."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.down = False

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        number = {"live": 6, "6": 6, "7": 7}.get(path.rpartition("/")[2])
        if self.down:
            return 500, b"{}"
        if number is None:
            return 404, b"{}"
        version = {
            **example_of(VersionText),
            "document": f"{self.name}@{number}+0",
            "version": number,
            "sha256": "0" * 64,
            "text": f"text of {self.name} {number}",
        }
        return 200, json.dumps(version).encode()


@pytest.fixture
async def send(start: Any) -> Any:
    """Sends for an author, a worker, a model owner or an auditor."""
    scopes = {"author": "rules", "worker": "worker", "owner": "models", "aud": "audit"}
    runs: dict[str, Any] = {}
    async with AsyncExitStack() as stack:

        async def send(who: str, method: str, path: str, body: Any = None) -> Any:
            if who not in runs:
                made = start(client=who, scopes=[scopes[who]])
                runs[who] = await stack.enter_async_context(made)
                for service, name in (("rules", "rules"), ("decision", "policy")):
                    runs[who].transport.responders[service] = Document(name)
            return await runs[who].http.request(method, path, json=body)

        send.runs = runs  # type: ignore[attr-defined]
        yield send


async def claimed(send: Any) -> Any:
    reply = await send("worker", "POST", "/v1/jobs/claim", {"kinds": ["backtest"]})
    assert reply.status_code == 200, reply.text
    return reply.json()["order"]


async def test_a_study_without_a_worker_says_that_none_is_running(send: Any) -> None:
    made = (await send("author", "POST", PATH, BACKTEST)).json()
    assert (made["state"], made["waits_for"]) == ("queued", "a worker: none is running")
    assert made["documents"]["candidate"] == "rules@7+0"


async def test_a_worker_that_asked_lately_is_there(send: Any) -> None:
    assert await claimed(send) is None
    first = (await send("author", "POST", PATH, BACKTEST)).json()
    assert first["waits_for"] == "a worker"
    send.runs["author"].clock.advance(FAR)
    later = (await send("author", "GET", f"{PATH}/{first['study_id']}")).json()
    assert later["waits_for"] == "a worker: none is running"


async def test_a_worker_gets_the_texts_of_when_it_was_asked_for(send: Any) -> None:
    await send("author", "POST", PATH, BACKTEST)
    send.runs["author"].transport.responders["rules"].down = True
    given = (await claimed(send))["parameters"]
    assert given["texts"] == {
        "ruleset": "text of rules 6",
        "policy": "text of policy 6",
        "candidate": "text of rules 7",
    }


async def test_progress_and_result_are_shown(send: Any) -> None:
    study = (await send("author", "POST", PATH, BACKTEST)).json()["study_id"]
    claim = (await claimed(send))["claim"]
    progress = {"claim": claim, "share": 0.4, "stage": "rules"}
    await send("worker", "POST", "/v1/jobs/progress", progress)
    shown = (await send("aud", "GET", f"{PATH}/{study}")).json()
    assert (shown["state"], shown["share"], shown["stage"]) == ("running", 0.4, "rules")
    outcome = {"claim": claim, "result": {"payments": 3}}
    await send("worker", "POST", "/v1/jobs/outcome", outcome)
    shown = (await send("author", "GET", f"{PATH}/{study}")).json()
    assert (shown["state"], shown["result"]) == ("done", {"payments": 3})
    (listed,) = (await send("author", "GET", f"{PATH}?kind=backtest")).json()["items"]
    assert "result" not in listed


async def test_what_cannot_be_studied_is_refused_with_the_field(send: Any) -> None:
    for wrong, field in (
        ({**BACKTEST, "version": None}, "version"),
        ({**BACKTEST, "version": 99}, "version"),
    ):
        reply = await send("author", "POST", PATH, wrong)
        assert reply.status_code == 422, wrong
        assert reply.json()["errors"][0]["field"] == field


async def test_owners_study_models_and_authors_rules(send: Any) -> None:
    dossier = {"kind": "dossier", "why": "every year"}
    assert (await send("owner", "POST", PATH, BACKTEST)).status_code == 403
    models = "/v1/models/studies"
    assert (await send("author", "POST", models, dossier)).status_code == 403
    made = (await send("owner", "POST", models, dossier)).json()
    assert made["documents"] == {"model": "xgboost champion"}


async def test_a_study_is_taken_back_until_a_worker_has_it(send: Any) -> None:
    first = (await send("author", "POST", PATH, BACKTEST)).json()["study_id"]
    why = {"why": "another draft"}
    assert (await send("author", "POST", PATH, BACKTEST)).status_code == 409
    done = await send("author", "POST", f"{PATH}/{first}/cancel", why)
    assert done.json()["state"] == "cancelled"
    second = (await send("author", "POST", PATH, BACKTEST)).json()["study_id"]
    await claimed(send)
    late = await send("author", "POST", f"{PATH}/{second}/cancel", why)
    assert late.json()["type"] == "urn:fraud:problem:work-state"
