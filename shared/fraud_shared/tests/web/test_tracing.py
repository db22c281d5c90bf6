"""Which requests have spans, where those go, and what they never say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from opentelemetry.sdk.trace.export import ConsoleSpanExporter
from opentelemetry.trace import SpanKind

from fraud_shared.testing.hostile import CANARY_NAME
from fraud_shared.testing.spans import Collected
from fraud_shared.web import logs, span_export
from fraud_shared.web.guard import open_guard
from fraud_shared.web.tracing import KEPT_PER_S, Tracing

IDS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
SAMPLER, ARG = "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"


@pytest.fixture
def traced(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """An app with tracing by these variables, and what it exports."""

    def make(*, public: bool = True, **variables: str) -> tuple[FastAPI, Collected]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        kit = Collected()
        return make_app(public=public, tracing=kit.tracing), kit

    return make


class TestSampler:
    @pytest.mark.parametrize(
        ("variables", "flag", "expected"),
        [
            ({SAMPLER: "always_on"}, 0, 1),
            ({SAMPLER: "always_off"}, 1, 0),
            ({SAMPLER: "traceidratio", ARG: "1"}, 0, 1),
            ({SAMPLER: "traceidratio", ARG: "0"}, 1, 0),
            ({SAMPLER: "parentbased_always_off"}, 1, 1),
            ({SAMPLER: "parentbased_always_on"}, 0, 0),
            ({SAMPLER: "parentbased_traceidratio", ARG: "1"}, 0, 0),
            ({ARG: "0"}, 1, 1),
            ({SAMPLER: "nonsense", ARG: "much"}, 1, 1),
        ],
    )
    async def test_a_service_inside_follows_it(
        self, traced: Any, knock: Any, variables: Any, flag: int, expected: int
    ) -> None:
        app, kit = traced(public=False, **variables)
        await knock(app, "/nothing", headers={"traceparent": f"{IDS}{flag}"})
        assert len(kit.exporter.get_finished_spans()) == expected

    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({SAMPLER: "parentbased_always_on"}, 1),
            ({SAMPLER: "always_on"}, 1),
            ({SAMPLER: "parentbased_always_off"}, 0),
            ({ARG: "1"}, 1),
            ({ARG: "0"}, 0),
        ],
    )
    @pytest.mark.parametrize("flag", ["", "0", "1"])
    async def test_the_gateway_decides_whatever_its_caller_says(
        self, traced: Any, knock: Any, variables: Any, flag: str, expected: int
    ) -> None:
        app, kit = traced(**variables)
        headers = {"traceparent": IDS + flag} if flag else {}
        await knock(app, "/nothing", headers=headers)
        spans = kit.exporter.get_finished_spans()
        assert len(spans) == expected
        if spans and not flag:
            assert spans[0].parent is None

    async def test_a_poll_is_answered_and_never_sampled(
        self, traced: Any, knock: Any
    ) -> None:
        app, kit = traced(**{SAMPLER: "always_on"})
        reply = await knock(app, "/v1/jobs/claim")
        assert reply.status == 404  # of an app without workers
        assert reply.headers["x-request-id"]
        assert not kit.exporter.get_finished_spans()

    async def test_a_trace_id_is_sampled_alike_everywhere(self, traced: Any) -> None:
        _, kit = traced(**{SAMPLER: "traceidratio", ARG: "0.5"})
        _, other = traced(**{SAMPLER: "traceidratio", ARG: "0.5"})
        # Letters between the digits: an id that may be a card number is not taken.
        ids = [f"{'ab' * 8}{n:x}a{'bc' * 7}" for n in range(16)]
        heads = [f"00-{one}-{'b' * 16}-00".encode() for one in ids]

        def decided(tracing: Tracing) -> list[bool]:
            return [
                tracing.samples(
                    {"type": "http", "path": "/", "headers": [(b"traceparent", head)]},
                    public=False,
                )
                for head in heads
            ]

        assert decided(kit.tracing) == decided(other.tracing)
        assert decided(kit.tracing) == [n < 8 for n in range(16)]


class TestServerSpan:
    async def test_is_that_of_the_log_line_and_of_the_stock_package(
        self, traced: Any, knock: Any, capsys: Any
    ) -> None:
        app, kit = traced(**{ARG: "1"})
        logs.configure("INFO")
        await knock(app, "/nothing")
        (span,) = kit.exporter.get_finished_spans()
        (line,) = capsys.readouterr().out.splitlines()
        assert json.loads(line)["trace_id"] == f"{span.context.trace_id:032x}"
        assert span.kind is SpanKind.SERVER
        scope = span.instrumentation_scope
        assert scope is not None
        assert scope.name == "opentelemetry.instrumentation.fastapi"

    async def test_it_names_nobody(
        self, make_app: Any, knock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(ARG, "1")
        kit, routes = Collected(), APIRouter()

        @routes.post("/cases/{item}")
        async def case(item: str) -> dict[str, str]:
            return {"item": item}

        app = make_app(
            routers=[routes], public=True, guard=open_guard, tracing=kit.tracing
        )
        for path in ("/cases/", "/nothing/"):
            await knock(
                app,
                f"{path}{CANARY_NAME}?who={CANARY_NAME}",
                headers={"traceparent": f"{IDS}1", "tracestate": f"a={CANARY_NAME}"},
                extra={"client": ("198.51.100.7", 4711)},
            )
        found, unmatched = kit.exporter.get_finished_spans()
        assert (found.name, unmatched.name) == ("POST /cases/{item}", "POST")
        assert not found.context.trace_state
        shown = found.to_json() + unmatched.to_json()
        assert CANARY_NAME not in shown
        assert CANARY_NAME.split()[0] not in shown
        assert "198.51.100.7" not in shown

    async def test_an_unsampled_request_has_none_on_any_way(
        self, traced: Any, knock: Any
    ) -> None:
        app, kit = traced(**{ARG: "0"})
        for path in ("/nothing", "/livez", "/v1/model"):
            await knock(app, path, method="GET")
        assert kit.exporter.get_finished_spans() == ()


class TestKept:
    def keep(self, tracing: Tracing, status: int, **fields: Any) -> None:
        scope: dict[str, Any] = {"type": "http", "path": "/score", "headers": []}
        assert not tracing.samples(scope, public=True)
        trace = scope["fraud.trace"]
        tracing.keep(trace, "POST /score", status, fields.pop("s", 0.01), fields)

    def tracing(self, monkeypatch: pytest.MonkeyPatch) -> Collected:
        monkeypatch.setenv(ARG, "0")
        return Collected()

    @pytest.mark.parametrize(
        ("status", "fields", "reason"),
        [
            (500, {}, "error"),
            (200, {"decision": "DECLINE", "degraded": []}, "declined"),
            (200, {"decision": "APPROVE", "degraded": ["X"]}, "degraded"),
            (200, {"decision": "APPROVE", "degraded": [], "s": 0.2}, "slow"),
            (200, {"decision": "APPROVE", "degraded": []}, None),
            (200, {"s": 3.0}, None),
            (429, {}, None),
        ],
    )
    def test_what_must_be_seen_is(
        self,
        monkeypatch: pytest.MonkeyPatch,
        status: int,
        fields: Any,
        reason: str | None,
    ) -> None:
        kit = self.tracing(monkeypatch)
        self.keep(kit.tracing, status, **fields)
        spans = kit.exporter.get_finished_spans()
        assert [dict(s.attributes or {})["fraud.kept"] for s in spans] == (
            [] if reason is None else [reason]
        )

    def test_says_how_long_each_stage_took(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kit = self.tracing(monkeypatch)
        self.keep(
            kit.tracing, 200, decision="DECLINE", degraded=[], stages_ms={"rules": 3.5}
        )
        (span,) = kit.named("POST /score")
        assert span.attributes is not None
        assert span.attributes["fraud.stage.rules.ms"] == 3.5
        assert span.start_time is not None
        assert span.end_time is not None
        assert span.end_time - span.start_time == 10_000_000

    def test_a_flood_of_them_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kit = self.tracing(monkeypatch)
        monkeypatch.setattr("fraud_shared.web.tracing.time.monotonic", lambda: 7.5)
        for _ in range(3 * KEPT_PER_S):
            self.keep(kit.tracing, 503)
        assert len(kit.exporter.get_finished_spans()) == KEPT_PER_S


class TestExporters:
    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({}, []),
            ({"OTEL_TRACES_EXPORTER": "console"}, ["ConsoleSpanExporter"]),
            ({"OTEL_TRACES_EXPORTER": "otlp"}, ["OTLPSpanExporter"]),
            ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a"}, ["OTLPSpanExporter"]),
            (
                {"OTEL_TRACES_EXPORTER": "otlp, console"},
                ["OTLPSpanExporter", "ConsoleSpanExporter"],
            ),
            (
                {
                    "OTEL_TRACES_EXPORTER": "none",
                    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a",
                },
                [],
            ),
            (
                {
                    "OTEL_SDK_DISABLED": "true",
                    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://a",
                },
                [],
            ),
        ],
    )
    def test_are_those_of_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, variables: Any, expected: list[str]
    ) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        found = span_export.exporters("kit")
        assert [type(one).__name__ for one in found] == expected
        for one in found:
            if not isinstance(one, ConsoleSpanExporter):
                one.shutdown()

    @pytest.mark.parametrize(
        "variables",
        [
            {"OTEL_TRACES_EXPORTER": "zipkin"},
            {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        ],
    )
    def test_an_unknown_one_is_refused(
        self, monkeypatch: pytest.MonkeyPatch, variables: Any
    ) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(span_export.UnknownExporter):
            span_export.exporters("kit")

    def test_the_environment_names_the_service(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kit = Collected()
        kit.request().end()
        monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=a")
        other = Collected()
        other.request().end()
        before, after = (
            one.exporter.get_finished_spans()[0].resource.attributes
            for one in (kit, other)
        )
        assert (before["service.name"], after["service.name"]) == ("kit", "mine")
        assert after["team"] == "a"

    def test_a_folder_gets_a_file_a_service(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv(span_export.FOLDER, str(tmp_path))
        monkeypatch.setenv(ARG, "1")
        tracing = Tracing("kit")
        assert tracing.tracer is not None
        tracing.tracer.start_span("a").end()
        tracing.shutdown()
        (line,) = (tmp_path / "kit.jsonl").read_text().splitlines()
        assert json.loads(line)["name"] == "a"
