"""What a service asks of a neighbour in its own process is answered as over the wire."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from fraud_ops.mesh.direct import DirectClient
from fraud_shared.contracts.base import Contract
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.trace import Trace
from fraud_shared.mesh.transport import AsgiTransport
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import InvalidInput
from fraud_shared.web.service import HotRoute, create_service
from fraud_shared.web.settings import ServiceSettings

TOKEN_KEY = "k" * 40
Adapter = Callable[[Mapping[str, FastAPI]], ServiceClient]


class Question(Contract):
    """What the neighbour is asked."""

    text: str


class Reply(Contract):
    """What it says, and to whom."""

    text: str
    caller: str


async def handle(question: Question, context: RequestContext) -> Reply:
    """Each text has a way to end of its own."""
    if question.text == "refused":
        raise InvalidInput(errors=[("text", "is refused")])
    if question.text == "broken":
        raise RuntimeError("not as planned")
    if question.text == "slow":
        await asyncio.Event().wait()
    return Reply(text=question.text, caller=context.caller)


def neighbour(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setenv("FRAUD_TOKEN_KEY", TOKEN_KEY)
    route = HotRoute("/ask", Question, Reply, handle, operation_id="ask", summary="Ask")
    return create_service("rules", ServiceSettings(port=8001), hot=[route])


@dataclass
class Ended:
    """How a call ended: with an answer, or with an error and what it carries."""

    answer: BaseModel | None = None
    error: tuple[type[DependencyError], str, bytes] | None = None


async def ask(
    client: ServiceClient, text: str, *, ms: float = 1000, sampled: bool = False
) -> Ended:
    trace = Trace("a" * 32, "b" * 16, sampled=sampled)
    context = RequestContext("request-1", trace, Deadline.after(ms), {})
    try:
        answer = await client.ask(
            "rules",
            "/ask",
            Question(text=text),
            Reply,
            deadline=context.deadline,
            cap_ms=1000,
            context=context,
        )
    except DependencyError as error:
        return Ended(error=(type(error), error.kind, getattr(error, "body", b"")))
    return Ended(answer)


def direct(apps: Mapping[str, FastAPI]) -> ServiceClient:
    return DirectClient(apps, "orchestrator", TokenIssuer("orchestrator", TOKEN_KEY))


def over_the_wire(apps: Mapping[str, FastAPI]) -> ServiceClient:
    return ServiceClient(AsgiTransport(apps), TokenIssuer("orchestrator", TOKEN_KEY))


@pytest.mark.parametrize(
    ("text", "ms"), [("hello", 1000), ("refused", 1000), ("broken", 1000), ("slow", 20)]
)
async def test_call_ends_the_same_on_both_ways(
    text: str, ms: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps = {"rules": neighbour(monkeypatch)}
    ended = [await ask(way(apps), text, ms=ms) for way in (direct, over_the_wire)]
    assert ended[0] == ended[1]
    assert (ended[0].answer is not None) == (text == "hello")


@pytest.mark.parametrize("way", [direct, over_the_wire])
async def test_spent_deadline_and_missing_service_are_refused(
    way: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = neighbour(monkeypatch)
    spent = await ask(way({"rules": app}), "hello", ms=-1)
    missing = await ask(way({}), "hello")
    assert spent.error is not None
    assert spent.error[1] == "spent"
    assert missing.error is not None
    assert missing.error[1] == "unreachable"


async def test_service_that_is_replaced_is_asked_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apps = {"rules": neighbour(monkeypatch)}
    client = direct(apps)
    assert (await ask(client, "hello")).answer is not None
    del apps["rules"]
    assert (await ask(client, "hello")).error is not None
    apps["rules"] = FastAPI()  # not one of ours: it has no such route
    gone = await ask(client, "hello")
    assert gone.error is not None
    assert gone.error[1] == "status_404"


async def test_only_a_traced_call_travels_as_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests = []
    inner = neighbour(monkeypatch)

    class Counting(FastAPI):
        async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
            requests.append(scope["path"])
            await inner(scope, receive, send)

    app = Counting()
    app.state = inner.state
    client = direct({"rules": app})
    plain = await ask(client, "hello")
    assert requests == []
    assert await ask(client, "hello", sampled=True) == plain
    assert requests == ["/ask"]
