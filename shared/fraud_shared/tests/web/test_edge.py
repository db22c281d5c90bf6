"""The edge: context in, limits, problems and one log line out."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fraud_shared.testing.hostile import CANARY_NAME, CANARY_PAN
from fraud_shared.web import logs
from fraud_shared.web.telemetry import IN_FLIGHT, RESPONSES, Tracing

Kit = Callable[..., FastAPI]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def spans_of(app_parts: dict[str, Any]) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app_parts["tracing"] = Tracing("kit", provider=provider)
    return exporter


class TestRequestId:
    @pytest.mark.parametrize("path", ["/open", "/cold/raw"])
    async def test_comes_back(self, kit: Kit, knock: Any, path: str) -> None:
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
    async def test_is_clamped(
        self, kit: Kit, knock: Any, given: str | None, least: float, most: float
    ) -> None:
        headers = {} if given is None else {"x-deadline-ms": given}
        reply = await knock(kit(), headers=headers)
        assert least <= reply.json["remaining_ms"] <= most


class TestInFlightCap:
    async def test_sheds_beyond_it_and_recovers(
        self, kit: Kit, knock: Any, gate: asyncio.Event
    ) -> None:
        app = kit(max_in_flight=2)
        held = [asyncio.create_task(knock(app, "/wait")) for _ in range(2)]
        await asyncio.sleep(0)
        assert IN_FLIGHT.labels("kit")._value.get() == 2
        shed = await knock(app)
        assert shed.status == 503
        assert shed.headers["retry-after"] == "1"
        assert shed.headers["content-type"] == "application/problem+json"
        assert shed.json["type"] == "urn:fraud:problem:overloaded"
        gate.set()
        assert [reply.status for reply in await asyncio.gather(*held)] == [200, 200]
        assert (await knock(app)).status == 200
        assert IN_FLIGHT.labels("kit")._value.get() == 0

    async def test_never_sheds_probes(
        self, kit: Kit, knock: Any, gate: asyncio.Event
    ) -> None:
        app = kit(max_in_flight=1)
        held = asyncio.create_task(knock(app, "/wait"))
        await asyncio.sleep(0)
        assert (await knock(app, "/livez", method="GET")).status == 200
        gate.set()
        await held

    async def test_a_cancelled_request_gives_its_place_back(
        self, kit: Kit, knock: Any
    ) -> None:
        app = kit(max_in_flight=1)
        held = asyncio.create_task(knock(app, "/wait"))
        await asyncio.sleep(0)
        held.cancel()
        await asyncio.gather(held, return_exceptions=True)
        assert (await knock(app)).status == 200


class TestBodyLimit:
    @pytest.mark.parametrize("path", ["/open", "/cold/raw", "/cold/nothing"])
    async def test_refuses_by_declared_length_before_reading(
        self, kit: Kit, knock: Any, path: str
    ) -> None:
        reply = await knock(kit(), path, headers={"content-length": "65537"})
        assert reply.status == 413
        assert reply.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize("length", ["", "-1", "ten", "1,2", "٣", "9" * 5000])
    async def test_refuses_a_length_that_is_none(
        self, kit: Kit, knock: Any, length: str
    ) -> None:
        headers = {"content-length": length.encode().decode("latin-1")}
        reply = await knock(kit(), headers=headers)
        assert reply.status in (400, 413)

    @pytest.mark.parametrize("path", ["/open", "/cold/raw", "/cold/tell/1"])
    async def test_counts_chunks(
        self, kit: Kit, knock: Any, bearer: dict[str, str], path: str
    ) -> None:
        chunks = [b'{"name":"'] + [b"a" * 1024] * 65 + [b'"}']
        reply = await knock(kit(), path, chunks=chunks, headers=bearer)
        assert reply.status == 413
        assert reply.json["type"] == "urn:fraud:problem:body-too-large"

    @pytest.mark.parametrize("path", ["/open", "/cold/raw"])
    async def test_refuses_one_chunk_that_lied_about_its_length(
        self, kit: Kit, knock: Any, path: str
    ) -> None:
        headers = {"content-length": "12"}
        reply = await knock(kit(), path, chunks=[b"[" * 70_000], headers=headers)
        assert reply.status == 413

    @pytest.mark.parametrize("path", ["/open", "/cold/raw"])
    async def test_takes_a_body_of_exactly_the_limit(
        self, kit: Kit, knock: Any, path: str
    ) -> None:
        body = b'{"name":"a"}'.ljust(65_536)
        assert (await knock(kit(), path, chunks=[body])).status == 200
        halves = [body[:30_000], body[30_000:]]
        assert (await knock(kit(), path, chunks=halves)).status == 200

    async def test_a_route_can_have_its_own(self, kit: Kit, knock: Any) -> None:
        assert (await knock(kit(), "/small")).status == 200
        body = b'{"name":"a"}'.ljust(33)
        assert (await knock(kit(), "/small", chunks=[body])).status == 413


class TestRefusals:
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
    @pytest.mark.parametrize("path", ["/open", "/cold/raw"])
    async def test_another_method_is_405_with_allow(
        self, kit: Kit, knock: Any, method: str, path: str
    ) -> None:
        reply = await knock(kit(), path, method=method)
        assert reply.status == 405
        assert reply.headers["allow"] == "POST"
        assert reply.headers["content-type"] == "application/problem+json"

    async def test_an_unknown_path_is_404_and_not_repeated(
        self, kit: Kit, knock: Any
    ) -> None:
        reply = await knock(kit(), f"/{CANARY_PAN}")
        assert reply.status == 404
        assert reply.headers["content-type"] == "application/problem+json"
        assert CANARY_PAN.encode() not in reply.body

    @pytest.mark.parametrize("media", ["text/plain", "application/xml", "", "json"])
    async def test_another_media_type_is_415(
        self, kit: Kit, knock: Any, media: str
    ) -> None:
        reply = await knock(kit(), headers={"content-type": media})
        assert reply.status == 415

    @pytest.mark.parametrize(
        "media",
        ["application/json; charset=utf-8", "Application/JSON", "application/a+json"],
    )
    async def test_json_by_another_name_is_taken(
        self, kit: Kit, knock: Any, media: str
    ) -> None:
        assert (await knock(kit(), headers={"content-type": media})).status == 200

    async def test_a_problem_carries_its_fields_and_headers(
        self, kit: Kit, knock: Any
    ) -> None:
        reply = await knock(kit(), "/refuse")
        assert reply.status == 409
        assert reply.headers["x-why"] == "test"
        assert reply.json == {
            "type": "urn:fraud:problem:conflict",
            "title": "The request contradicts what is stored",
            "status": 409,
            "detail": "The current state does not allow this.",
            "instance": reply.headers["x-request-id"],
            "errors": [{"field": "name", "problem": "taken"}],
        }

    async def test_query_faults_name_the_place(self, kit: Kit, knock: Any) -> None:
        reply = await knock(kit(), f"/cold/fall?limit={CANARY_PAN}x", method="GET")
        assert reply.status == 422
        assert reply.json["errors"][0]["field"] == "query.limit"
        assert CANARY_PAN.encode() not in reply.body

    @pytest.mark.parametrize("path", ["/open", "/cold/raw"])
    async def test_a_client_that_left_gets_nothing(
        self, kit: Kit, knock: Any, path: str
    ) -> None:
        chunks = [b'{"name":', b'"a"}']
        before = RESPONSES.labels("kit", path, "499")._value.get()
        reply = await knock(kit(), path, chunks=chunks, leaves=True)
        assert reply.status == 0
        assert RESPONSES.labels("kit", path, "499")._value.get() == before + 1


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
    async def test_is_continued(self, kit: Kit, knock: Any) -> None:
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
        await knock(app, f"/cold/tell/{CANARY_PAN}", headers=bearer)
        await knock(app, f"/nothing/{CANARY_PAN}")
        lines = [json.loads(t) for t in capsys.readouterr().out.splitlines()]
        assert [line["route"] for line in lines] == ["/cold/tell/{item}", "unmatched"]
        after = RESPONSES.labels("kit", "/cold/tell/{item}", "200")._value.get()
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
