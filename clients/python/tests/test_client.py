"""The client against a gateway in memory: what it sends, sends again, and raises."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from fraud_client import (
    NEVER,
    AsyncFraudClient,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    Forbidden,
    FraudClient,
    InvalidInput,
    NotFound,
    RateLimited,
    RetryPolicy,
    Unavailable,
    UnexpectedReply,
    WebhookInvalid,
    aevery,
    every,
    webhooks,
)
from fraud_client.models import row_of
from fraud_client.paths import path, timestamp
from fraud_client.testing import FakeGateway, payment, signed

SECRET = "whsec_" + "c2VjcmV0LW9mLWF0LWxlYXN0LTI0LWJ5dGVz"


def problem(status: int, kind: str, **more: object) -> httpx.Response:
    headers = {"retry-after": "0"} if status in (429, 503) else {}
    body = {"type": f"urn:fraud:problem:{kind}", "status": status, **more}
    return httpx.Response(status, json=body, headers=headers)


class TestScoring:
    def test_a_payment_gets_a_typed_decision(self, client: FraudClient):
        decision = client.payments.score(payment(amount_minor=15_000))
        assert decision.decision == "CHALLENGE"
        assert decision.reasons[0].code == "COST_CHALLENGE"
        assert decision.signals[0].top_features[0].contribution > 0

    def test_a_repeat_gets_the_same_decision(self, client: FraudClient):
        body = payment()
        first, again = client.payments.score(body), client.payments.score(body)
        assert first.decision_id == again.decision_id

    def test_every_attempt_carries_the_same_idempotency_key(
        self, client: FraudClient, gateway: FakeGateway
    ):
        gateway.faults.append(problem(503, "unavailable"))
        client.payments.score(payment(), idempotency_key="order-7")
        keys = [one.headers["idempotency-key"] for one in gateway.requests]
        assert keys == ["order-7", "order-7"]
        ids = {one.headers["x-request-id"] for one in gateway.requests}
        assert len(ids) == 1

    def test_the_gateway_learns_what_is_left_of_the_deadline(
        self, client: FraudClient, gateway: FakeGateway
    ):
        client.payments.score(payment())
        assert 0 < int(gateway.requests[0].headers["x-deadline-ms"]) <= 10_000


class TestReports:
    def test_words_of_schemes_need_no_label_and_count_once(
        self, client: FraudClient, gateway: FakeGateway
    ):
        body = payment()
        client.payments.score(body)
        transaction = body["transaction_id"]
        for status in ("accepted", "duplicate"):
            reply = client.labels.report(transaction, event="tc40", reference="c-1")
            assert reply.status == status
        assert gateway.labels[0]["reference"] == "c-1"
        assert client.labels.get(transaction).source == "issuer"


class TestRetries:
    def test_a_write_that_was_refused_for_want_of_room_is_sent_again(
        self, client: FraudClient, gateway: FakeGateway
    ):
        gateway.faults.append(problem(503, "overloaded"))
        with pytest.raises(NotFound):
            client.cases.note("c-of-nobody", "seen")
        assert len(gateway.requests) == 2

    def test_a_payment_that_is_still_being_decided_is_asked_for_again(
        self, client: FraudClient, gateway: FakeGateway
    ):
        busy = problem(409, "conflict")
        busy.headers["retry-after"] = "0"
        gateway.faults.append(busy)
        assert client.payments.score(payment()).decision_id

    def test_a_write_that_may_be_done_twice_is_not_sent_again(
        self, client: FraudClient, gateway: FakeGateway
    ):
        gateway.faults.append(httpx.ReadError("broken"))
        with pytest.raises(ConnectionFailed):
            client.cases.note("c-1", "seen")
        assert len(gateway.requests) == 1

    def test_a_write_of_which_no_byte_left_is_sent_again(
        self, client: FraudClient, gateway: FakeGateway
    ):
        case = gateway.decided(payment(), "DECLINE") and next(iter(gateway.cases))
        gateway.faults.append(httpx.ConnectError("refused"))
        client.cases.note(case, "seen")
        assert len(gateway.requests) == 2

    def test_attempts_end_and_the_last_refusal_is_raised(
        self, client: FraudClient, gateway: FakeGateway
    ):
        gateway.faults.extend(problem(429, "rate-limited") for _ in range(3))
        with pytest.raises(RateLimited) as raised:
            client.me()
        assert len(gateway.requests) == 3
        assert raised.value.retry_after_s == 0.0

    def test_no_time_left_for_the_pause_ends_the_attempts(self):
        policy = RetryPolicy(attempts=5, draw=lambda: 1.0)
        assert policy.wait_after(1, left_s=0.05) is None
        assert policy.wait_after(1, left_s=9, asked_s=3.0) == 3.0
        assert policy.wait_after(5, left_s=9) is None
        assert NEVER.wait_after(1, left_s=9) is None

    def test_a_timeout_of_a_single_attempt_is_a_spent_deadline(
        self, client: FraudClient, gateway: FakeGateway
    ):
        gateway.faults.append(httpx.ReadTimeout("late"))
        with pytest.raises(DeadlineExceeded):
            client.cases.note("c-1", "seen")


class TestErrors:
    def test_a_refused_field_is_named(self, client: FraudClient, gateway: FakeGateway):
        errors = [{"field": "currency", "problem": "unknown currency"}]
        gateway.faults.append(problem(422, "invalid-input", errors=errors))
        with pytest.raises(InvalidInput) as raised:
            client.payments.score(payment())
        assert raised.value.type == "invalid-input"
        assert raised.value.errors[0].field == "currency"

    def test_a_key_without_the_scope_is_forbidden(self, gateway: FakeGateway):
        key = gateway.key("reader", ["read"])
        made = FraudClient("http://gateway", key, transport=gateway.transport())
        with made as reader, pytest.raises(Forbidden):
            reader.cases.list()

    def test_an_unknown_decision_is_not_found(self, client: FraudClient):
        with pytest.raises(NotFound):
            client.decisions.get("d-none")

    def test_a_service_that_is_down_is_unavailable(
        self, client: FraudClient, gateway: FakeGateway
    ):
        gateway.down.add("action")
        with pytest.raises(Unavailable) as raised:
            client.cases.list()
        assert "action" in raised.value.detail

    def test_a_body_that_is_no_problem_is_still_an_error(
        self, client: FraudClient, gateway: FakeGateway
    ):
        gateway.faults.append(httpx.Response(403, text="<html>proxy</html>"))
        with pytest.raises(Forbidden):
            client.me()

    def test_a_reply_of_another_shape_is_unexpected(
        self, client: FraudClient, gateway: FakeGateway
    ):
        gateway.faults.append(httpx.Response(200, json={"who": "?"}))
        with pytest.raises(UnexpectedReply):
            client.me()


class TestPages:
    def test_every_item_comes_over_all_pages(
        self, client: FraudClient, gateway: FakeGateway
    ):
        for number in range(7):
            gateway.decided(payment(account_id=f"acc-{number}"), "DECLINE")
        first = client.decisions.list(limit=3)
        assert len(first) == 3
        assert first.next_cursor == "3"
        assert [row.account_id for row in every(client.decisions.list, limit=3)] == [
            f"acc-{number}" for number in reversed(range(7))
        ]

    def test_an_export_brings_whole_records_page_by_page(
        self, client: FraudClient, gateway: FakeGateway
    ):
        for number in range(3):
            gateway.decided(payment(device={"device_id": f"dev-{number}"}), "APPROVE")
        page = client.decisions.export(limit=2)
        assert page.next_cursor == "2"
        assert page.items[0].transaction["device"] == {"device_id": "dev-2"}
        assert row_of(page.items[0]).device_id == "dev-2"
        rest = client.decisions.export(limit=2, cursor=page.next_cursor)
        assert (len(rest), rest.next_cursor) == (1, None)

    def test_a_plain_list_is_one_page(self, client: FraudClient, gateway: FakeGateway):
        gateway.faults.append(httpx.Response(200, json=[{"case_id": "c-1"}]))
        page = client.cases.list()
        assert [case.case_id for case in page] == ["c-1"]
        assert page.next_cursor is None


class TestIdentifiers:
    def test_an_identifier_stays_one_segment_of_the_path(self):
        assert path("/v1/cases/{}", "../admin?x") == "/v1/cases/..%2Fadmin%3Fx"

    def test_a_time_without_offset_is_refused(self):
        with pytest.raises(ValueError, match="offset"):
            timestamp(datetime(2026, 1, 1))  # noqa: DTZ001


class TestAsync:
    async def test_the_asynchronous_client_does_the_same(self, gateway: FakeGateway):
        key = gateway.key("shop", ["score", "analyst"])
        transport = gateway.transport()
        async with AsyncFraudClient(
            "http://gateway", key, transport=transport
        ) as client:
            await client.payments.score(payment(amount_minor=200_000))
            cases = [case async for case in aevery(client.cases.list, limit=1)]
            await client.cases.resolve(cases[0].case_id, "fraud")
        assert gateway.labels[0]["label"] == "fraud"

    def test_the_synchronous_client_is_generated_from_it(self):
        script = Path(__file__).parents[1] / "unasync.py"
        done = subprocess.run([sys.executable, str(script), "--check"], check=False)
        assert done.returncode == 0


class TestWebhooks:
    def test_a_signed_message_is_verified_and_read(self):
        headers, body = signed(SECRET, {"type": "challenge.resolved"})
        found = webhooks.verify(["whsec_b3RoZXI=", SECRET], headers, body)
        assert found == {"type": "challenge.resolved"}

    def test_a_changed_body_is_refused(self):
        headers, body = signed(SECRET, {"amount": 1})
        with pytest.raises(WebhookInvalid):
            webhooks.verify(SECRET, headers, body.replace(b"1", b"2"))

    def test_an_old_message_is_refused(self):
        sent_at = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
        headers, body = signed(SECRET, {"a": 1}, sent_at=sent_at)
        with pytest.raises(WebhookInvalid):
            webhooks.verify(SECRET, headers, body)


class TestTwoPeople:
    def test_a_promotion_needs_another_key(
        self, client: FraudClient, gateway: FakeGateway
    ):
        draft = client.rulesets.create("rules: []", "tidy")
        assert client.rulesets.promote(draft.version, "tidy").outcome == "asked"
        with pytest.raises(Conflict):
            client.rulesets.promote(draft.version, "tidy")
        key = gateway.key("second", ["rules"])
        with FraudClient("http://g", key, transport=gateway.transport()) as second:
            second.rulesets.promote(draft.version, "checked")
        assert client.rulesets.get(draft.version).state == "live"
