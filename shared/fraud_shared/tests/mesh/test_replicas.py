"""The choice between the addresses of a service, and the hedge's delay and budget."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fraud_shared.mesh.hedging import HedgeDelay, RetryBudget
from fraud_shared.mesh.replicas import BULKHEAD, Replica, ReplicaSet
from fraud_shared.testing.clocks import FakeClock

SILENT_S = 0.01


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def pick(replicas: ReplicaSet, excluding: Replica | None = None) -> Replica | str:
    return replicas.pick(silent_after_s=SILENT_S, excluding=excluding)


def eject(replica: Replica) -> None:
    for _ in range(5):
        replica.breaker.failed()


class TestPick:
    def test_idle_addresses_take_turns(self, clock: FakeClock) -> None:
        replicas = ReplicaSet(3, clock.monotonic)
        picked = [pick(replicas) for _ in range(6)]
        assert all(picked.count(replica) == 2 for replica in replicas)

    def test_the_one_with_fewest_calls_is_next(self, clock: FakeClock) -> None:
        replicas = ReplicaSet(2, clock.monotonic)
        for _ in range(3):
            replicas[0].begin()
        assert [pick(replicas) for _ in range(4)] == [replicas[1]] * 4

    def test_a_silent_one_gets_no_more_calls(self, clock: FakeClock) -> None:
        replicas = ReplicaSet(2, clock.monotonic)
        replicas[0].begin()
        clock.advance(timedelta(seconds=2 * SILENT_S))
        for _ in range(10):
            replicas[1].begin()
        assert pick(replicas) is replicas[1]

    def test_an_ejected_one_gets_none(self, clock: FakeClock) -> None:
        replicas = ReplicaSet(2, clock.monotonic)
        eject(replicas[0])
        clock.advance(timedelta(seconds=1))  # its probe is due, and no call's business
        assert [pick(replicas) for _ in range(4)] == [replicas[1]] * 4

    def test_all_ejected_is_open_until_a_probe_is_due(self, clock: FakeClock) -> None:
        replicas = ReplicaSet(2, clock.monotonic)
        for replica in replicas:
            eject(replica)
        assert replicas.all_ejected
        assert pick(replicas) == "open"
        clock.advance(timedelta(milliseconds=250))
        assert {pick(replicas), pick(replicas)} == set(replicas)
        assert pick(replicas) == "open"

    def test_full_ones_are_full(self, clock: FakeClock) -> None:
        replicas = ReplicaSet(2, clock.monotonic)
        for replica in replicas:
            for _ in range(BULKHEAD):
                replica.begin()
        assert pick(replicas) == "full"

    def test_the_excluded_one_is_not_picked(self, clock: FakeClock) -> None:
        replicas = ReplicaSet(2, clock.monotonic)
        assert pick(replicas, replicas[0]) is replicas[1]
        assert pick(ReplicaSet(1, clock.monotonic)) != "open"
        single = ReplicaSet(1, clock.monotonic)
        assert pick(single, single[0]) == "open"


class AnyHistory(RuleBasedStateMachine):
    """Calls are made, answered, lost or given up while addresses die and return."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.replicas = ReplicaSet(3, self.clock.monotonic)
        self.calls: list[tuple[Replica, int]] = []

    @rule(excluded=st.none() | st.integers(0, 2))
    def call(self, excluded: int | None) -> None:
        without = None if excluded is None else self.replicas[excluded]
        others = [r for r in self.replicas if r is not without]
        in_service = [r for r in others if r.breaker.state == "closed" and not r.full]
        picked = pick(self.replicas, without)
        assert picked is not without
        if in_service:
            # Whatever the others do, one in service takes the call.
            assert picked in in_service
            assert isinstance(picked, Replica)
            quiet = [r for r in in_service if r.silent_s() <= SILENT_S]
            assert picked in (quiet or in_service)
            least = min(r.in_flight for r in quiet or in_service)
            assert picked.in_flight == least
        if isinstance(picked, Replica):
            assert picked.breaker.state != "open"
            assert not picked.full
            self.calls.append((picked, picked.begin()))

    @precondition(lambda self: self.calls)
    @rule(data=st.data(), failed=st.sampled_from([True, False, None]))
    def end(self, data: st.DataObject, failed: bool | None) -> None:
        replica, number = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        replica.end(number)
        if failed is None:
            replica.breaker.abandoned()
        elif failed:
            replica.breaker.failed()
        else:
            replica.breaker.succeeded()

    @rule()
    def probe(self) -> None:
        probed = self.replicas.due_probe(excluding=None)
        if probed is not None:
            assert probed.breaker.state == "half_open"
            # One at a time: nobody else gets this address now.
            assert self.replicas.due_probe(excluding=None) is not probed
            self.calls.append((probed, probed.begin()))

    @rule(ms=st.sampled_from([1, 9, 11, 250, 2000]))
    def time_passes(self, ms: int) -> None:
        self.clock.advance(timedelta(milliseconds=ms))

    @invariant()
    def calls_are_counted_where_they_are(self) -> None:
        for replica in self.replicas:
            mine = sum(1 for at, _ in self.calls if at is replica)
            assert replica.in_flight == mine <= BULKHEAD


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None
)


class TestHedgeDelay:
    def test_follows_the_ninety_fifth_percentile(self) -> None:
        delay = HedgeDelay()
        for at in range(4000):
            # 0.01 to 20 ms, spread evenly in a fixed order.
            delay.answered((at * 7919 % 2000 + 1) / 100)
        assert 17 < delay.ms() < 20.5

    def test_leaves_the_second_as_long_as_the_first(self) -> None:
        assert HedgeDelay().ms(8.0) == 4.0

    @given(st.lists(st.floats(0, 1e6), max_size=200))
    def test_stays_within_its_bounds(self, times: list[float]) -> None:
        delay = HedgeDelay()
        for ms in times:
            delay.answered(ms)
        assert HedgeDelay.LEAST_MS <= delay.ms() <= HedgeDelay.MOST_MS


class TestRetryBudget:
    @given(st.lists(st.booleans(), max_size=400))
    def test_is_a_tenth_of_the_calls_beyond_the_first_few(
        self, wants: list[bool]
    ) -> None:
        budget = RetryBudget()
        hedged = 0
        for calls, wanted in enumerate(wants, 1):
            budget.called()
            hedged += wanted and budget.take()
            assert hedged <= RetryBudget.MOST + calls * RetryBudget.PER_CALL

    def test_grows_back_one_in_ten_calls(self) -> None:
        budget = RetryBudget()
        while budget.take():
            pass
        taken = []
        for _ in range(30):
            budget.called()
            taken.append(budget.take())
        assert taken.count(True) == 3
