"""The adaptive limit alone, and in front of a machine that is simulated."""

import heapq
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_shared.web.limit import AdaptiveLimit

BUDGET_S = 0.150
TARGET = 0.4


@dataclass
class Time:
    """A clock that tests set."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def new_limit(clock: Time, *, first: int = 32, least: int = 4, most: int = 64):
    return AdaptiveLimit(
        first=first, least=least, most=most, target=TARGET, monotonic=clock
    )


def window(limit: AdaptiveLimit, clock: Time, share: float, busy: int) -> None:
    """One whole window in which `busy` were under way and used `share` of their time."""
    limit.admits(busy - 1, own=0, clients=1)
    clock.now += AdaptiveLimit.WINDOW_S
    for _ in range(AdaptiveLimit.SAMPLES):
        limit.finished(share)


class TestRules:
    def test_late_requests_lower_the_limit_below_what_was_under_way(self) -> None:
        clock = Time()
        limit = new_limit(clock)
        window(limit, clock, share=0.8, busy=16)
        assert limit.places == 11  # by 0.7, the most at once

    def test_quick_requests_raise_only_a_limit_that_was_reached(self) -> None:
        clock = Time()
        limit = new_limit(clock, first=8)
        window(limit, clock, share=0.1, busy=5)
        assert limit.places == 8
        window(limit, clock, share=0.1, busy=8)
        assert limit.places == 9

    def test_one_slow_request_in_twenty_changes_nothing(self) -> None:
        clock = Time()
        limit = new_limit(clock)
        limit.admits(20, own=20, clients=1)
        clock.now += 1.0
        for number in range(AdaptiveLimit.SAMPLES):
            limit.finished(5.0 if number == 3 else 0.1)
        assert limit.places == 32

    def test_a_client_below_its_part_is_taken_when_a_flood_fills_all(self) -> None:
        limit = new_limit(Time(), first=8)
        assert not limit.admits(8, own=8, clients=1)
        assert limit.admits(8, own=0, clients=2)
        assert limit.admits(11, own=3, clients=2)
        assert not limit.admits(12, own=4, clients=2)

    @given(
        st.lists(
            st.tuples(st.floats(0.0, 50.0), st.integers(1, 200), st.floats(0.0, 3.0)),
            max_size=60,
        )
    )
    def test_the_limit_never_leaves_its_bounds(
        self, history: list[tuple[float, int, float]]
    ) -> None:
        clock = Time()
        limit = new_limit(clock)
        for share, busy, pause in history:
            limit.admits(busy, own=busy, clients=1)
            clock.now += pause
            for _ in range(25):
                limit.finished(share)
            assert 4 <= limit.places <= 64

    @given(st.lists(st.integers(0, 5), max_size=300), st.integers(1, 30))
    def test_no_order_of_clients_puts_twice_the_limit_under_way(
        self, arrivals: list[int], first: int
    ) -> None:
        limit = new_limit(Time(), first=first, least=1)
        under_way: dict[int, int] = {}
        for client in arrivals:
            busy, own = sum(under_way.values()), under_way.get(client, 0)
            clients = len(under_way) + (own == 0)
            if limit.admits(busy, own=own, clients=clients):
                under_way[client] = own + 1
            assert sum(under_way.values()) <= 2 * first


@dataclass
class Machine:
    """Cores shared by all jobs under way (processor sharing), a limit in front of it.

    A job needs `work_s` of one core on average, exponentially spread about half of it.
    """

    limit: AdaptiveLimit
    clock: Time
    work_s: float
    cores: int = 2
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    # When a job's work will be done, on a clock that runs as fast as each job is served.
    jobs: list[tuple[float, float]] = field(default_factory=list)
    served: float = 0.0
    used: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def capacity(self) -> float:
        """Jobs a second."""
        return self.cores / self.work_s

    def run(self, rate: float, seconds: float) -> None:
        """Arrivals at random, `rate` a second."""
        end = self.clock.now + seconds
        while (at := self.clock.now + self.chance.expovariate(rate)) < end:
            self._until(at)
            busy = len(self.jobs)
            if self.limit.admits(busy, own=busy, clients=1):
                work = self.work_s * (0.5 + self.chance.expovariate(2.0))
                heapq.heappush(self.jobs, (self.served + work, at))
            else:
                self.refused += 1
        self._until(end)

    def _until(self, at: float) -> None:
        while self.jobs:
            speed = min(1.0, self.cores / len(self.jobs))
            done = self.clock.now + (self.jobs[0][0] - self.served) / speed
            if done > at:
                self.served += (at - self.clock.now) * speed
                break
            self.clock.now, (self.served, began) = done, heapq.heappop(self.jobs)
            self.used.append((done - began) / BUDGET_S)
            self.limit.finished(self.used[-1])
        self.clock.now = at

    def measured(self, rate: float, seconds: float) -> tuple[float, float, int]:
        """Answers a second in time as a share of the capacity, the 99th percentile of the
        budget used, refusals."""
        self.used, self.refused = [], 0
        self.run(rate, seconds)
        good = sum(share <= 1.0 for share in self.used)
        worst = sorted(self.used)[int(len(self.used) * 0.99)]
        return good / seconds / self.capacity, worst, self.refused


@pytest.mark.parametrize("work_s", [0.003, 0.01, 0.025])
@pytest.mark.parametrize("factor", [2.0, 5.0])
class TestSimulatedOverload:
    def test_the_work_of_a_full_machine_is_done_and_in_time(
        self, work_s: float, factor: float
    ) -> None:
        clock = Time()
        machine = Machine(new_limit(clock), clock, work_s)
        machine.run(machine.capacity * factor, 2.0)
        goodput, used, _ = machine.measured(machine.capacity * factor, 20.0)
        assert goodput >= 0.9
        assert used <= 1.0

    def test_half_the_load_afterwards_is_taken_and_quick(
        self, work_s: float, factor: float
    ) -> None:
        clock = Time()
        machine = Machine(new_limit(clock), clock, work_s)
        machine.run(machine.capacity * factor, 10.0)
        machine.run(machine.capacity / 2, 1.0)
        _, used, refused = machine.measured(machine.capacity / 2, 10.0)
        assert refused <= 0.06 * machine.capacity * 5
        assert used <= 1.0


def test_without_a_limit_the_simulated_machine_answers_late() -> None:
    clock = Time()
    limit = new_limit(clock, first=64, least=64)
    machine = Machine(limit, clock, 0.01)
    machine.run(machine.capacity * 2, 2.0)
    goodput, used, _ = machine.measured(machine.capacity * 2, 10.0)
    assert used > 1.5
    assert goodput < 0.9
