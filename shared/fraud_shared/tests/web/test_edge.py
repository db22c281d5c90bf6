"""The edge: context in, limits, problems and one log line out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fraud_shared.contracts.base import Contract
from fraud_shared.testing.hostile import CANARY_NAME, CANARY_PAN
from fraud_shared.web import logs
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.guard import open_guard
from fraud_shared.web.service import HotRoute
from fraud_shared.web.telemetry import RESPONSES
from fraud_shared.web.tracing import Tracing

Kit = Callable[..., FastAPI]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Asked(Contract):
    """Any body with a name."""

    name: str


def spans_of(app_parts: dict[str, Any]) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    app_parts["tracing"] = Tracing("kit", to=[exporter])
    return exporter


class TestRequestId:
    @pytest.mark.parametrize("path", ["/open", "/cold/raw"])
    async def test_request_id_comes_back(self, kit: Kit, knock: Any, path: str) -> None:
        reply = await knock(kit(), path, headers={"x-request-id": "Order.7_a-b"})
        assert reply.headers["x-request-id"] == "Order.7_a-b"

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "a b",
            "a\nb",
            "a\n",
            'a"',
            "x" * 65,
            "é",
            CANARY_PAN,
            "-".join(CANARY_PAN[i : i + 4] for i in (0, 4, 8, 12)),
            "<script>",
        ],
    )
    async def test_is_replaced_when_it_cannot_be_trusted(
        self, kit: Kit, knock: Any, given: str
    ) -> None:
        reply = await knock(kit(), headers={"x-request-id": given})
        assert reply.status == 200
        fresh = reply.headers["x-request-id"]
        assert len(fresh) == 24
        assert fresh.isalnum()

    async def test_a_uuid_is_never_taken_for_a_card_number(
        self, kit: Kit, knock: Any
    ) -> None:
        given = "45395787-6362-4148-8600-000000000000"
        reply = await knock(kit(), headers={"x-request-id": given})
        assert reply.headers["x-request-id"] == given

    async def test_two_requests_get_two(self, kit: Kit, knock: Any) -> None:
        app = kit()
        one, two = await knock(app), await knock(app)
        assert one.headers["x-request-id"] != two.headers["x-request-id"]

    async def test_is_the_instance_of_a_problem(self, kit: Kit, knock: Any) -> None:
        reply = await knock(kit(), "/refuse", headers={"x-request-id": "r-1"})
        assert reply.json["instance"] == "r-1"
        assert reply.headers["x-request-id"] == "r-1"


class TestDeadlineHeader:
    @pytest.mark.parametrize(
        ("given", "least", "most"),
        [
            (None, 900, 1000),
            ("500", 400, 498),
            ("99999999", 9_900, 10_000),
            ("inf", 9_900, 10_000),
            ("1e999", 9_900, 10_000),
            ("nan", 900, 1000),
            ("soon", 900, 1000),
            ("", 900, 1000),
            ("1", -20, 0),
            ("-5", -20, 0),
            ("-inf", -20, 0),
        ],
    )
    async def test_deadline_is_clamped(
        self, kit: Kit, knock: Any, given: str | None, least: float, most: float
    ) -> None:
        headers = {} if given is None else {"x-deadline-ms": given}
        reply = await knock(kit(), headers=headers)
        assert least <= reply.json["remaining_ms"] <= most


class TestUnhandled:
    @pytest.mark.parametrize(
        ("path", "method"), [("/fall", "POST"), ("/cold/fall", "GET")]
    )
    async def test_is_a_problem_without_text(
        self,
        kit: Kit,
        knock: Any,
        path: str,
        method: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        logs.configure("INFO")
        reply = await knock(kit(), path, method=method)
        logged = capsys.readouterr().out
        assert reply.status == 500
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json["type"] == "urn:fraud:problem:internal"
        assert CANARY_NAME.encode() not in reply.body
        assert CANARY_NAME not in logged
        line = json.loads(logged.splitlines()[0])
        assert line["event"] == "unhandled"
        assert line["exception"] in ("KeyError", "RuntimeError")
        assert "fall" in line["where"][-1]

    async def test_the_app_keeps_serving(self, kit: Kit, knock: Any) -> None:
        app = kit()
        await knock(app, "/fall")
        assert (await knock(app)).status == 200


class TestTraceContext:
    async def test_trace_is_continued(self, kit: Kit, knock: Any) -> None:
        reply = await knock(kit(), headers={"traceparent": PARENT})
        assert reply.json["traceparent"] == PARENT

    @pytest.mark.parametrize(
        "broken",
        [
            "",
            "00-x",
            PARENT + "\n",
            PARENT.upper(),
            PARENT.replace("00-", "ff-", 1),
            f"00-{'0' * 32}-b7ad6b7169203331-01",
            f"00-{'a' * 32}-{'0' * 16}-01",
        ],
    )
    async def test_a_broken_one_starts_another(
        self, kit: Kit, knock: Any, broken: str
    ) -> None:
        reply = await knock(kit(), headers={"traceparent": broken})
        given = reply.json["traceparent"]
        assert given[3:35] not in broken.lower()
        assert len(given) == 55

    async def test_a_sampled_request_makes_a_span_below_its_parent(
        self, make_app: Any, knock: Any
    ) -> None:
        parts: dict[str, Any] = {}
        exporter = spans_of(parts)
        app = make_app(**parts)
        await knock(app, "/nothing", headers={"traceparent": PARENT})
        await knock(app, "/nothing", headers={"traceparent": PARENT[:-1] + "0"})
        (span,) = exporter.get_finished_spans()
        assert f"{span.context.trace_id:032x}" == PARENT[3:35]
        assert span.parent is not None
        assert f"{span.parent.span_id:016x}" == PARENT[36:52]
        assert span.attributes is not None
        assert span.attributes["http.response.status_code"] == 404

    async def test_span_of_a_payment_says_what_the_collector_keeps_it_by(
        self, make_app: Any, knock: Any
    ) -> None:
        async def decide(_: Asked, context: RequestContext) -> RawResponse:
            context.log(decision="DECLINE", degraded=["RULES_FAILOVER"])
            return RawResponse(b"{}")

        route = HotRoute(
            "/decide", Asked, Asked, decide, "decide", "Decide", guard=open_guard
        )
        parts: dict[str, Any] = {"hot": [route]}
        exporter = spans_of(parts)
        await knock(make_app(**parts), "/decide", headers={"traceparent": PARENT})
        (span,) = exporter.get_finished_spans()
        assert span.attributes is not None
        assert span.attributes["fraud.decision"] == "DECLINE"
        assert span.attributes["fraud.degraded"] is True

    async def test_an_outsider_may_join_but_not_decide_sampling(
        self, make_app: Any, knock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
        parts: dict[str, Any] = {"public": True}
        exporter = spans_of(parts)
        app = make_app(**parts)
        for _ in range(20):
            await knock(app, "/nothing", headers={"traceparent": PARENT})
        assert exporter.get_finished_spans() == ()

    async def test_an_outsider_cannot_switch_sampling_off(
        self, make_app: Any, knock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "1")
        parts: dict[str, Any] = {"public": True}
        exporter = spans_of(parts)
        await knock(
            make_app(**parts), "/nothing", headers={"traceparent": PARENT[:-1] + "0"}
        )
        (span,) = exporter.get_finished_spans()
        assert f"{span.context.trace_id:032x}" == PARENT[3:35]


class TestRecord:
    async def test_one_line_a_request(
        self, kit: Kit, knock: Any, bearer: dict[str, str], capsys: Any
    ) -> None:
        logs.configure("INFO")
        await knock(
            kit(),
            "/tell",
            headers={**bearer, "x-request-id": "r-1", "traceparent": PARENT},
        )
        (text,) = capsys.readouterr().out.splitlines()
        line = json.loads(text)
        assert line.pop("elapsed_ms") >= 0
        assert line.pop("timestamp").endswith("Z")
        assert line == {
            "event": "request",
            "level": "info",
            "service": "kit",
            "route": "/tell",
            "status": 200,
            "caller": "test",
            "asked": "a",
            "request_id": "r-1",
            "trace_id": PARENT[3:35],
        }

    async def test_ids_in_paths_are_not_logged_or_counted(
        self, kit: Kit, knock: Any, bearer: dict[str, str], capsys: Any
    ) -> None:
        logs.configure("INFO")
        app = kit()
        before = RESPONSES.labels("kit", "/cold/tell/{item}", "200")._value.get()
        await knock(app, f"/cold/tell/{CANARY_NAME}", headers=bearer)
        await knock(app, f"/nothing/{CANARY_NAME}")
        lines = [json.loads(t) for t in capsys.readouterr().out.splitlines()]
        assert [line["route"] for line in lines] == ["/cold/tell/{item}", "unmatched"]
        after = RESPONSES.labels("kit", "/cold/tell/{item}", "200")._value.get()
        assert after == before + 1

    async def test_polls_are_logged_only_when_they_fail(
        self, kit: Kit, knock: Any, capsys: Any
    ) -> None:
        logs.configure("INFO")
        app = kit()
        before = RESPONSES.labels("kit", "/cold/polled", "200")._value.get()
        await knock(app, "/cold/polled", method="GET", chunks=[])
        await knock(app, "/cold/polled?limit=0", method="GET", chunks=[])
        (text,) = capsys.readouterr().out.splitlines()
        assert json.loads(text)["status"] == 409
        after = RESPONSES.labels("kit", "/cold/polled", "200")._value.get()
        assert after == before + 1

    async def test_headers_cannot_forge_a_line(
        self, kit: Kit, knock: Any, capsys: Any
    ) -> None:
        logs.configure("INFO")
        forged = 'x\r\n{"event":"forged"}\x1b[2K\u0085'
        names = ("x-request-id", "traceparent", "x-deadline-ms", "user-agent", "x-a")
        await knock(kit(), headers=dict.fromkeys((*names, "authorization"), forged))
        (text,) = capsys.readouterr().out.splitlines()
        assert "forged" not in text

    async def test_refusals_name_their_problem(
        self, kit: Kit, knock: Any, capsys: Any
    ) -> None:
        logs.configure("INFO")
        await knock(kit(), "/refuse")
        await knock(kit(), "/cold/raw", chunks=[b"{"])
        lines = [json.loads(t) for t in capsys.readouterr().out.splitlines()]
        assert [line["problem"] for line in lines] == ["conflict", "malformed-body"]
