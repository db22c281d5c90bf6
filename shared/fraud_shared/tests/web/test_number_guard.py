"""No card number comes in: bodies, keys, paths, queries and headers of every route."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import APIRouter, FastAPI

from fraud_shared.contracts.base import Contract, Text
from fraud_shared.web import logs
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import open_guard
from fraud_shared.web.service import HotRoute

Kit = Callable[..., FastAPI]
PAN = "4539578763621486"
WRITTEN = [
    PAN,
    "4539-5787-6362-1486",
    "4539 5787/6362_1486",
    "ref 12, 4539.5787.6362.1486 12/27",
    "４５３９５７８７６３６２１４８６",
    "٤٥٣٩٥٧٨٧٦٣٦٢١٤٨٦",
    "4539\u200b5787\u200b6362\u200b1486",
    "4539%2d5787%2d6362%2d1486",
    f"{PAN}1227",
]


class Note(Contract):
    """A body with one free text."""

    note: Text


@pytest.fixture
def app(make_app: Any) -> FastAPI:
    """A strict hot route and a cold one of the framework, both for a note."""

    async def hot(note: Note, _: RequestContext) -> Note:
        return note

    routes = APIRouter()

    @routes.post("/cold")
    async def cold(note: Note) -> Note:
        return note

    route = HotRoute(
        "/hot", Note, Note, hot, "hot", "hot", guard=open_guard, strict=True
    )
    app: FastAPI = make_app({}, hot=[route], routers=[routes])
    return app


def shown(text: str) -> str:
    """The digits of a text, to find a number however it was written."""
    return "".join(char for char in text if char.isdigit())


@pytest.mark.parametrize("path", ["/hot", "/cold"])
class TestBody:
    @pytest.mark.parametrize("text", WRITTEN)
    @pytest.mark.parametrize("ascii_only", [True, False])
    async def test_card_number_in_text_is_refused_by_name_and_not_logged(
        self,
        app: Any,
        knock: Any,
        *,
        bearer: Any,
        capsys: Any,
        path: str,
        text: str,
        ascii_only: bool,
    ) -> None:
        logs.configure("INFO")
        body = json.dumps({"note": text}, ensure_ascii=ascii_only).encode()
        reply = await knock(app, path, chunks=(body,), headers=bearer)
        assert reply.status == 422
        assert reply.json["errors"] == [
            {"field": "note", "problem": "looks like a card number"}
        ]
        assert PAN not in shown(reply.body.decode() + capsys.readouterr().out)

    async def test_list_of_codes_in_a_document_of_several_lines_is_no_number(
        self, app: Any, knock: Any, bearer: Any, path: str
    ) -> None:
        codes = 'entries: ["5732", "5734", "5944", "5094"]'
        for text, found in (
            (f"lists:\n  {codes}\n", False),
            (f"lists: # {PAN}\n  {codes}\n", True),
            (f'lists:\n  entries: ["5732", "{PAN}"]\n', True),
            (codes, True),
        ):
            body = json.dumps({"note": text}).encode()
            reply = await knock(app, path, chunks=(body,), headers=bearer)
            assert (b"looks like a card number" in reply.body) == found, text

    async def test_card_number_as_key_is_refused(
        self, app: Any, knock: Any, bearer: Any, path: str
    ) -> None:
        body = json.dumps({"note": "a", PAN: 1}).encode()
        reply = await knock(app, path, chunks=(body,), headers=bearer)
        assert reply.status == 422
        assert reply.json["errors"][0]["field"] == "(unprintable)"

    async def test_card_number_without_content_type_is_refused(
        self, app: Any, knock: Any, bearer: Any, path: str
    ) -> None:
        body = json.dumps({"note": PAN}).encode()
        reply = await knock(
            app, path, chunks=(body,), headers={**bearer, "content-type": ""}
        )
        assert 400 <= reply.status < 500

    @pytest.mark.parametrize(
        "text", ["Order 1700000000004", "0000000000000", "Zoë 12", "a\\b"]
    )
    async def test_other_text_is_taken(
        self, app: Any, knock: Any, bearer: Any, path: str, text: str
    ) -> None:
        reply = await knock(
            app, path, chunks=(json.dumps({"note": text}).encode(),), headers=bearer
        )
        assert reply.status == 200
        assert reply.json == {"note": text}

    @pytest.mark.parametrize("text", WRITTEN)
    async def test_card_number_as_idempotency_key_is_refused(
        self, app: Any, knock: Any, bearer: Any, path: str, text: str
    ) -> None:
        if not text.isascii():
            text = PAN
        reply = await knock(
            app,
            path,
            chunks=(b'{"note":"a"}',),
            headers={"idempotency-key": f"order {text}"},
        )
        assert reply.status == 422
        assert reply.json["errors"][0]["field"] == "Idempotency-Key"

    @pytest.mark.parametrize("text", WRITTEN)
    async def test_card_number_in_query_is_refused(
        self, app: Any, knock: Any, bearer: Any, path: str, text: str
    ) -> None:
        reply = await knock(
            app, f"{path}?ref={quote(text, safe='%')}", chunks=(b'{"note":"a"}',)
        )
        assert reply.status == 422
        assert reply.json["errors"][0]["field"] == "query.ref"


class TestRequestHead:
    @pytest.mark.parametrize("text", WRITTEN)
    async def test_card_number_in_path_is_refused(
        self, app: Any, knock: Any, text: str
    ) -> None:
        reply = await knock(app, f"/v1/{text}", method="GET")
        assert reply.status == 422
        assert reply.json["errors"][0]["field"] == "path"

    @pytest.mark.parametrize("given", [PAN, f"r-{PAN}", f"{PAN}1227", f"00{PAN}"])
    async def test_request_id_with_card_number_is_replaced(
        self, app: Any, knock: Any, given: str
    ) -> None:
        reply = await knock(
            app, "/hot", headers={"x-request-id": given}, chunks=(b'{"note":"a"}',)
        )
        assert reply.status == 200
        assert len(reply.headers["x-request-id"]) == 24

    async def test_trace_with_card_number_is_another_trace(
        self, app: Any, knock: Any, capsys: Any
    ) -> None:
        logs.configure("INFO")
        trace = f"00-{PAN}{'0' * 16}-b7ad6b7169203331-01"
        reply = await knock(
            app, "/hot", headers={"traceparent": trace}, chunks=(b'{"note":"a"}',)
        )
        assert reply.status == 200
        assert PAN not in capsys.readouterr().out
