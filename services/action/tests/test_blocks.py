import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fraud_features.store.open_store import open_online_store
from fraud_shared.contracts.action import BlockQuestion
from fraud_shared.contracts.casework import BlockQuery, HoldQuery
from fraud_shared.mesh.tokens import Actor
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.factories import make_transaction
from fraud_shared.testing.servers import redis_url
from fraud_shared.web.keys import EVERY_TENANT
from fraud_shared.web.problems import NotFound

ALL = (EVERY_TENANT,)


def by(name):
    return Actor(name, frozenset({"analyst"}), ALL, "bank")


async def listed(service, state):
    return (await service.block_list.page(BlockQuery(state=state), ALL)).items


async def held(service, state):
    return (await service.holds.page(HoldQuery(state=state), ALL)).items


class TestInForce:
    async def test_only_active_blocks_of_what_is_asked(self, world, request_for):
        everything = BlockQuestion(account="acc-1", card="card-1", device="dev-1")
        async with world.service() as service:
            await service.execute(request_for("card_block", "device_block"))
            assert await service.blocks.in_force(everything) == ("card", "device")
            other = BlockQuestion(account="acc-1", card="card-2")
            assert await service.blocks.in_force(other) == ()
            (newest, *_) = await listed(service, "active")
            await service.block_list.remove(newest.block_id, by("test"), "test")
            assert len(await service.blocks.in_force(everything)) == 1
            world.clock.advance(timedelta(days=8))
            assert await service.blocks.in_force(everything) == ()


class TestProjection:
    async def test_is_there_when_the_reply_is(self, world, request_for):
        async with world.service() as service:
            await service.execute(
                request_for("card_block", "account_block", "device_block")
            )
            until = world.clock.now() + timedelta(days=7)
            assert world.online.until == {
                ("card", "card-1"): until,
                ("account", "acc-1"): until,
                ("device", "dev-1"): until,
            }

    async def test_outage_of_the_store_delays_it(self, world, request_for):
        async with world.service() as service:
            world.online.down = True
            reply = await service.execute(request_for("card_block"))
            assert reply.results[0].status == "done"
            world.online.down = False
            assert await service.blocks.project_marked() == 1
            assert ("card", "card-1") in world.online.until
            assert await service.blocks.project_marked() == 0

    async def test_wiped_store_gets_active_blocks_back(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("card_block", "device_block"))
            (first, _) = await listed(service, "active")
            await service.block_list.remove(first.block_id, by("test"), "test")
            before = dict(world.online.until)
            world.online.wipe()
            await service.blocks.reconcile()
            assert world.online.until == before

    async def test_wiped_store_gets_them_back_at_start(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("card_block"))
        world.online.wipe()
        written = asyncio.Event()
        put = world.online.put_block

        async def put_and_notify(*args):
            await put(*args)
            written.set()

        world.online.put_block = put_and_notify
        async with world.http(), asyncio.timeout(5):
            await written.wait()
        assert ("card", "card-1") in world.online.until

    @pytest.mark.parametrize("executor", ["memory", "redis"])
    async def test_the_real_store_blocks_the_payment(
        self, world, request_for, executor
    ):
        # That store compares with the wall clock.
        world.clock = FakeClock(datetime.now(UTC))
        url = "memory://?warm=1" if executor == "memory" else redis_url()
        world.online = open_online_store(url, prefix=world.schema, timeout_ms=2000)
        async with world.service() as service:
            await service.execute(request_for("card_block"))
            payment = make_transaction(card={"token": "card-1"})
            assert (await world.online.observe(payment)).blocked == ("card",)
            (block,) = await listed(service, "active")
            await service.block_list.remove(block.block_id, by("test"), "test")
            payment = make_transaction(card={"token": "card-1"})
            assert (await world.online.observe(payment)).blocked == ()
        await world.online.close()


class TestEnd:
    async def test_release_drops_it(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("card_block"))
            (block,) = await listed(service, "active")
            released = await service.block_list.remove(
                block.block_id, by("analyst"), "test"
            )
            assert (released.state, released.closed_by) == ("released", "analyst")
            assert world.online.until == {}

    async def test_release_during_an_outage_drops_it_later(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("card_block"))
            (block,) = await listed(service, "active")
            world.online.down = True
            await service.block_list.remove(block.block_id, by("analyst"), "test")
            world.online.down = False
            await service.blocks.project_marked()
            assert world.online.until == {}

    async def test_expiry_drops_it(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("card_block"))
            world.clock.advance(timedelta(days=7))
            await service.sweep()
            assert world.online.until == {}
            (block,) = await listed(service, "expired")
            assert block.closed_by == "expiry"

    async def test_the_longer_of_two_blocks_of_a_card_stands(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("card_block"))
            world.clock.advance(timedelta(days=1))
            await service.execute(request_for("card_block", decision_id="d-2"))
            longer = world.clock.now() + timedelta(days=7)
            assert world.online.until["card", "card-1"] == longer
            (newest, oldest) = await listed(service, "active")
            await service.block_list.remove(newest.block_id, by("analyst"), "test")
            assert world.online.until["card", "card-1"] == oldest.expires_at

    async def test_unknown_block_is_not_found(self, world):
        async with world.service() as service:
            with pytest.raises(NotFound):
                await service.block_list.remove("block-none", by("analyst"), "test")


class TestHolds:
    async def test_release_is_repeatable_and_keeps_the_first_name(
        self, world, request_for
    ):
        async with world.service() as service:
            await service.execute(request_for("payment_hold"))
            (hold,) = await held(service, "active")
            first = await service.holds.release(hold.hold_id, by("anna"), "test")
            again = await service.holds.release(hold.hold_id, by("ben"), "test")
            assert first == again
            assert again.closed_by == "anna"

    async def test_hold_runs_out(self, world, request_for):
        async with world.service() as service:
            await service.execute(request_for("payment_hold"))
            world.clock.advance(timedelta(days=3))
            await service.sweep()
            assert await held(service, "active") == []
            assert len(await held(service, "expired")) == 1
