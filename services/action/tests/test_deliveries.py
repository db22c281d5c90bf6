import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from fraud_action import tables
from fraud_action.deliveries import ABANDONED, CAP, pause
from fraud_action.notifications import DeliveryFailed
from fraud_shared.testing.rows import make_row

DAYS = timedelta(days=3)


class TestQueue:
    async def test_alert_goes_out_once(self, world, request_for):
        async with world.service() as one, world.service() as two:
            await one.execute(request_for("alert"))
            await asyncio.gather(one.courier.round(), two.courier.round())
            await one.courier.round()
            (alert,) = world.alerts.sent
            assert alert.data["decision_id"] == "d-1"
            assert alert.data["amount_minor"] == 12_300

    async def test_failed_alert_is_tried_again_later(self, world, request_for):
        world.alerts.failures = 2
        async with world.service() as service:
            await service.execute(request_for("alert"))
            assert await service.courier.round() == 0
            for _ in range(2):
                world.clock.advance(CAP)
                await service.courier.round()
            assert len(world.alerts.sent) == 1

    async def test_sender_that_died_is_replaced_after_its_lease(
        self, world, request_for
    ):
        async with world.service() as service:
            await service.execute(request_for("alert"))

            async def dies(message):
                raise asyncio.CancelledError

            send, world.alerts.send = world.alerts.send, dies
            with pytest.raises(asyncio.CancelledError):
                await service.courier.round()
            world.alerts.send = send
            assert await service.courier.round() == 0
            world.clock.advance(timedelta(seconds=30))
            assert await service.courier.round() == 1

    async def test_wait_that_the_receiver_asks_for_is_granted(self, world, request_for):
        world.alerts.failures = 1
        world.alerts.failure = DeliveryFailed("status_429", retry_after_s=120)
        async with world.service() as service:
            await service.execute(request_for("alert"))
            await service.courier.round()
            world.clock.advance(timedelta(seconds=119))
            assert await service.courier.round() == 0
            world.clock.advance(timedelta(seconds=1))
            assert await service.courier.round() == 1

    async def test_sender_that_hangs_is_cut_off(self, world, request_for):
        async def hangs(message):
            await asyncio.Event().wait()

        world.alerts.send = hangs
        async with world.service(webhook_timeout_s=0.01) as service:
            await service.execute(request_for("alert"))
            assert await service.courier.round() == 0

    async def test_without_a_channel_nothing_waits(self, world, request_for, anna):
        world.senders = {}
        async with world.http() as http:
            body = request_for("alert").model_dump_json()
            await http.post("/execute", content=body)
            found = await http.get("/v1/deliveries?state=pending")
            assert found.json()["items"] == []


class TestOrder:
    async def test_alerts_of_an_account_arrive_once_and_in_order_after_an_outage(
        self, world, request_for
    ):
        """The receiver is away for a minute; other accounts do not wait for one whose
        alert is refused."""
        world.alerts.failures = 20
        async with world.service() as one, world.service() as two:
            for n in range(12):
                account = f"acc-{n % 3}"
                await (one, two)[n % 2].execute(
                    request_for("alert", decision_id=f"d-{n}", account_id=account)
                )
            queue = ("alert", "webhook")
            for _ in range(60):
                await asyncio.gather(one.courier.drain(queue), two.courier.drain(queue))
                world.clock.advance(timedelta(seconds=30))
        sent = [message.data["decision_id"] for message in world.alerts.sent]
        assert sorted(sent) == sorted(f"d-{n}" for n in range(12))
        for account in range(3):
            ours = [int(d[2:]) for d in sent if int(d[2:]) % 3 == account]
            assert ours == sorted(ours)

    async def test_alerts_recorded_together_keep_the_order_of_their_requests(
        self, world, request_for
    ):
        async with world.service() as service:
            await asyncio.gather(
                *(
                    service.execute(request_for("alert", decision_id=f"d-{n}"))
                    for n in range(20)
                )
            )
            await service.courier.drain(("alert", "webhook"))
        sent = [message.data["decision_id"] for message in world.alerts.sent]
        assert sent == [f"d-{n}" for n in range(20)]

    async def test_alert_that_is_refused_holds_up_its_account_alone(
        self, world, request_for
    ):
        world.alerts.failures = 1
        world.alerts.failure = DeliveryFailed("status_400", refused=True)
        async with world.service() as service:
            for n, account in enumerate(("bad", "bad", "good")):
                request = request_for(
                    "alert", decision_id=f"d-{n}", account_id=f"acc-{account}"
                )
                await service.execute(request)
            await service.courier.round()
            sent = [message.data["decision_id"] for message in world.alerts.sent]
        assert sent == ["d-2"]


class TestDeadLetters:
    async def test_refused_message_is_given_up_and_sent_again_by_hand(
        self, world, request_for, anna
    ):
        world.alerts.failures = 3
        world.alerts.failure = DeliveryFailed("status_404", refused=True)
        async with world.service(webhook_attempts=3) as service:
            await service.execute(request_for("alert"))
            for _ in range(3):
                await service.courier.round()
                world.clock.advance(CAP)
            async with world.http() as http:
                (dead,) = (await http.get("/v1/deliveries")).json()["items"]
                assert (dead["state"], dead["problem"]) == ("failed", "status_404")
            again = await service.replay_delivery(dead["delivery_id"], anna)
            assert again.state == "pending"
            assert await service.courier.round() == 1
        assert len(world.alerts.sent) == 1

    async def test_message_of_a_channel_that_is_no_longer_set_is_given_up(
        self, world, request_for
    ):
        async with world.service() as service:
            await service.execute(request_for("alert", "otp_challenge"))
        del world.senders["alert", "webhook"]
        async with world.http() as http:
            (dead,) = (await http.get("/v1/deliveries")).json()["items"]
        assert (dead["kind"], dead["problem"]) == ("alert", "not_configured")

    async def test_only_what_was_given_up_is_sent_again(self, world, request_for, anna):
        async with world.service() as service:
            await service.execute(request_for("alert"))
            await service.courier.round()
        async with world.http() as http:
            found = await http.get("/v1/deliveries?state=delivered")
            (one,) = found.json()["items"]
            refused = await http.post(f"/v1/deliveries/{one['delivery_id']}/replay")
            assert refused.json()["type"] == "urn:fraud:problem:delivery-not-failed"
            assert (await http.post("/v1/deliveries/x/replay")).status_code == 404

    async def test_message_that_finds_nobody_is_tried_for_days(
        self, world, request_for
    ):
        world.alerts.failures = 1000
        async with world.service(webhook_attempts=1) as service:
            await service.execute(request_for("alert"))
            await service.courier.round()
            world.clock.advance(DAYS - timedelta(seconds=1))
            assert await service.courier.round() == 0
            world.clock.advance(CAP)
            assert await service.courier.round() == 1
            world.alerts.failures = 0
            world.clock.advance(CAP)
            assert await service.courier.round() == 0


class TestTheReleaseBefore:
    async def test_what_it_left_unsent_is_sent_once(self, world, request_for):
        """While it may still send it, it is left to it."""
        world.senders = {}
        async with world.service() as service:
            await service.execute(request_for("alert"))
        world.__post_init__()
        async with world.service() as one, world.service() as two:
            async with one.db.begin() as conn:
                alert = await conn.scalar(sa.select(tables.alerts.c.alert_id))
                row = make_row(
                    tables.deliveries,
                    reference=alert,
                    kind="alert",
                    state="pending",
                    next_attempt_at=world.clock.now(),
                )
                await conn.execute(sa.insert(tables.deliveries).values(**row))
            await one.sweep()
            assert await one.courier.round() == 0
            world.clock.advance(ABANDONED)
            await asyncio.gather(one.sweep(), two.sweep())
            await asyncio.gather(one.courier.round(), two.courier.round())
            await one.sweep()
            await one.courier.round()
        assert [message.id for message in world.alerts.sent] == [alert]


class TestOtp:
    async def test_customer_gets_a_code_that_passes(self, world, request_for):
        async with world.service() as service:
            reply = await service.execute(request_for("otp_challenge"))
            await service.courier.round()
            (message,) = world.otp.sent
            code = message.data["code"]
            assert message.text.startswith(f"{code} is your code for 123.00 EUR.")
            state = await service.challenges.verify(
                reply.results[0].reference, ("*",), code
            )
            assert state.status == "passed"

    async def test_code_of_an_expired_challenge_is_not_sent(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("otp_challenge"))
            world.clock.advance(timedelta(minutes=5))
            await service.courier.round()
            assert world.otp.sent == []

    async def test_code_is_not_in_the_repr(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("otp_challenge"))
            await service.courier.round()
        (message,) = world.otp.sent
        assert message.data["code"] not in repr(message)


class TestPause:
    @pytest.mark.parametrize("attempts", [1, 5, 12, 10_000])
    def test_pause_is_bounded(self, attempts):
        assert timedelta(0) < pause(attempts, 0.0) <= pause(attempts, 1.0) <= CAP

    def test_pause_grows_with_attempts(self):
        assert pause(1, 1.0) < pause(4, 1.0) < pause(9, 1.0)
