"""Payments of batches yield to payments that come alone."""

import asyncio

from fraud_orchestrator.batch_lane import BatchLane


class Work:
    """Items of a batch that are decided when a test says so."""

    def __init__(self, lane: BatchLane) -> None:
        self.lane = lane
        self.order: list[int] = []
        self.busy = 0
        self.go = asyncio.Semaphore(0)
        self.tasks: list[asyncio.Task[None]] = []

    def add(self, count: int) -> None:
        first = len(self.tasks)
        for n in range(first, first + count):
            self.tasks.append(asyncio.create_task(self._item(n)))

    async def _item(self, n: int) -> None:
        async with self.lane.slot():
            self.order.append(n)
            self.busy += 1
            await self.go.acquire()
            self.busy -= 1

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def finish(self, count: int) -> None:
        for _ in range(count):
            self.go.release()
        await self.settle()


class TestBatchLane:
    async def test_lane_alone_uses_every_slot_in_order(self) -> None:
        work = Work(BatchLane(3))
        work.add(7)
        await work.settle()
        assert work.busy == 3
        await work.finish(7)
        assert work.order == list(range(7))
        assert work.busy == 0

    async def test_lane_beside_a_single_payment_uses_one_slot(self) -> None:
        lane = BatchLane(3)
        work = Work(lane)
        work.add(8)
        await work.settle()
        with lane.single():
            await work.finish(3)
            assert work.busy == 1
            await work.finish(1)
            assert work.busy == 1
        await work.settle()
        assert work.busy == 3
        await work.finish(8)
        assert len(work.order) == 8

    async def test_lane_gives_back_the_slot_of_who_gave_up(self) -> None:
        work = Work(BatchLane(1))
        work.add(4)
        await work.settle()
        work.tasks[1].cancel()  # waits
        await work.settle()
        work.go.release()
        work.tasks[2].cancel()  # waits, or has just got its turn
        await work.settle()
        assert work.order == [0, 3]
        await work.finish(1)
        assert work.busy == 0
