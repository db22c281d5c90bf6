"""One trace of a payment, from the gateway to what post_auth stores of it."""

import re
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.e2e.conftest import Mesh, Run, eventually
from tests.e2e.edges import BY_BROKER, BY_HTTP, EDGES, GATEWAY, Seen, edges, stores

from fraud_shared.testing.otlp import receiver
from fraud_shared.testing.servers import fresh_broker, fresh_database
from fraud_shared.web import span_export

Collected = dict[str, InMemorySpanExporter]
# What a payment names of its account, its instruments and its customer.
PERSONAL = re.compile(r"acc-1|tok_|dev-|198\.51|@|411111")


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> Collected:
    """What each service exported, once the mesh has stopped; all requests are sampled."""
    found: Collected = {}

    def to(service: str) -> list[InMemorySpanExporter]:
        return [found.setdefault(service, InMemorySpanExporter())]

    monkeypatch.setattr(span_export, "exporters", to)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "1")
    return found


async def challenged(mesh: Mesh, listed_name: str) -> str:
    """Decide a payment that every service works on; returns its trace, once post_auth has
    what was decided."""
    reply = await mesh.score(customer={"name": listed_name})

    async def profiled() -> bool:
        return (await mesh.http.get("/profile/acc-1")).status_code == 200

    await eventually(profiled, 30)
    return str(reply["trace_id"])


def of_trace(collected: Collected, trace_id: str) -> list[Seen]:
    return [
        Seen(
            service,
            f"{span.context.span_id:016x}",
            f"{span.parent.span_id:016x}" if span.parent else "",
            span.name,
            dict(span.attributes or {}),
        )
        for service, exporter in collected.items()
        for span in exporter.get_finished_spans()
        if f"{span.context.trace_id:032x}" == trace_id
    ]


def received(spans: list[tuple[str, Any]], trace_id: str) -> list[Seen]:
    return [
        Seen(
            service,
            span.span_id.hex(),
            span.parent_span_id.hex(),
            span.name,
            {a.key: a.value.string_value for a in span.attributes},
        )
        for service, span in spans
        if span.trace_id.hex() == trace_id
    ]


class TestOneProcess:
    async def test_the_edges_of_a_payment_are_those_of_the_table(
        self, run: Run, collected: Collected, listed_name: str
    ) -> None:
        async with run() as mesh:
            trace_id = await challenged(mesh, listed_name)
        spans = of_trace(collected, trace_id)
        assert set(edges(spans)) == EDGES | BY_HTTP
        assert stores(spans) == {
            (service, "sqlite") for service in (GATEWAY, "action", "post_auth")
        }
        (root,) = [span for span in spans if not span.parent_id]
        known = {span.span_id for span in spans}
        assert all(s is root or s.parent_id in known for s in spans)
        assert (root.service, root.name) == (GATEWAY, "POST /score")
        assert root.attributes["fraud.decision"] == "DECLINE"
        assert not PERSONAL.search(" ".join(map(str, spans)))
        assert listed_name not in str(spans)

    async def test_hops_are_named_by_the_conventions(
        self, run: Run, collected: Collected, listed_name: str
    ) -> None:
        async with run() as mesh:
            trace_id = await challenged(mesh, listed_name)
        spans = {s.span_id: s for s in of_trace(collected, trace_id)}
        (rules,) = [s for s in spans.values() if s.service == "rules"]
        hop = spans[rules.parent_id]
        assert (rules.name, hop.name) == ("POST /evaluate", "POST")
        assert hop.attributes == {
            "http.request.method": "POST",
            "http.response.status_code": 200,
            "server.address": "rules",
            "url.full": "http://rules/evaluate",
            "peer.service": "rules",
        }
        names = {s.name for s in spans.values()}
        assert "INSERT decisions INSERT outbox DELETE sca_counters" in names


@pytest.mark.servers
class TestRealBroker:
    async def test_a_receiver_of_otlp_sees_the_edges_through_rabbitmq(
        self,
        run: Run,
        listed_name: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_on")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
        with receiver() as (endpoint, spans), fresh_broker() as amqp:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            monkeypatch.setenv("AMQP_URL", amqp)
            async with fresh_database() as database:
                monkeypatch.setenv("DATABASE_URL", database)
                async with run() as mesh:
                    trace_id = await challenged(mesh, listed_name)
        found = received(spans, trace_id)
        assert set(edges(found)) == EDGES | BY_BROKER
        assert (GATEWAY, "postgresql") in stores(found)
        handled = {s.span_id: s for s in found if s.name.startswith("process ")}
        below = [s for s in found if s.parent_id in handled]
        assert {s.service for s in below} == {"post_auth"}
        assert any("INSERT inbox" in s.name for s in below)
