"""Two people change the models that serve; a signer, which has the key, carries it out."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

LEASE_OVER = timedelta(seconds=121)
PATH = "/v1/models/proposals"
WANTED = {"action": "promote", "bundle": "b-2", "why": "better on last month"}
WHY = {"why": "the card reads well"}
MOVED = {
    "name": "xgboost",
    "alias": "champion",
    "before": "20260223.3",
    "after": "20260302.4",
    "bundle": "b-2",
    "revision": 7,
}


class People:
    """Gateways over one database, each with the key of one client."""

    def __init__(self, start: Any, stack: AsyncExitStack) -> None:
        self._start, self._stack = start, stack
        self.runs: dict[str, Any] = {}

    async def send(self, who: str, method: str, path: str, body: Any = None) -> Any:
        if who not in self.runs:
            scope = "worker" if who == "signer" else "models"
            self.runs[who] = await self._stack.enter_async_context(
                self._start(client=who, scopes=[scope, "audit"])
            )
        return await self.runs[who].http.request(method, path, json=body)

    async def proposed(self) -> str:
        reply = await self.send("ana", "POST", PATH, WANTED)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["proposal_id"])

    async def approved(self) -> str:
        proposal = await self.proposed()
        reply = await self.send("ben", "POST", f"{PATH}/{proposal}/approve", WHY)
        assert reply.status_code == 200, reply.text
        return proposal

    async def shown(self, proposal: str) -> Any:
        return (await self.send("ana", "GET", f"{PATH}/{proposal}")).json()

    async def claimed(self) -> Any:
        body = {"kinds": ["promote", "roll_back"]}
        reply = await self.send("signer", "POST", "/v1/jobs/claim", body)
        assert reply.status_code == 200, reply.text
        return reply.json()["order"]


@pytest.fixture
async def people(start: Any) -> Any:
    async with AsyncExitStack() as stack:
        yield People(start, stack)


async def test_one_person_alone_changes_nothing(people: People) -> None:
    proposal = await people.proposed()
    own = await people.send("ana", "POST", f"{PATH}/{proposal}/approve", WHY)
    assert own.json()["type"] == "urn:fraud:problem:second-person-required"
    assert await people.claimed() is None
    assert (await people.shown(proposal))["waits_for"] == "a second person"


async def test_an_approved_proposal_says_that_no_signer_is_running(
    people: People,
) -> None:
    proposal = await people.approved()
    shown = await people.shown(proposal)
    assert (shown["state"], shown["decided_by"]) == ("approved", "ben")
    assert shown["waits_for"] == "the signer: none is running"


async def test_what_the_signer_moved_is_on_record_and_published_once(
    people: People,
) -> None:
    proposal = await people.approved()
    order = await people.claimed()
    scorer = Scorer()
    for run in people.runs.values():
        for name in ("isolation_forest", "autoencoder", "xgboost", "lightgbm"):
            run.transport.responders[name] = scorer
    assert (order["kind"], order["parameters"]) == ("promote", {"bundle": "b-2"})
    assert (await people.shown(proposal))["state"] == "running"
    outcome = {"claim": order["claim"], "result": {"moved": [MOVED]}}
    for status in (200, 409):
        reply = await people.send("signer", "POST", "/v1/jobs/outcome", outcome)
        assert reply.status_code == status, reply.text
    shown = await people.shown(proposal)
    assert (shown["state"], shown["waits_for"]) == ("done", None)
    assert shown["moved"] == [MOVED]
    await asyncio.wait_for(scorer.notified.wait(), 20)
    assert {event["id"] for event in scorer.events} == {scorer.events[0]["id"]}
    assert scorer.events[0]["data"]["version"] == "20260302.4"


class Scorer:
    """Keeps the events that it is sent."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.notified = asyncio.Event()

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/v1/events":
            self.events.extend(json.loads(body))
            self.notified.set()
        return 204, b""


async def test_a_refusal_of_the_signer_is_shown_with_its_reason(
    people: People,
) -> None:
    proposal = await people.approved()
    order = await people.claimed()
    outcome = {"claim": order["claim"], "problem": "bundle-missing: none is of it"}
    await people.send("signer", "POST", "/v1/jobs/outcome", outcome)
    shown = await people.shown(proposal)
    assert (shown["state"], shown["problem"]) == ("failed", outcome["problem"])


async def test_a_signer_that_breaks_off_loses_the_order_to_another(
    people: People,
) -> None:
    await people.approved()
    first = await people.claimed()
    assert await people.claimed() is None
    people.runs["signer"].clock.advance(LEASE_OVER)
    second = await people.claimed()
    assert second["work_id"] == first["work_id"]
    late = {"claim": first["claim"], "result": {"moved": [MOVED]}}
    reply = await people.send("signer", "POST", "/v1/jobs/outcome", late)
    assert reply.json()["type"] == "urn:fraud:problem:claim-lost"
    people.runs["signer"].clock.advance(LEASE_OVER)
    await people.claimed()
    people.runs["signer"].clock.advance(LEASE_OVER)
    assert await people.claimed() is None
    shown = await people.shown(first["work_id"])
    assert shown["problem"] == "the worker broke off 3 times"


async def test_a_rejected_proposal_is_over_and_the_same_may_be_asked_again(
    people: People,
) -> None:
    proposal = await people.proposed()
    again = await people.send("ben", "POST", PATH, WANTED)
    assert again.json()["type"] == "urn:fraud:problem:already-asked"
    await people.send("ben", "POST", f"{PATH}/{proposal}/reject", WHY)
    late = await people.send("ben", "POST", f"{PATH}/{proposal}/approve", WHY)
    assert late.json()["type"] == "urn:fraud:problem:work-state"
    await people.proposed()
    page = (await people.send("ana", "GET", f"{PATH}?limit=1")).json()
    assert page["next_cursor"] is not None


async def test_who_proposed_approved_and_carried_out_is_in_the_audit_log(
    people: People,
) -> None:
    proposal = await people.approved()
    order = await people.claimed()
    outcome = {"claim": order["claim"], "problem": "no"}
    await people.send("signer", "POST", "/v1/jobs/outcome", outcome)
    acts = (await people.send("ana", "GET", "/v1/audit")).json()["items"]
    # The clock of the test stands still: what comes first is not said.
    found = {(a["actor"], a["act"], a["subject"]) for a in acts if a["status"]}
    assert found == {
        ("ana", f"POST {PATH}", "action=promote,bundle=b-2"),
        ("ben", f"POST {PATH}/{{proposal_id}}/approve", f"proposal_id={proposal}"),
        ("signer", "POST /v1/jobs/outcome", f"work_id={proposal}"),
    }
