"""What the edge turns away: too much at once, too large, not understood."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from fraud_shared.mesh.metrics import REGISTRY
from fraud_shared.testing.hostile import CANARY_NAME, CANARY_PAN
from fraud_shared.web.telemetry import RESPONSES

Kit = Callable[..., FastAPI]


def in_flight() -> float | None:
    name = "fraud_http_requests_in_flight"
    return REGISTRY.get_sample_value(name, {"service": "kit"})


class TestInFlightCap:
    async def test_sheds_beyond_it_and_recovers(
        self, kit: Kit, knock: Any, gate: asyncio.Event
    ) -> None:
        app = kit(max_in_flight=2)
        held = [asyncio.create_task(knock(app, "/wait")) for _ in range(2)]
        await asyncio.sleep(0)
        assert in_flight() == 2
        shed = await knock(app)
        assert shed.status == 503
        assert shed.headers["retry-after"] == "1"
        assert shed.headers["content-type"] == "application/problem+json"
        assert shed.json["type"] == "urn:fraud:problem:overloaded"
        gate.set()
        assert [reply.status for reply in await asyncio.gather(*held)] == [200, 200]
        assert (await knock(app)).status == 200
        assert in_flight() == 0

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
    async def test_body_limit_counts_chunks(
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
        reply = await knock(kit(), f"/{CANARY_NAME}")
        assert reply.status == 404
        assert reply.headers["content-type"] == "application/problem+json"
        assert CANARY_NAME.encode() not in reply.body

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

    async def test_what_is_not_said_to_be_json_is_not_read_as_json(
        self, kit: Kit, knock: Any
    ) -> None:
        yaml = {"content-type": "application/yaml"}
        reply = await knock(kit(), "/cold/raw", headers=yaml, chunks=[b"a: b"])
        assert reply.json == {"size": 4}
        assert (await knock(kit(), "/cold/raw", chunks=[b"a: b"])).status == 400

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
