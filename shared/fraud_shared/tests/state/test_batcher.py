"""Grouping: what arrives during one batch forms the next."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from fraud_shared.state.batcher import Batcher
from fraud_shared.testing.clocks import FakeClock


class Work:
    """Doubles numbers; negative ones fail, 99 fails its whole batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, items: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(items))
        await self.gate.wait()
        if 99 in items:
            raise OSError("store is gone")
        return [ValueError(str(i)) if i < 0 else i * 2 for i in items]


@pytest.fixture
def work() -> Work:
    return Work()


async def started(batcher: Batcher[int, int], *items: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(batcher.submit(item)) for item in items]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


class TestGrouping:
    async def test_a_lone_item_does_not_wait(self, work: Work) -> None:
        async with asyncio.timeout(1):
            assert await Batcher(work).submit(4) == 8

    async def test_each_gets_its_own_result(self, work: Work) -> None:
        batcher = Batcher(work)
        results = await asyncio.gather(*(batcher.submit(i) for i in range(90)))
        assert results == [i * 2 for i in range(90)]

    async def test_what_arrives_meanwhile_is_the_next_batch(self, work: Work) -> None:
        batcher = Batcher(work)
        work.gate.clear()
        tasks = await started(batcher, 1)
        tasks += await started(batcher, 2, 3, 4)
        assert work.batches == [[1]]
        work.gate.set()
        await asyncio.gather(*tasks)
        assert work.batches == [[1], [2, 3, 4]]

    async def test_no_batch_is_larger_than_allowed(self, work: Work) -> None:
        batcher = Batcher(work, largest=8)
        await asyncio.gather(*(batcher.submit(i) for i in range(50)))
        assert max(map(len, work.batches)) == 8
        assert sorted(i for batch in work.batches for i in batch) == list(range(50))

    async def test_works_again_after_a_pause(self, work: Work) -> None:
        batcher = Batcher(work)
        assert await batcher.submit(1) == 2
        await asyncio.sleep(0)
        assert await batcher.submit(2) == 4


class TestErrors:
    async def test_of_one_item_is_its_own(self, work: Work) -> None:
        batcher = Batcher(work)
        good, bad = await asyncio.gather(
            batcher.submit(1), batcher.submit(-1), return_exceptions=True
        )
        assert good == 2
        assert isinstance(bad, ValueError)

    async def test_of_the_batch_is_everybodys_and_the_next_goes_on(
        self, work: Work
    ) -> None:
        batcher = Batcher(work, largest=2)
        results = await asyncio.gather(
            *(batcher.submit(i) for i in (99, 1, 2, 3)), return_exceptions=True
        )
        assert [isinstance(r, OSError) for r in results] == [True, True, False, False]

    @pytest.mark.parametrize("length", [0, 1, 3])
    async def test_a_wrong_number_of_results_leaves_nobody_waiting(
        self, length: int
    ) -> None:
        async def wrong(items: Sequence[int]) -> list[int]:
            return [0] * length

        batcher = Batcher(wrong)
        async with asyncio.timeout(1):
            results = await asyncio.gather(
                batcher.submit(1), batcher.submit(2), return_exceptions=True
            )
        assert [type(result) for result in results] == [RuntimeError] * 2


class TestCancelledCaller:
    async def test_does_not_disturb_the_others(self, work: Work) -> None:
        batcher = Batcher(work)
        work.gate.clear()
        first, second, third = await started(batcher, 1, 2, 3)
        second.cancel()
        work.gate.set()
        assert await first == 2
        assert await third == 6
        assert second.cancelled() or second.cancelling()

    async def test_work_under_way_is_done_all_the_same(self, work: Work) -> None:
        batcher = Batcher(work)
        work.gate.clear()
        (only,) = await started(batcher, 1)
        only.cancel()
        await asyncio.gather(only, return_exceptions=True)
        work.gate.set()
        assert await batcher.submit(2) == 4
        assert work.batches == [[1], [2]]

    async def test_work_that_is_cancelled_cancels_its_callers(self) -> None:
        async def cancelled(items: Sequence[int]) -> list[int]:
            raise asyncio.CancelledError

        batcher = Batcher(cancelled)
        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await asyncio.create_task(batcher.submit(1))


class TestStalledWork:
    """A batch that does not come back holds up nobody who came later."""

    async def test_a_later_item_is_worked_on_beside_it(self) -> None:
        stuck, done = asyncio.Event(), []

        async def work(items: Sequence[int]) -> list[int]:
            if 1 in items:
                await stuck.wait()
            done.extend(items)
            return list(items)

        batcher = Batcher(work, stalled_after_s=0.02)
        first, later = await started(batcher, 1), await started(batcher, 2, 3)
        async with asyncio.timeout(5):
            assert await asyncio.gather(*later) == [2, 3]
            assert await batcher.submit(4) == 4
        assert done == [2, 3, 4]
        stuck.set()
        assert await asyncio.gather(*first) == [1]

    async def test_no_more_batches_than_allowed_are_under_way(self) -> None:
        stuck, begun = asyncio.Event(), []

        async def work(items: Sequence[int]) -> list[int]:
            begun.append(list(items))
            await stuck.wait()
            return list(items)

        batcher = Batcher(work, largest=1, stalled_after_s=0.001, at_once=3)
        tasks = await started(batcher, *range(8))
        async with asyncio.timeout(5):
            while len(begun) < 3:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        assert len(begun) == 3
        stuck.set()
        assert await asyncio.gather(*tasks) == list(range(8))

    async def test_an_item_whose_caller_has_gone_is_not_worked_on(
        self, work: Work
    ) -> None:
        batcher = Batcher(work)
        work.gate.clear()
        first = await started(batcher, 1)
        gone, stays = await started(batcher, 2, 3)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        work.gate.set()
        await asyncio.gather(*first, stays)
        assert work.batches == [[1], [3]]


class TestLingering:
    """Waiting for company pays only where company is to be expected."""

    async def test_a_lone_item_does_not_wait(self) -> None:
        batcher, clock, sizes = lingering()
        for _ in range(5):
            clock.advance(timedelta(seconds=1))
            async with asyncio.timeout(0.5):
                await batcher.submit(1)
        assert sizes == [1] * 5

    async def test_items_that_come_thick_share_a_batch(self) -> None:
        batcher, clock, sizes = lingering()
        tasks = []
        for _ in range(30):
            clock.advance(timedelta(milliseconds=1))
            tasks.append(asyncio.create_task(batcher.submit(1)))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        assert sum(sizes) == 30
        assert len(sizes) <= 3

    async def test_after_a_pause_nobody_is_expected(self) -> None:
        batcher, clock, sizes = lingering()
        tasks = [asyncio.create_task(batcher.submit(1)) for _ in range(10)]
        await asyncio.gather(*tasks)
        clock.advance(timedelta(minutes=1))
        sizes.clear()
        await batcher.submit(1)
        assert sizes == [1]


def lingering() -> tuple[Batcher[int, int], FakeClock, list[int]]:
    sizes: list[int] = []

    async def work(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        return list(items)

    clock = FakeClock()
    batcher = Batcher(work, linger_s=0.05, monotonic=clock.monotonic)
    return batcher, clock, sizes
