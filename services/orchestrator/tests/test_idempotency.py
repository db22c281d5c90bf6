"""The same request has one outcome, whatever happens in between."""

import asyncio
from typing import Any

import pytest

from fraud_shared.testing.factories import payment_body

# A hundred payments at once on a machine that does other things: what is asserted is who
# wins, not how soon.
UNHURRIED = dict.fromkeys(
    (
        "wall_ms",
        "default_deadline_ms",
        "deadline_cap_ms",
        "rules_cap_ms",
        "models_cap_ms",
        "decision_cap_ms",
        "action_cap_ms",
        "online_cap_ms",
        "query_cap_ms",
    ),
    60_000.0,
)


class TestRepeats:
    async def test_a_repeat_gets_the_same_bytes_and_decides_nothing(
        self, start: Any
    ) -> None:
        async with start() as run:
            body = payment_body()
            first, second = await run.score(body), await run.score(body)
        assert first.content == second.content
        assert len(run.neighbours.asked) == 1
        assert len(run.neighbours.events) == 1

    async def test_a_repeat_that_the_online_store_forgot_gets_the_same_bytes(
        self, start: Any
    ) -> None:
        """The store's memory is only a hint: the decision log has the last word."""
        async with start() as run:
            body = payment_body()
            first = await run.score(body)
        async with start() as forgetful:
            second = await forgetful.score(body)
        assert first.content == second.content
        ids = {event["id"] for event in forgetful.neighbours.events}
        assert len(ids) == 1

    async def test_a_hundred_at_once_have_one_outcome(self, start: Any) -> None:
        async with start(max_in_flight=200, **UNHURRIED) as run:
            run.neighbours.verdict = "CHALLENGE"
            run.neighbours.actions = ("otp_challenge",)
            body = payment_body()
            replies = await asyncio.gather(*(run.score(body) for _ in range(100)))
        assert {r.status_code for r in replies} == {200}
        assert len({r.content for r in replies}) == 1
        executed = {request.decision_id for request in run.neighbours.executed}
        assert len(executed) == 1
        assert len(run.neighbours.events) == 1

    async def test_two_gateways_at_once_have_one_outcome(self, start: Any) -> None:
        async with start(**UNHURRIED) as one, start(**UNHURRIED) as other:
            body = payment_body()
            replies = await asyncio.gather(
                *(gateway.score(body) for gateway in (one, other) for _ in range(10))
            )
        assert len({r.content for r in replies}) == 1

    async def test_key_order_and_white_space_make_no_other_request(
        self, start: Any
    ) -> None:
        async with start() as run:
            body = payment_body()
            turned = dict(reversed(body.items()))
            first = await run.score(body)
            second = await run.score(turned)
        assert first.content == second.content


class TestClients:
    async def test_each_numbers_its_payments_for_itself(self, start: Any) -> None:
        body = payment_body(transaction_id="order-1")
        async with start() as one:
            await one.score(body)
            async with start(client="market", online=one.online) as other:
                own = {**body, "account_id": "acc-2", "amount_minor": 7}
                assert (await other.score(own)).status_code == 200
                await other.score({**own, "transaction_id": "order-2"})
        # acc-2 is new to both; the payment of acc-1 is no part of its history.
        histories = [asked.history_payments for asked in one.neighbours.asked]
        assert histories == [0, 0, 1]


class TestMisuse:
    async def test_the_same_key_with_other_content_is_refused(self, start: Any) -> None:
        async with start() as run:
            key = {"Idempotency-Key": "order-7"}
            await run.score(payment_body(transaction_id="t-1"), **key)
            refused = await run.score(payment_body(transaction_id="t-2"), **key)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "Idempotency-Key"
        assert len(run.neighbours.asked) == 1

    async def test_what_a_used_key_refuses_has_moved_no_window(
        self, start: Any
    ) -> None:
        async with start() as run:
            key = {"Idempotency-Key": "order-7"}
            await run.score(payment_body(), **key)
            for _ in range(3):
                assert (await run.score(payment_body(), **key)).status_code == 422
            await run.score(payment_body())
        assert run.neighbours.asked[-1].history_payments == 1

    async def test_the_same_transaction_with_another_amount_is_refused(
        self, start: Any
    ) -> None:
        async with start() as run:
            body = payment_body()
            await run.score(body)
            refused = await run.score({**body, "amount_minor": 999_999})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "transaction_id"

    async def test_a_refused_request_does_not_use_up_the_key(self, start: Any) -> None:
        async with start() as run:
            body = payment_body()
            refused = await run.score({**body, "amount_minor": -1})
            accepted = await run.score(body)
        assert refused.status_code == 422
        assert accepted.status_code == 200

    async def test_another_name_on_the_same_transaction_is_other_content(
        self, start: Any
    ) -> None:
        async with start() as run:
            body = payment_body()
            await run.score(body)
            refused = await run.score({**body, "customer": {"name": "Someone Else"}})
        assert refused.status_code == 422


class TestOneForm:
    """The same payment in other words is the same payment."""

    async def test_instant_with_another_offset_is_a_repeat(self, start: Any) -> None:
        async with start() as run:
            body = payment_body()
            first = await run.score(body)
            body["occurred_at"] = "2026-03-02T14:00:00+02:00"
            second = await run.score(body)
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.content == second.content

    async def test_other_spellings_of_numbers_are_a_repeat(self, start: Any) -> None:
        pans = ("4111111111111111", "0004111-1111 1111 1111")
        ips = ("203.0.113.7", "::ffff:cb00:7107")
        ibans = ("DE89370400440532013000", "de89 3704 0044 0532 0130 00")
        async with start() as run:
            body = payment_body()
            replies = []
            for pan, ip, iban in zip(pans, ips, ibans, strict=True):
                changed = {
                    "card": {"pan": pan},
                    "device": {"ip": ip},
                    "account_id": iban,
                }
                replies.append(await run.score(body | changed))
        assert [reply.status_code for reply in replies] == [200, 200]
        assert replies[0].content == replies[1].content


REPLAYED, NEW = "replayed", "new"
KEY_USED, TRANSACTION_USED = "Idempotency-Key", "transaction_id"
# After a payment with key K and transaction T: what a request gets that has, in this order,
# which key, which transaction, which content.
AFTER_A_KEY = [
    ("same", "same", "same", REPLAYED),
    ("same", "same", "other", KEY_USED),
    ("same", "other", "same", KEY_USED),
    ("same", "other", "other", KEY_USED),
    ("other", "same", "same", REPLAYED),
    ("other", "same", "other", TRANSACTION_USED),
    ("other", "other", "same", NEW),
    ("other", "other", "other", NEW),
    ("none", "same", "same", REPLAYED),
    ("none", "same", "other", TRANSACTION_USED),
    ("none", "other", "same", NEW),
    ("none", "other", "other", NEW),
    # A key that reads like the transaction's id is a key like any other.
    ("reads like T", "same", "same", REPLAYED),
    ("reads like T", "same", "other", TRANSACTION_USED),
    ("reads like T", "other", "same", NEW),
    ("reads like T", "other", "other", NEW),
]
AFTER_NO_KEY = [row for row in AFTER_A_KEY if row[0] != "same"]
KEYS = {"same": "K", "other": "L", "none": None, "reads like T": "T"}
TRANSACTIONS = {"same": "T", "other": "U"}
AMOUNTS = {"same": 100, "other": 200}


def request(key: str | None, transaction: str, amount: int) -> dict[str, Any]:
    """Arguments of `score`."""
    body = payment_body(transaction_id=transaction, amount_minor=amount)
    headers = {} if key is None else {"Idempotency-Key": key}
    return {"body": body, **headers}


class TestTwoNamespaces:
    @pytest.mark.parametrize(("key", "transaction", "content", "outcome"), AFTER_A_KEY)
    async def test_request_after_a_payment_with_a_key_has_the_declared_outcome(
        self, start: Any, key: str, transaction: str, content: str, outcome: str
    ) -> None:
        await self.check(start, "K", (key, transaction, content), outcome)

    @pytest.mark.parametrize(("key", "transaction", "content", "outcome"), AFTER_NO_KEY)
    async def test_request_after_a_payment_without_key_has_the_declared_outcome(
        self, start: Any, key: str, transaction: str, content: str, outcome: str
    ) -> None:
        await self.check(start, None, (key, transaction, content), outcome)

    async def check(
        self, start: Any, first_key: str | None, then: tuple[str, ...], outcome: str
    ) -> None:
        key, transaction, content = then
        async with start() as run:
            first = await run.score(**request(first_key, "T", 100))
            second = await run.score(
                **request(KEYS[key], TRANSACTIONS[transaction], AMOUNTS[content])
            )
        assert first.status_code == 200
        if outcome in (REPLAYED, NEW):
            assert second.status_code == 200
            assert (second.content == first.content) == (outcome == REPLAYED)
        else:
            assert second.status_code == 422
            assert second.json()["errors"][0]["field"] == outcome
        assert len(run.neighbours.asked) == (2 if outcome == NEW else 1)

    @pytest.mark.parametrize("first_key", ["K", None])
    async def test_key_that_replayed_a_payment_then_brings_another_is_refused(
        self, start: Any, first_key: str | None
    ) -> None:
        async with start() as run:
            first = await run.score(**request(first_key, "T", 100))
            again = await run.score(**request("L", "T", 100))
            refused = await run.score(**request("L", "U", 100))
            third = await run.score(**request("L", "T", 100))
        assert first.content == again.content == third.content
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "Idempotency-Key"

    async def test_transaction_that_reads_like_a_used_key_is_decided(
        self, start: Any
    ) -> None:
        async with start() as run:
            await run.score(**request("U", "T", 100))
            assert (await run.score(**request(None, "U", 200))).status_code == 200

    async def test_key_of_a_refused_transaction_is_free(self, start: Any) -> None:
        async with start() as run:
            await run.score(**request("K", "T", 100))
            refused = await run.score(**request("L", "T", 200))
            accepted = await run.score(**request("L", "U", 200))
        assert (refused.status_code, accepted.status_code) == (422, 200)
