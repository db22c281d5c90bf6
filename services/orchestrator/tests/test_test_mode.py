"""Keys of scope `test`: every magic value, and that nothing of it counts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fraud_orchestrator import tables
from fraud_orchestrator.test_mode.magic import ACCOUNTS, CODES
from fraud_shared.contracts.decision import Decision
from fraud_shared.contracts.degraded import DegradedCode
from fraud_shared.testing.factories import payment_body
from fraud_shared.web.keys import KeyRing

TEST = {"client": "shop", "scopes": ["test"]}
PAGE = Path(__file__).parents[3] / "docs" / "test-mode.md"
STATUS = {"unavailable": 503, "overloaded": 503, "deadline-spent": 504, "conflict": 409}


def payment(account: str, transaction: str = "tx-1", **fields: Any) -> dict[str, Any]:
    return {
        **payment_body(),
        "account_id": account,
        "transaction_id": transaction,
        **fields,
    }


async def challenge(run: Any) -> str:
    reply = await run.score(payment("test-challenge-otp"))
    made: str = reply.json()["challenge_id"]
    return f"/v1/challenges/{made}"


class TestMagicAccounts:
    async def test_force_every_verdict_challenge_and_degraded_code(
        self, start: Any
    ) -> None:
        async with start(**TEST) as run:
            for n, (account, forced) in enumerate(ACCOUNTS.items()):
                if forced.problem is not None:
                    continue
                reply = await run.score(payment(account, f"tx-{n}"))
                assert reply.status_code == 200, (account, reply.text)
                found = Decision.model_validate_json(reply.content)
                assert (found.decision, found.challenge, found.degraded) == (
                    forced.verdict,
                    forced.challenge,
                    forced.degraded,
                ), account
                assert (found.challenge_id is None) == (forced.challenge != "otp")
        degraded = {code for one in ACCOUNTS.values() for code in one.degraded}
        assert degraded == set(DegradedCode)

    async def test_force_every_problem(self, start: Any) -> None:
        async with start(**TEST) as run:
            for account, forced in ACCOUNTS.items():
                if forced.problem is None:
                    continue
                hurried = {"x-deadline-ms": "100"}
                reply = await run.score(payment(account), **hurried)
                assert reply.status_code == STATUS[forced.problem], account
                assert reply.json()["type"].endswith(f":{forced.problem}")

    async def test_work_in_batches_and_messages_too(self, start: Any) -> None:
        async with start(**TEST) as run:
            body = {"transactions": [payment("test-decline"), payment("acc-9", "tx-2")]}
            reply = await run.http.post("/v1/score/batch", json=body)
            found = [one["decision"]["decision"] for one in reply.json()["results"]]
            assert found == ["DECLINE", "APPROVE"]


class TestAnAnswer:
    async def test_repeats_byte_for_byte_and_refuses_other_content(
        self, start: Any
    ) -> None:
        async with start(**TEST) as run:
            key = {"idempotency-key": "k-1"}
            first = await run.score(payment("test-decline"), **key)
            again = await run.score(payment("test-decline"), **key)
            assert again.content == first.content
            for body in (payment("test-approve"), payment("test-decline", "tx-2")):
                refused = await run.score(body, **key)
                assert refused.status_code == 422, refused.text

    async def test_is_read_by_test_keys_of_its_client_alone(self, start: Any) -> None:
        async with start(**TEST) as run:
            reply = await run.score(payment("test-challenge-otp"))
            path = f"/v1/decisions/{reply.json()['decision_id']}"
            stored = (await run.http.get(path)).json()
            assert stored["reply"] == reply.json()
            assert stored["outcomes"]["challenges"][0]["status"] == "pending"
        for other in ({"client": "shop"}, {**TEST, "client": "rival"}):
            async with start(**other) as run:
                assert (await run.http.get(path)).status_code == 404
        async with start(client="shop") as run:
            path = (
                f"/v1/decisions/{(await run.score(payment('a'))).json()['decision_id']}"
            )
        async with start(**TEST) as run:
            assert (await run.http.get(path)).status_code == 404


class TestAnAlert:
    async def test_is_sent_to_the_receiver_of_test_mode_once(self, start: Any) -> None:
        asked = []

        async def action(path: str, body: bytes) -> tuple[int, bytes]:
            asked.append((path, json.loads(body)["tenant"]))
            return 200, b"{}"

        async with start(**TEST) as run:
            run.transport.responders["action"] = action
            first = await run.score(payment("test-alert"))
            again = await run.score(payment("test-alert"))
            assert first.json()["actions"][0]["kind"] == "alert"
            assert first.content == again.content
            assert asked == [("/v1/alert-trials", "shop")]
            run.transport.responders.pop("action")
            reply = await run.score(payment("test-alert", "tx-2"))
            assert reply.status_code == 200


class TestMagicCodes:
    @pytest.mark.parametrize(
        ("code", "status", "after"),
        [
            ("123456", 200, "passed"),
            ("000000", 200, "pending"),
            ("999999", 200, "pending"),
            ("111111", 200, "failed"),
            ("222222", 409, "expired"),
            ("333333", 503, "pending"),
        ],
    )
    async def test_force_every_outcome(
        self, start: Any, code: str, status: int, after: str
    ) -> None:
        async with start(**TEST) as run:
            path = await challenge(run)
            reply = await run.http.post(f"{path}/verify", json={"code": code})
            assert reply.status_code == status, reply.text
            assert (await run.http.get(path)).json()["status"] == after
        assert code in CODES or code == "999999"

    async def test_last_attempt_fails_and_what_is_over_takes_no_code(
        self, start: Any
    ) -> None:
        async with start(**TEST) as run:
            path = await challenge(run)
            for left in (4, 3, 2, 1, 0):
                reply = await run.http.post(f"{path}/verify", json={"code": "000000"})
                assert reply.json()["attempts_left"] == left
            assert reply.json()["status"] == "failed"
            late = await run.http.post(f"{path}/verify", json={"code": "123456"})
            assert late.json()["type"] == "urn:fraud:problem:challenge-closed"

    async def test_are_sent_again_a_few_times_and_cancelled_once(
        self, start: Any
    ) -> None:
        async with start(**TEST) as run:
            path = await challenge(run)
            found = [await run.http.post(f"{path}/resend") for _ in range(4)]
            assert [one.status_code for one in found] == [200, 200, 200, 409]
            for _ in range(2):
                ended = await run.http.post(f"{path}/cancel")
                assert ended.json()["status"] == "cancelled"


class TestNothingCounts:
    async def test_nothing_is_asked_counted_published_or_put_on_record(
        self, start: Any
    ) -> None:
        async with start(**TEST) as run:
            for account in ("acc-1", "test-decline", "test-challenge-manual-review"):
                await run.score(payment(account, f"tx-{account}"))
            path = await challenge(run)
            await run.http.post(f"{path}/verify", json={"code": "123456"})
            assert not run.neighbours.raw
            assert not run.neighbours.executed
            filled = await filled_tables(run)
        assert not run.neighbours.events
        assert filled == {"test_decisions"}

    async def test_the_same_payment_in_earnest_is_the_first_of_its_account(
        self, start: Any
    ) -> None:
        async with start(**TEST) as run:
            online = run.online
            await run.score(payment("acc-1"))
        async with start(client="shop", online=online) as run:
            await run.score(payment("acc-1"))
            assert [one.history_payments for one in run.neighbours.asked] == [0]

    async def test_rate_of_the_client_in_earnest_is_not_used_up(
        self, start: Any
    ) -> None:
        limits = {"rate_per_s": 0.001, "rate_burst": 1}
        async with start(**TEST, **limits) as run:
            await run.score(payment("acc-1"))
            limited = await run.score(payment("acc-1"))
            assert limited.status_code == 429
            taken = await run.app.state.gateway.admission._limiter.take("shop", 1)
            assert taken.wait_s == 0


class TestTheScope:
    async def test_stands_alone_in_a_key(self, start: Any) -> None:
        wanted = {"client": "shop", "name": "both", "scopes": ["test", "score"]}
        async with start(client="operator", scopes=["admin"]) as run:
            reply = await run.http.post("/v1/keys", json=wanted)
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["field"] == "scopes"
        entry = f'[{{"client": "a", "hash": "{"0" * 64}", "scopes": ["test", "read"]}}]'
        with pytest.raises(ValueError, match="alone"):
            KeyRing.parse("pepper", entry)


class TestThePage:
    def test_names_every_magic_value(self) -> None:
        text = PAGE.read_text()
        named = re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.MULTILINE)
        assert sorted(named) == sorted([*ACCOUNTS, *CODES])
        for account, forced in ACCOUNTS.items():
            (line,) = re.findall(rf"^\| `{account}` \|.*$", text, re.MULTILINE)
            said = [*forced.degraded, forced.challenge or forced.verdict.value]
            if forced.problem is not None:
                said = [forced.problem, str(STATUS[forced.problem])]
            assert all(f"`{word}`" in line for word in said), line


async def filled_tables(run: Any) -> set[str]:
    """The tables of the gateway that hold a row."""
    found = set()
    async with run.app.state.gateway._dependencies.db.read() as conn:
        for name, table in tables.metadata.tables.items():
            if (await conn.execute(sa.select(table).limit(1))).first() is not None:
                found.add(name)
    return found
