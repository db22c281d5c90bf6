"""A gateway whose neighbours are fakes: each answers, or is taken away by a test."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.port import OnlineStore
from fraud_orchestrator.app import create_app
from fraud_orchestrator.settings import Settings
from fraud_shared.contracts.action import (
    ActionReply,
    ActionRequest,
    ActionResult,
    BlockQuestion,
    action_id,
)
from fraud_shared.contracts.decision import DecideRequest, Ruling
from fraud_shared.contracts.signal import ScoreRequest
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.factories import make_rules, make_screening, make_signal
from fraud_shared.testing.fakes import FakeTransport
from fraud_shared.web.keys import key_hash, new_key

PEPPER = "test-pepper-of-at-least-32-characters"


@dataclass
class Neighbours:
    """What the services around the gateway say; change a field to change an answer."""

    rules: Any = field(default_factory=make_rules)
    screening: Any = field(default_factory=make_screening)
    verdict: str = "APPROVE"
    actions: tuple[str, ...] = ()
    exemptions: tuple[Any, ...] = ()
    degraded: tuple[str, ...] = ()
    blocked: set[str] = field(default_factory=set)
    scores: dict[str, float] = field(default_factory=dict)
    asked: list[DecideRequest] = field(default_factory=list)
    executed: list[ActionRequest] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    outcomes: dict[str, list[Any]] = field(
        default_factory=lambda: {
            "challenges": [],
            "holds": [],
            "blocks": [],
            "cases": [],
        }
    )
    raw: list[bytes] = field(default_factory=list)

    def transport(self) -> FakeTransport:
        responders: dict[str, Any] = {
            "rules": self._rules,
            "sanctions": self._sanctions,
            "decision": self._decide,
            "action": self._act,
            "post_auth": self._events,
        }
        for source in ("isolation_forest", "autoencoder", "xgboost", "lightgbm"):
            responders[source] = self._scorer(source)
        return FakeTransport(responders)

    def _keep(self, body: bytes) -> bool:
        """The gateway warms up with a payment, which is nobody's payment."""
        # What is in force is asked without a body.
        if not body or b'"transaction_id":"warm-up"' in body:
            return False
        self.raw.append(body)
        return True

    async def _rules(self, _: str, body: bytes) -> tuple[int, bytes]:
        self._keep(body)
        return 200, self.rules.model_dump_json().encode()

    async def _sanctions(self, _: str, body: bytes) -> tuple[int, bytes]:
        return 200, self.screening.model_dump_json().encode()

    def _scorer(self, source: str) -> Callable[..., Any]:
        async def score(path: str, body: bytes) -> tuple[int, bytes]:
            if path == "/v1/model":
                return 200, b'{"service": "fake", "models": []}'
            if path == "/v1/refresh":
                return 200, b'{"service": "fake", "results": []}'
            ScoreRequest.model_validate_json(body)
            self._keep(body)
            signal = make_signal(source, self.scores.get(source, 0.01))
            return 200, signal.model_dump_json().encode()

        return score

    async def _decide(self, _: str, body: bytes) -> tuple[int, bytes]:
        if self._keep(body):
            self.asked.append(DecideRequest.model_validate_json(body))
        return 200, self._ruling().model_dump_json().encode()

    def _ruling(self) -> Ruling:
        return Ruling.model_validate(
            {
                "decision": self.verdict,
                "challenge": "otp" if self.verdict == "CHALLENGE" else None,
                "confidence": 0.9,
                "risk": 0.01,
                "expected_loss_minor": 42,
                "reason": "as the test says",
                "reasons": (),
                "actions": self.actions,
                "degraded": self.degraded,
                "stand_in": False,
                "policy": "test@1",
                "exemptions": self.exemptions,
            },
            strict=False,
        )

    async def _act(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/blocked":
            asked = BlockQuestion.model_validate_json(body).model_dump()
            found = [kind for kind in asked if asked[kind] in self.blocked]
            return 200, json.dumps({"blocked": found}).encode()
        if path == "/v1/alert-trials":
            return 200, b'{"delivered": true, "problem": null}'
        if path.startswith("/v1/outcomes/"):
            return 200, json.dumps(self.outcomes).encode()
        request = ActionRequest.model_validate_json(body)
        self.executed.append(request)
        results = tuple(
            ActionResult(
                action_id=action_id(request.decision_id, kind),
                kind=kind,
                status="done",
                reference=f"ref-{kind}",
            )
            for kind in request.actions
        )
        reply = ActionReply(decision_id=request.decision_id, results=results)
        return 200, reply.model_dump_json().encode()

    async def _events(self, _: str, body: bytes) -> tuple[int, bytes]:
        self.events.extend(json.loads(body))
        return 204, b""


@dataclass
class Running:
    """A started gateway and everything a test may look at or break."""

    http: httpx.AsyncClient
    neighbours: Neighbours
    transport: FakeTransport
    online: OnlineStore
    clock: Any
    app: FastAPI

    async def score(self, body: dict[str, Any], **headers: str) -> httpx.Response:
        return await self.http.post("/score", json=body, headers=headers)


Start = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts a gateway; call twice for two replicas over the same database."""
    neighbours = Neighbours()

    @asynccontextmanager
    async def run(**overrides: Any) -> AsyncIterator[Running]:
        client = overrides.pop("client", "shop")
        key = new_key(client)
        scopes = overrides.pop("scopes", ["score", "label", "read", "admin"])
        online = overrides.pop("online", None) or MemoryOnlineStore()
        await online.mark_warm()
        replicated = overrides.pop("replicated", ())
        declared = {
            name: overrides.pop(name)
            for name in ("tenant", "tenants")
            if name in overrides
        }
        digest = key_hash(PEPPER, key)
        entry = {"client": client, "hash": digest, "scopes": scopes, **declared}
        settings = Settings(
            **{
                "token_key": TEST_TOKEN_KEY,
                "pan_key": "test-pan-key-of-at-least-32-characters",
                "key_pepper": PEPPER,
                "api_keys": json.dumps([entry]),
                "var_dir": tmp_path,
                "wall_ms": 5000.0,
                "rules_cap_ms": 2000.0,
                "models_cap_ms": 2000.0,
                "decision_cap_ms": 2000.0,
                "action_cap_ms": 2000.0,
                "online_cap_ms": 2000.0,
                "default_deadline_ms": 10_000.0,
                # A test says when.
                "follow_every_s": 3600.0,
                **overrides,
            }
        )
        transport = neighbours.transport()
        for service in replicated:
            transport.replicas[service] = [transport.responders[service]] * 2
        clock = overrides.pop("clock", None) or FakeClock()
        service_client = ServiceClient(
            transport, TokenIssuer("orchestrator", TEST_TOKEN_KEY)
        )
        app = create_app(
            settings, service_client=service_client, online=online, clock=clock
        )
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://gateway",
                headers={"x-api-key": key},
            ) as http,
        ):
            yield Running(http, neighbours, transport, online, clock, app)

    return run
