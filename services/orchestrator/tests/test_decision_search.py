"""Searching the decision log, and who sees whose decisions."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fraud_orchestrator import tables
from fraud_orchestrator.stores.search import found_by
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.testing.factories import payment_body

PATH = "/v1/decisions"


async def found(run: Any, **query: Any) -> list[str]:
    reply = await run.http.get(PATH, params=query)
    assert reply.status_code == 200, reply.text
    return [row["transaction_id"] for row in reply.json()["items"]]


class TestFilters:
    async def test_each_finds_what_has_it_and_nothing_else(self, start: Any) -> None:
        mine = {
            "account_id": "acc-7",
            "card": {"token": "card-7"},
            "device": {"device_id": "dev-7"},
            "merchant": {"merchant_id": "mer-7"},
            "counterparty": {"account": "acc-9"},
        }
        async with start() as run:
            await run.score(payment_body())
            await run.score(payment_body(transaction_id="tx-a", **mine))
            for query in (
                {"transaction_id": "tx-a"}, {"account_id": "acc-7"},
                {"card_token": "card-7"}, {"device_id": "dev-7"},
                {"merchant_id": "mer-7"}, {"counterparty": "acc-9"},
                {"account_id": "acc-7", "decision": "APPROVE"},
            ):  # fmt: skip
                assert await found(run, **query) == ["tx-a"], query
            assert await found(run, account_id="acc-7", decision="DECLINE") == []

    async def test_time_reason_and_degraded_are_found(self, start: Any) -> None:
        async with start() as run:
            await run.score(payment_body(transaction_id="tx-whole"))
            run.neighbours.degraded = ("SCREENING_UNAVAILABLE",)
            gap = (await run.score(payment_body(transaction_id="tx-gap"))).json()
            code = gap["degraded"][0]
            assert await found(run, degraded="true") == ["tx-gap"]
            assert await found(run, degraded="false") == ["tx-whole"]
            assert await found(run, degraded=code) == ["tx-gap"]
            assert await found(run, degraded="NOBODY_KNOWS") == []
            assert await found(run, reason="NOBODY_KNOWS") == []
            at = gap["decided_at"]
            assert await found(run, to=at, degraded="true") == []
            assert await found(run, **{"from": at, "degraded": "true"}) == ["tx-gap"]

    async def test_an_unknown_filter_or_cursor_is_refused(self, start: Any) -> None:
        async with start() as run:
            for query in ({"amount": "1"}, {"cursor": "abc"}, {"from": "yesterday"}):
                assert (await run.http.get(PATH, params=query)).status_code == 422


class TestPages:
    async def test_go_through_everything_once_newest_first(self, start: Any) -> None:
        async with start() as run:
            sent = [f"tx-{n}" for n in range(5)]
            for name in sent:
                await run.score(payment_body(transaction_id=name))
            seen, cursor = [], None
            while True:
                query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
                page = (await run.http.get(PATH, params=query)).json()
                seen += [row["transaction_id"] for row in page["items"]]
                cursor = page["next_cursor"]
                if cursor is None:
                    break
        assert seen == sent[::-1]

    async def test_an_export_has_whole_records_and_names_the_next(
        self, start: Any
    ) -> None:
        async with start() as run:
            for n in range(3):
                await run.score(payment_body(transaction_id=f"tx-{n}"))
            headers = {"accept": "application/x-ndjson"}
            first = await run.http.get(PATH, params={"limit": 2}, headers=headers)
            at = first.headers["link"].partition("<")[2].partition(">")[0]
            last = await run.http.get(at, headers=headers)
        lines = (first.text + last.text).splitlines()
        records = [DecisionMade.model_validate_json(line) for line in lines]
        numbers = [record.transaction.transaction_id for record in records]
        assert numbers == ["tx-2", "tx-1", "tx-0"]
        assert "link" not in last.headers


class TestWhoSeesWhat:
    @pytest.mark.parametrize("scope", ["analyst", "audit"])
    async def test_wide_scopes_see_every_client_of_their_tenants(
        self, start: Any, scope: str
    ) -> None:
        async with start(client="shop") as run:
            decision = (await run.score(payment_body(transaction_id="tx-s"))).json()
        path = f"{PATH}/{decision['decision_id']}"
        for keys, seen in (
            ({"scopes": [scope], "tenants": ["*"]}, True),
            ({"scopes": [scope], "tenants": ["shop"]}, True),
            ({"scopes": [scope], "tenants": ["market"]}, False),
            ({"scopes": ["read"], "tenants": ["*"]}, False),
            ({"scopes": ["read", "admin"], "tenants": ["*"]}, False),
        ):
            async with start(client="desk", **keys) as run:
                assert await found(run) == (["tx-s"] if seen else []), keys
                status = (await run.http.get(path)).status_code
                assert status == (200 if seen else 404), keys
                replayed = await run.http.post(f"{path}/replay")
                assert replayed.status_code == (200 if seen else 404), keys


class TestOutcomes:
    async def test_are_asked_of_the_action_service_when_there_were_actions(
        self, start: Any
    ) -> None:
        async with start() as run:
            run.neighbours.verdict = "CHALLENGE"
            run.neighbours.actions = ("otp_challenge",)
            made = (await run.score(payment_body())).json()
            path = f"{PATH}/{made['decision_id']}"
            run.neighbours.outcomes["challenges"] = [CHALLENGE]
            known = (await run.http.get(path)).json()["outcomes"]
            del run.transport.responders["action"]
            unknown = await run.http.get(path)
        assert known["challenges"] == [CHALLENGE]
        assert (unknown.status_code, unknown.json()["outcomes"]) == (200, None)


CHALLENGE = {
    "challenge_id": "otp-1", "decision_id": "d-1", "transaction_id": "tx-1",
    "status": "passed", "attempts_left": 4, "resends_left": 3,
    "expires_at": "2026-03-02T12:05:00Z", "resolved_at": "2026-03-02T12:01:00Z",
}  # fmt: skip


class TestEntities:
    async def test_a_card_has_its_decisions_and_blocks(self, start: Any) -> None:
        async with start(scopes=["score", "analyst"]) as run:
            await run.score(payment_body(transaction_id="tx-1"))
            answer = run.transport.responders["action"]
            asked = []

            async def act(path: str, body: bytes) -> tuple[int, bytes]:
                if path.startswith("/v1/blocks"):
                    asked.append(path)
                    return 200, b'{"items": [], "next_cursor": null}'
                reply: tuple[int, bytes] = await answer(path, body)
                return reply

            run.transport.responders["action"] = act
            page = (await run.http.get("/v1/entities/card/card-1")).json()
            other = (await run.http.get("/v1/entities/card/card-2")).json()
        assert page["decisions"] == {"APPROVE": 1, "CHALLENGE": 0, "DECLINE": 0}
        assert [row["transaction_id"] for row in page["recent"]] == ["tx-1"]
        assert (page["blocks"], page["cases"], page["profile"]) == ([], [], None)
        assert other["recent"] == []
        assert asked[0] == "/v1/blocks?entity=card&id=card-1"

    async def test_needs_an_analyst_and_a_known_kind(self, start: Any) -> None:
        async with start(scopes=["read"]) as run:
            assert (await run.http.get("/v1/entities/card/c")).status_code == 403
        async with start(scopes=["analyst"]) as run:
            assert (await run.http.get("/v1/entities/planet/c")).status_code == 422


class TestRelated:
    async def test_payments_say_what_they_have_in_common(self, start: Any) -> None:
        other = {"account_id": "acc-2", "device": {"device_id": "dev-2"}}
        async with start(scopes=["score", "analyst"]) as run:
            mine = (await run.score(payment_body(transaction_id="tx-1"))).json()
            await run.score(payment_body(transaction_id="tx-2", **other))
            far = {
                **other,
                "card": {"token": "c-9"},
                "merchant": {"merchant_id": "m-9"},
            }
            await run.score(payment_body(transaction_id="tx-3", **far))
            keys = {
                "decision_id": mine["decision_id"], "account_id": "acc-1",
                "card_token": "card-1", "device_id": "dev-1", "merchant_id": "mer-1",
                "counterparty": None,
            }  # fmt: skip
            answer = {"case_id": "case-1", "keys": keys, "items": []}

            async def act(path: str, _: bytes) -> tuple[int, bytes]:
                known = path == "/v1/cases/case-1/related"
                return (200, json.dumps(answer).encode()) if known else (404, b"{}")

            run.transport.responders["action"] = act
            found = (await run.http.get("/v1/cases/case-1/related")).json()
            unknown = await run.http.get("/v1/cases/case-2/related")
            del run.transport.responders["action"]
            away = await run.http.get("/v1/cases/case-1/related")
        shared = {p["transaction_id"]: p["shared"] for p in found["payments"]}
        assert shared == {"tx-2": ["card", "merchant"]}
        assert (unknown.status_code, away.status_code) == (404, 503)


class TestMe:
    async def test_says_what_the_key_is(self, start: Any) -> None:
        async with start(scopes=["label"], tenant="bank", tenants=["shop"]) as run:
            reply = await run.http.get("/v1/me")
            run.http.headers.pop("x-api-key")
            nobody = await run.http.get("/v1/me")
        assert reply.json() == {
            "client": "shop", "scopes": ["label"], "tenant": "bank",
            "tenants": ["bank", "shop"], "key_name": None, "expires_at": None,
        }  # fmt: skip
        assert nobody.status_code == 403


async def test_columns_of_earlier_decisions_are_filled_from_their_records(
    start: Any,
) -> None:
    versions = Path(tables.__file__).parent / "migrations/versions"
    migration = runpy.run_path(str(versions / "0006_decision_search.py"))
    async with start() as run:
        await run.score(payment_body(counterparty={"account": "acc-9"}))
        database = run.app.state.gateway.decisions._db
        query = sa.select(tables.decisions)
        async with database.read() as conn:
            row = (await conn.execute(query)).one()
    filled = migration["_found_by"](row)
    made = DecisionMade.model_validate_json(bytes(row.record))
    assert {f"new_{k}": v for k, v in found_by(made).items()} == {
        k: v for k, v in filled.items() if k != "this"
    }
