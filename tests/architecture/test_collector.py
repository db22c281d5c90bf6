"""The shipped collector keeps what must be seen, by what the spans really carry."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from fraud_shared.contracts.base import Contract
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.guard import open_guard
from fraud_shared.web.service import HotRoute, create_service
from fraud_shared.web.settings import ServiceSettings
from fraud_shared.web.tracing import SLOW_MS, Tracing

ROOT = Path(__file__).parents[2]
CONFIGURATION = yaml.safe_load((ROOT / "deploy/otel/collector.yaml").read_text())
POLICIES = CONFIGURATION["processors"]["tail_sampling"]["policies"]


class Asked(Contract):
    """How the payment ends."""

    decision: str
    degraded: tuple[str, ...] = ()
    fails: bool = False


async def decide(asked: Asked, context: RequestContext) -> RawResponse:
    """Decide as asked."""
    if asked.fails:
        raise RuntimeError
    context.log(decision=asked.decision, degraded=asked.degraded, stages_ms={})
    return RawResponse(b"{}")


Spanned = Callable[..., Any]


@pytest.fixture
def spanned(monkeypatch: pytest.MonkeyPatch) -> Spanned:
    """The spans of one payment at a gateway; `sampled`: by the instrumentation, else
    afterwards."""

    async def answer(body: bytes, *, sampled: bool) -> list[ReadableSpan]:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "1" if sampled else "0")
        exporter = InMemorySpanExporter()
        route = HotRoute(
            "/score", Asked, Asked, decide, "score", "Score", guard=open_guard
        )
        app = create_service(
            "gateway",
            ServiceSettings(port=0, token_key=TEST_TOKEN_KEY),
            hot=[route],
            public=True,
            tracing=Tracing("gateway", to=[exporter]),
        )
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/score",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(_: Any) -> None:
            pass

        await app(scope, receive, send)
        return list(exporter.get_finished_spans())

    return answer


def keeps(policy: dict[str, Any], span: ReadableSpan) -> bool:
    """What the collector's processor documents of a policy, for a trace of one span."""
    attributes: Mapping[str, Any] = span.attributes or {}
    rule = policy.get(policy["type"], {})
    value = attributes.get(rule.get("key"))
    match policy["type"]:
        case "status_code":
            return span.status.status_code.name in list(rule["status_codes"])
        case "numeric_attribute":
            return value in range(rule["min_value"], rule["max_value"] + 1)
        case "boolean_attribute":
            return value is bool(rule["value"])
        case "string_attribute":
            return value in list(rule["values"])
        case "latency":
            assert span.start_time is not None
            assert span.end_time is not None
            return bool((span.end_time - span.start_time) / 1e6 > rule["threshold_ms"])
        case "probabilistic":
            return False
    raise AssertionError(policy["type"])


@pytest.mark.parametrize("sampled", [True, False])
@pytest.mark.parametrize(
    ("body", "policies"),
    [
        (b'{"decision":"DECLINE"}', {"declined"}),
        (b'{"decision":"APPROVE","degraded":["RULES_FAILOVER"]}', {"degraded"}),
        (b'{"decision":"APPROVE","fails":true}', {"errors", "failed-replies"}),
    ],
)
async def test_what_must_be_seen_is_kept(
    spanned: Spanned, body: bytes, policies: set[str], *, sampled: bool
) -> None:
    (span,) = await spanned(body, sampled=sampled)
    kept = {p["name"] for p in POLICIES if keeps(p, span)}
    assert kept - {"slow"} == policies | (set() if sampled else {"kept-at-the-gateway"})
    assert span.attributes is not None
    assert ("fraud.kept" in span.attributes) is not sampled


async def test_an_ordinary_payment_is_left_to_chance(spanned: Spanned) -> None:
    (span,) = await spanned(b'{"decision":"APPROVE"}', sampled=True)
    assert span.status.status_code is StatusCode.UNSET
    assert {p["name"] for p in POLICIES if keeps(p, span)} <= {"slow"}
    assert await spanned(b'{"decision":"APPROVE"}', sampled=False) == []


def test_slow_is_the_same_here_and_there() -> None:
    (slow,) = [p for p in POLICIES if p["name"] == "slow"]
    assert slow["latency"]["threshold_ms"] == SLOW_MS
