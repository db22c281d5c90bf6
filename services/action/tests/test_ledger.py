import asyncio

import pytest
import sqlalchemy as sa

from fraud_action import tables
from fraud_shared.contracts.cases import CaseQuery
from fraud_shared.web.keys import EVERY_TENANT

EVERYBODYS = (EVERY_TENANT,)

ALL = ("otp_challenge", "payment_hold", "card_block", "alert", "case")


async def count(service, table: sa.Table) -> int:
    async with service.db.read() as conn:
        return await conn.scalar(sa.select(sa.func.count()).select_from(table))


class TestRepeats:
    async def test_repeat_has_the_same_reply_and_does_nothing(self, world, request_for):
        async with world.service() as service:
            first = await service.execute(request_for(*ALL))
            again = await service.execute(request_for(*ALL))
            assert again == first
            for table in (tables.challenges, tables.holds, tables.blocks, tables.cases):
                assert await count(service, table) == 1

    async def test_concurrent_duplicates_in_two_replicas_make_one(
        self, world, request_for
    ):
        async with world.service() as one, world.service() as two:
            replies = await asyncio.gather(
                *(service.execute(request_for(*ALL)) for service in (one, two) * 50)
            )
            assert all(reply == replies[0] for reply in replies)
            assert await count(one, tables.actions) == len(ALL)
            assert await count(one, tables.alerts) == 1

    @pytest.mark.parametrize(
        ("part", "step"),
        [
            ("_ledger", "execute"),  # before anything
            ("_ledger", "_make"),  # between claim and effects
            ("blocks", "project"),  # after the commit
            ("blocks", "_write"),  # in the online store
        ],
    )
    async def test_killed_at_a_step_and_asked_again_makes_one(
        self, world, request_for, monkeypatch, part, step
    ):
        def dies(*given):
            raise asyncio.CancelledError

        async with world.service() as first, world.service() as second:
            monkeypatch.setattr(getattr(first, part), step, dies)
            with pytest.raises(asyncio.CancelledError):
                await first._execute([request_for(*ALL)])
            reply = await second.execute(request_for(*ALL))
            await second.blocks.reconcile()
            assert [result.status for result in reply.results] == ["done"] * len(ALL)
            assert await count(second, tables.actions) == len(ALL)
            for table in (tables.challenges, tables.holds, tables.blocks, tables.cases):
                assert await count(second, table) == 1
            assert await count(second, tables.outgoing) == 2
            assert list(world.online.until) == [("card", "card-1")]

    async def test_a_later_kind_is_added_to_the_same_decision(self, world, request_for):
        async with world.service() as service:
            (case,) = (await service.execute(request_for("case"))).results
            reply = await service.execute(request_for("alert", "case"))
            assert [result.kind for result in reply.results] == ["alert", "case"]
            assert reply.results[1] == case

    async def test_same_kind_twice_in_one_request_is_one_effect(
        self, world, request_for
    ):
        async with world.service() as service:
            reply = await service.execute(request_for("case", "case"))
            assert reply.results[0] == reply.results[1]
            assert await count(service, tables.cases) == 1


class TestFailedEffects:
    async def test_block_without_a_card_is_recorded_as_failed(self, world, request_for):
        async with world.service() as service:
            reply = await service.execute(request_for("card_block", card_token=None))
            assert reply.results[0].status == "failed"
            assert world.online.until == {}

    async def test_reason_with_a_nul_is_stored_without_it(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("case", reason="odd\x00reason"))
            (case,) = (await service.queue.page(CaseQuery(), EVERYBODYS)).items
            assert case.reason == "oddreason"
