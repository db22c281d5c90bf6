import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from fraud_action.challenges import ChallengeClosed
from fraud_action.tables import outbox
from fraud_shared.contracts.casework import HoldQuery
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.web.keys import EVERY_TENANT
from fraud_shared.web.problems import NotFound

ALL = (EVERY_TENANT,)


async def challenge(service, request_for, *also: str) -> str:
    reply = await service.execute(request_for("otp_challenge", *also))
    return reply.results[0].reference


async def events(service) -> list[CloudEvent]:
    async with service.db.read() as conn:
        bodies = await conn.scalars(sa.select(outbox.c.body))
        return [CloudEvent.model_validate_json(body) for body in bodies]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


class TestRightCode:
    async def test_passes_and_says_so_once(self, world, request_for):
        async with world.service() as service:
            ref = await challenge(service, request_for)
            code = await service.challenges.code(ref)
            assert (await service.challenges.verify(ref, ALL, code)).status == "passed"
            with pytest.raises(ChallengeClosed):
                await service.challenges.verify(ref, ALL, code)
            (event,) = await events(service)
            assert event.type == "fraud.challenge.resolved.v1"
            assert event.data["outcome"] == "passed"
            assert event.data["transaction_id"] == "tx-of-d-1"

    async def test_racing_right_answers_pass_once(self, world, request_for):
        async with world.service() as one, world.service() as two:
            ref = await challenge(one, request_for)
            code = await one.challenges.code(ref)
            answers = await asyncio.gather(
                *(
                    service.challenges.verify(ref, ALL, code)
                    for service in (one, two) * 5
                ),
                return_exceptions=True,
            )
            assert sum(not isinstance(a, Exception) for a in answers) == 1
            assert len(await events(one)) == 1

    async def test_releases_the_hold_of_its_decision_only(self, world, request_for):
        async with world.service() as service:
            ref = await challenge(service, request_for, "payment_hold")
            await service.execute(request_for("payment_hold", decision_id="d-2"))
            await service.challenges.verify(
                ref, ALL, await service.challenges.code(ref)
            )
            (held,) = (await service.holds.page(HoldQuery(state="active"), ALL)).items
            assert held.decision_id == "d-2"
            (released,) = (
                await service.holds.page(HoldQuery(state="released"), ALL)
            ).items
            assert released.closed_by == "challenge"


class TestWrongCode:
    async def test_leaves_it_pending_with_one_attempt_less(self, world, request_for):
        async with world.service() as service:
            ref = await challenge(service, request_for)
            code = await service.challenges.code(ref)
            state = await service.challenges.verify(ref, ALL, wrong(code))
            assert (state.status, state.attempts_left) == ("pending", 4)
            assert (await service.challenges.verify(ref, ALL, code)).status == "passed"

    async def test_racing_guesses_get_five_attempts_together(self, world, request_for):
        async with world.service() as one, world.service() as two:
            ref = await challenge(one, request_for)
            code = await one.challenges.code(ref)
            answers = await asyncio.gather(
                *(d.challenges.verify(ref, ALL, wrong(code)) for d in (one, two) * 10),
                return_exceptions=True,
            )
            assert sum(not isinstance(a, Exception) for a in answers) == 5
            assert (await one.challenges.state(ref, ALL)).status == "failed"
            assert [e.data["outcome"] for e in await events(one)] == ["failed"]
            with pytest.raises(ChallengeClosed):
                await one.challenges.verify(ref, ALL, code)


class TestExpiry:
    async def test_sweep_ends_it_once(self, world, request_for):
        async with world.service() as one, world.service() as two:
            ref = await challenge(one, request_for)
            world.clock.advance(timedelta(minutes=5))
            await asyncio.gather(one.challenges.expire(), two.challenges.expire())
            assert (await one.challenges.state(ref, ALL)).status == "expired"
            assert [e.data["outcome"] for e in await events(one)] == ["expired"]

    async def test_right_code_too_late_ends_it_before_the_sweep(
        self, world, request_for
    ):
        async with world.service() as service:
            ref = await challenge(service, request_for)
            code = await service.challenges.code(ref)
            world.clock.advance(timedelta(minutes=5))
            with pytest.raises(ChallengeClosed):
                await service.challenges.verify(ref, ALL, code)
            assert (await service.challenges.state(ref, ALL)).status == "expired"
            assert await service.challenges.expire() == 0
            assert len(await events(service)) == 1

    async def test_its_code_is_no_longer_shown(self, world, request_for):
        async with world.service() as service:
            ref = await challenge(service, request_for)
            world.clock.advance(timedelta(minutes=5))
            with pytest.raises(NotFound):
                await service.challenges.code(ref)


class TestKeys:
    async def test_challenge_survives_a_key_rotation(self, world, request_for):
        old, new = "o" * 32, "n" * 32
        async with world.service(otp_key=SecretStr(old)) as service:
            ref = await challenge(service, request_for)
            code = await service.challenges.code(ref)
        async with world.service(
            otp_key=SecretStr(new), otp_previous_key=SecretStr(old)
        ) as service:
            assert (await service.challenges.verify(ref, ALL, code)).status == "passed"

    async def test_totp_challenge_passes(self, world, request_for):
        async with world.service(otp_scheme="totp", otp_digits=8) as service:
            ref = await challenge(service, request_for)
            code = await service.challenges.code(ref)
            world.clock.advance(timedelta(seconds=45))
            assert len(code) == 8
            assert (await service.challenges.verify(ref, ALL, code)).status == "passed"
