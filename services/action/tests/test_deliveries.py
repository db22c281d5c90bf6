import asyncio
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from fraud_action.deliveries import CAP, Senders, pause
from fraud_action.webhook import (
    SIGNATURE,
    DeliveryFailed,
    OtpMessage,
    Webhook,
    WebhookAlerts,
    signature,
)
from fraud_shared.testing.fakes import FakeTransport

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class TestQueue:
    async def test_alert_goes_out_once(self, world, request_for):
        async with world.service() as one, world.service() as two:
            await one.execute(request_for("alert"))
            await asyncio.gather(one.courier.round(), two.courier.round())
            await one.courier.round()
            (alert,) = world.alerts.sent
            assert alert["decision_id"] == "d-1"
            assert alert["amount_minor"] == 12_300

    async def test_refused_alert_is_tried_again_later(self, world, request_for):
        world.alerts.refusals = 2
        async with world.service() as service:
            await service.execute(request_for("alert"))
            assert await service.courier.round() == 0
            for _ in range(2):
                world.clock.advance(CAP)
                await service.courier.round()
            assert len(world.alerts.sent) == 1

    async def test_it_is_given_up_after_the_last_attempt(self, world, request_for):
        world.alerts.refusals = 3
        async with world.service(webhook_attempts=3) as service:
            await service.execute(request_for("alert"))
            for _ in range(5):
                await service.courier.round()
                world.clock.advance(CAP)
            assert world.alerts.refusals == 0
            assert world.alerts.sent == []

    async def test_sender_that_died_is_replaced_after_its_lease(
        self, world, request_for
    ):
        async with world.service() as service:
            await service.execute(request_for("alert"))

            async def dies(alert_id, alert):
                raise asyncio.CancelledError

            send, world.alerts.send = world.alerts.send, dies
            with pytest.raises(asyncio.CancelledError):
                await service.courier.round()
            world.alerts.send = send
            assert await service.courier.round() == 0
            world.clock.advance(timedelta(seconds=30))
            assert await service.courier.round() == 1


class TestOtp:
    async def test_customer_gets_a_code_that_passes(self, world, request_for):
        async with world.service() as service:
            reply = await service.execute(request_for("otp_challenge"))
            await service.courier.round()
            (message,) = world.otp.sent
            state = await service.challenges.verify(
                reply.results[0].reference, ("*",), message.code
            )
            assert state.status == "passed"

    async def test_code_of_an_expired_challenge_is_not_sent(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("otp_challenge"))
            world.clock.advance(timedelta(minutes=5))
            await service.courier.round()
            assert world.otp.sent == []

    def test_code_is_not_in_the_repr(self):
        message = OtpMessage("otp-1", "acc-1", "tx-1", NOW, code="123456")
        assert "123456" not in repr(message)


class TestUnconfigured:
    async def test_alert_without_a_webhook_stays_stored(self, world, request_for):
        world.alerts = None
        async with world.service() as service:
            await service.execute(request_for("alert"))
            assert await service.courier.round() == 0

    def test_senders_may_be_absent(self):
        assert Senders(alert=None, otp=None).alert is None


class TestWebhook:
    async def test_body_is_signed_with_its_time(self):
        seen = []

        async def receive(path: str, body: bytes) -> tuple[int, bytes]:
            seen.append(body)
            return 204, b""

        transport = FakeTransport({"alert": receive})
        webhook = Webhook("alert", transport, b"secret", lambda: NOW, 1.0)
        await WebhookAlerts(webhook).send("alert-1", {"decision_id": "d-1"})
        header = transport.headers[0][SIGNATURE]
        at, _, given = header.removeprefix("t=").partition(",v1=")
        expected = hmac.new(b"secret", at.encode() + b"." + seen[0], hashlib.sha256)
        assert given == expected.hexdigest()
        assert int(at) == int(NOW.timestamp())
        assert json.loads(seen[0]) == {"kind": "alert", "decision_id": "d-1"}

    def test_another_body_has_another_signature(self):
        assert signature(b"k", NOW, b"a") != signature(b"k", NOW, b"b")

    async def test_answer_other_than_2xx_is_a_failure(self):
        async def refuse(path: str, body: bytes) -> tuple[int, bytes]:
            return 302, b""

        webhook = Webhook("x", FakeTransport({"x": refuse}), b"s", lambda: NOW, 1.0)
        with pytest.raises(DeliveryFailed, match="status_302"):
            await webhook.post("id", {})

    async def test_no_connection_is_a_failure(self):
        webhook = Webhook("x", FakeTransport({}), b"s", lambda: NOW, 1.0)
        with pytest.raises(DeliveryFailed, match="unreachable"):
            await webhook.post("id", {})


class TestPause:
    @pytest.mark.parametrize("attempts", [1, 5, 12, 10_000])
    def test_pause_is_bounded(self, attempts):
        assert timedelta(0) < pause(attempts, 0.0) <= pause(attempts, 1.0) <= CAP

    def test_pause_grows_with_attempts(self):
        assert pause(1, 1.0) < pause(4, 1.0) < pause(9, 1.0)
