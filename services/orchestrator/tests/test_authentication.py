"""Who gets in, and what is turned away at the door."""

import json
from datetime import timedelta
from typing import Any

import pytest

from fraud_shared.testing.factories import NOON, payment_body

PAN = "4111111111111111"


class TestKeys:
    async def test_no_key_is_forbidden(self, start: Any) -> None:
        async with start() as run:
            del run.http.headers["x-api-key"]
            response = await run.score(payment_body())
        assert response.status_code == 403
        assert response.headers["content-type"] == "application/problem+json"

    async def test_a_key_without_the_scope_is_forbidden(self, start: Any) -> None:
        async with start(scopes=["read"]) as run:
            assert (await run.score(payment_body())).status_code == 403
            assert (await run.http.get("/v1/version")).status_code == 200

    async def test_a_key_in_the_authorization_header_works(self, start: Any) -> None:
        async with start() as run:
            key = run.http.headers.pop("x-api-key")
            response = await run.score(payment_body(), Authorization=f"Bearer {key}")
        assert response.status_code == 200

    async def test_refreshing_models_needs_the_admin_scope(self, start: Any) -> None:
        async with start(scopes=["score", "read"]) as run:
            refused = await run.http.post("/v1/admin/refresh-models")
        assert refused.status_code == 403


class TestCardNumbers:
    async def test_a_pan_becomes_a_token_before_anything_else_sees_it(
        self, start: Any
    ) -> None:
        card = {"token": None, "pan": PAN, "bin": None, "last4": None}
        async with start() as run:
            reply = await run.score(payment_body(card=card))
            decision_id = reply.json()["decision_id"]
            stored = await run.http.get(f"/v1/decisions/{decision_id}")
        assert reply.status_code == 200
        kept = stored.json()["record"]["transaction"]["card"]
        assert kept["token"].startswith("pan_")
        assert (kept["bin"], kept["last4"]) == ("41111111", "1111")
        seen = b"".join([*run.neighbours.raw, stored.content, reply.content])
        assert PAN.encode() not in seen + json.dumps(run.neighbours.events).encode()

    async def test_the_same_card_gets_the_same_token(self, start: Any) -> None:
        card = {"token": None, "pan": PAN, "bin": None, "last4": None}
        async with start() as run:
            await run.score(payment_body(card=card))
            await run.score(payment_body(card=card))
        [one, two] = [e["data"]["transaction"]["card"] for e in run.neighbours.events]
        assert one["token"] == two["token"]

    async def test_a_wrong_check_digit_is_named_and_not_repeated(
        self, start: Any
    ) -> None:
        wrong = "4111111111111112"
        card = {"token": None, "pan": wrong, "bin": None, "last4": None}
        async with start() as run:
            response = await run.score(payment_body(card=card))
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == "card.pan"
        assert wrong not in response.text

    async def test_a_card_number_in_a_name_is_refused(self, start: Any) -> None:
        async with start() as run:
            response = await run.score(
                payment_body(merchant={"name": "shop 4111 1111 1111 1111"})
            )
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == "merchant.name"

    async def test_names_go_to_screening_only(self, start: Any) -> None:
        async with start() as run:
            await run.score(payment_body(customer={"name": "Zaphod Unmistakable"}))
        assert b"Unmistakable" not in b"".join(run.neighbours.raw)
        assert "Unmistakable" not in json.dumps(run.neighbours.events)


class TestEventTime:
    @pytest.mark.parametrize("off", [timedelta(minutes=6), timedelta(days=-8)])
    async def test_a_time_that_would_move_windows_wrongly_is_refused(
        self, start: Any, off: timedelta
    ) -> None:
        async with start() as run:
            response = await run.score(payment_body(occurred_at=NOON + off))
        assert response.status_code == 422
        assert response.json()["errors"][0]["field"] == "occurred_at"
        assert run.neighbours.asked == []
