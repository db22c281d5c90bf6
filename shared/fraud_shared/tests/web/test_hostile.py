"""Hostile bodies against every kind of route: refused, named, not echoed, not logged."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fraud_shared.contracts.base import Contract
from fraud_shared.contracts.transaction import TransactionIn
from fraud_shared.testing.asgi import client
from fraud_shared.testing.hostile import (
    CANARY_NAME,
    CANARY_PAN,
    assert_all_refused,
    assert_refused,
    canary_body,
    corpus,
)
from fraud_shared.web.context import RequestContext
from fraud_shared.web.service import HotRoute

JSON = {"content-type": "application/json"}
ROUTES = ("/hot", "/cold")
CORPUS = corpus()


class Seen(Contract):
    """What the test routes answer."""

    transaction_id: str


async def see(payment: TransactionIn, _: RequestContext) -> Seen:
    """Take a payment."""
    return Seen(transaction_id=payment.transaction_id)


@pytest.fixture
async def http(make_app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A service that takes payments on a strict hot route and on a cold one."""
    routes = APIRouter()

    @routes.post("/cold")
    async def cold(payment: TransactionIn) -> Seen:
        return Seen(transaction_id=payment.transaction_id)

    hot = HotRoute("/hot", TransactionIn, Seen, see, "hot", "Hot", strict=True)
    async with client(make_app(hot=[hot], routers=[routes])) as http:
        yield http


class TestCorpus:
    def test_is_as_large_as_promised(self) -> None:
        assert len(CORPUS) >= 200

    @pytest.mark.parametrize("path", ROUTES)
    async def test_the_payment_behind_it_is_accepted(
        self, http: httpx.AsyncClient, path: str
    ) -> None:
        reply = await http.post(path, json=canary_body())
        assert reply.status_code == 200, reply.text

    @pytest.mark.parametrize("path", ROUTES)
    async def test_every_body_is_refused_and_nothing_is_echoed(
        self, http: httpx.AsyncClient, path: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        capsys.readouterr()
        await assert_all_refused(CORPUS, http, path, lambda: capsys.readouterr().out)
        after = await http.post(path, json=canary_body())
        assert after.status_code == 200


class TestChecker:
    """The checker itself must be able to fail, or 400 green cases say nothing."""

    @pytest.mark.parametrize(
        ("status", "media", "extra"),
        [
            (500, "application/problem+json", ""),
            (200, "application/problem+json", ""),
            (422, "application/json", ""),
            (422, "application/problem+json", CANARY_PAN),
            (422, "application/problem+json", CANARY_NAME),
        ],
    )
    def test_refuses_a_bad_reply(self, status: int, media: str, extra: str) -> None:
        case = next(c for c in CORPUS if c.field == "amount_minor")
        errors = [{"field": "amount_minor", "problem": extra}]
        body = json.dumps({"status": status, "errors": errors}).encode()
        with pytest.raises(AssertionError):
            assert_refused(case, status, media, body)

    def test_wants_the_field_named(self) -> None:
        case = next(c for c in CORPUS if c.field == "amount_minor")
        with pytest.raises(AssertionError, match="does not name"):
            assert_refused(case, 422, "application/problem+json", b'{"status": 422}')

    def test_looks_into_the_log(self) -> None:
        case = next(c for c in CORPUS if c.field is None)
        body = b'{"status": 400}'
        with pytest.raises(AssertionError, match="logged"):
            assert_refused(case, 400, "application/problem+json", body, CANARY_PAN)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELD = st.sampled_from(sorted(TransactionIn.model_fields))
RELAXED = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class TestAnything:
    @pytest.mark.parametrize("path", ROUTES)
    @RELAXED
    @given(document=ANY_JSON)
    async def test_no_document_is_our_fault(
        self, http: httpx.AsyncClient, path: str, document: Any
    ) -> None:
        body = json.dumps(document).encode()
        reply = await http.post(path, content=body, headers=JSON)
        assert reply.status_code < 500

    @pytest.mark.parametrize("path", ROUTES)
    @RELAXED
    @given(field=FIELD, value=ANY_JSON)
    async def test_no_field_of_a_payment_is_our_fault(
        self, http: httpx.AsyncClient, path: str, field: str, value: Any
    ) -> None:
        body = json.dumps(canary_body() | {field: value}).encode()
        reply = await http.post(path, content=body, headers=JSON)
        assert reply.status_code in (200, 400, 422)
        assert CANARY_NAME not in reply.text

    @pytest.mark.parametrize("path", ROUTES)
    @RELAXED
    @given(body=st.binary(max_size=200))
    async def test_no_bytes_are_our_fault(
        self, http: httpx.AsyncClient, path: str, body: bytes
    ) -> None:
        reply = await http.post(path, content=body, headers=JSON)
        assert 400 <= reply.status_code < 500
