"""A gateway in memory that obeys the public contract, for tests without a mesh.

It decides by amount (100,000 minor units and more: DECLINE; 10,000: CHALLENGE), keeps what it
decided, opens a case for what it does not approve, asks for a second person where two are
needed, and answers as if a service were down when told so (`down`).
"""

import json
import re
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from fraud_client.testing import analysis, casework, engines
from fraud_client.testing.ask import Ask, Caller, Refused
from fraud_client.testing.payments import record

Json = Any
Handler = Callable[..., Json]


@dataclass
class FakeGateway:
    """State and routes. `requests` holds what came in, `faults` what is answered first."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    keys: dict[str, Caller] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    labels: list[dict[str, Any]] = field(default_factory=list)
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    faults: deque[httpx.Response | Exception] = field(default_factory=deque)
    down: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    # What `/metrics` answers, in Prometheus' text form; 404 while it is empty.
    metrics: str = ""

    def __post_init__(self) -> None:
        self.engines = engines.Engines(self)
        self.analysis = analysis.Analysis(self)
        self.casework = casework.Casework(self)
        self.rows = [
            (method, re.compile(pattern), service, scopes, handler)
            for method, pattern, service, scopes, handler in self._table()
        ]

    def key(self, client: str, scopes: Iterable[str]) -> str:
        """A key that is let in with `scopes`."""
        made = f"fk_{client}_{len(self.keys)}"
        self.keys[made] = Caller(client, frozenset(scopes))
        return made

    def transport(self) -> httpx.MockTransport:
        """What a client is given, of either kind."""
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        if self.faults:
            fault = self.faults.popleft()
            if isinstance(fault, Exception):
                raise fault
            return fault
        try:
            answer = self._handle(request)
            if isinstance(answer, httpx.Response):
                return answer
            return httpx.Response(200, json=answer)
        except Refused as refused:
            problem = {
                "type": f"urn:fraud:problem:{refused.kind}",
                "title": refused.kind,
                "status": refused.status,
                "detail": refused.detail or refused.kind,
                "instance": request.headers.get("x-request-id", ""),
                "errors": refused.errors or None,
            }
            return httpx.Response(refused.status, json=problem)

    def _handle(self, request: httpx.Request) -> Json:
        path = request.url.path
        if path == "/metrics" and self.metrics:
            return httpx.Response(200, text=self.metrics)
        for method, pattern, service, scopes, handler in self.rows:
            found = pattern.fullmatch(path)
            if (
                found is None
                or method != request.method
                or pattern.pattern in self.missing
            ):
                continue
            caller = self.keys.get(request.headers.get("x-api-key", ""))
            if caller is None or (scopes and not scopes & caller.scopes):
                raise Refused(
                    403, "forbidden", "A key with the needed scope is required."
                )
            if service in self.down:
                raise Refused(
                    503, "unavailable", f"The {service} service did not answer."
                )
            body = json.loads(request.content) if request.content else None
            accept = request.headers.get("accept", "")
            ask = Ask(caller, request.url.params, body, accept)
            return handler(ask, *found.groups())
        raise Refused(404, "not-found", "There is no such route.")

    def _table(self) -> list[tuple[str, str, str, frozenset[str], Handler]]:
        rows: list[tuple[str, str, str, str, Handler]] = [
            ("POST", "/v1/score", "orchestrator", "score", self._score),
            ("GET", "/v1/me", "orchestrator", "", self._me),
            ("POST", "/v1/labels", "orchestrator", "label", self._label),
            ("GET", "/v1/labels/([^/]+)", "post_auth", "read", self._effective),
            *self.analysis.routes(),
            *self.casework.routes(),
            *self.engines.routes(),
        ]
        return [
            (method, path, service, frozenset(scopes.split()), handler)
            for method, path, service, scopes, handler in rows
        ]

    def _score(self, ask: Ask) -> Json:
        body = ask.body
        for one in self.records:
            if one["transaction"]["transaction_id"] == body["transaction_id"]:
                return one["decision"]
        amount = body["amount_minor"]
        verdict = "APPROVE" if amount < 10_000 else "CHALLENGE"
        verdict = "DECLINE" if amount >= 100_000 else verdict
        return self.decided(body, verdict, ask.caller.client)["decision"]

    def decided(
        self, body: dict[str, Any], verdict: str, client: str = "shop"
    ) -> dict[str, Any]:
        """Put a decided payment on record, with a case unless it is approved."""
        made = record(body, verdict, client, self.now())
        self.records.append(made)
        if verdict != "APPROVE":
            self.casework.open_case(made)
        return made

    def _me(self, ask: Ask) -> Json:
        scopes = sorted(ask.caller.scopes)
        return {"client": ask.caller.client, "scopes": scopes, "expires_at": None}

    def _label(self, ask: Ask) -> Json:
        # Fraud reports in the words of schemes are the issuer's; disputes need more.
        given = {"label": "fraud", "source": "issuer", **ask.body}
        named = ("transaction_id", "source", "label", "event")
        known = [
            one
            for one in self.labels
            if all(one.get(name) == given.get(name) for name in named)
        ]
        if not known:
            self.labels.append(given)
        return {
            "label_id": f"l-{len(self.labels)}",
            "transaction_id": given["transaction_id"],
            "status": "duplicate" if known else "accepted",
        }

    def _effective(self, _: Ask, transaction_id: str) -> Json:
        about = [o for o in self.labels if o["transaction_id"] == transaction_id]
        last = about[-1] if about else {}
        return {
            "transaction_id": transaction_id,
            "state": last.get("label", "pending"),
            "source": last.get("source"),
            "reported_at": last.get("reported_at"),
            "reports": len(about),
        }
