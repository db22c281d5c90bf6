"""The breaker, against a plain description of what it should do."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fraud_shared.mesh.breaker import Breaker
from fraud_shared.testing.clocks import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def opened(clock: FakeClock) -> Breaker:
    breaker = Breaker(clock.monotonic)
    for _ in range(5):
        breaker.failed()
    return breaker


def wait(clock: FakeClock, ms: float) -> None:
    clock.advance(timedelta(milliseconds=ms))


class TestOpening:
    def test_after_five_failures_in_a_row(self, clock: FakeClock) -> None:
        breaker = Breaker(clock.monotonic)
        for _ in range(4):
            breaker.failed()
        assert breaker.state == "closed"
        breaker.failed()
        assert breaker.state == "open"
        assert not breaker.allow()

    def test_not_when_successes_lie_between(self, clock: FakeClock) -> None:
        breaker = Breaker(clock.monotonic)
        for _ in range(50):
            for _ in range(4):
                breaker.failed()
            for _ in range(9):
                breaker.succeeded()
        assert breaker.state == "closed"

    def test_at_half_of_twenty_within_two_seconds(self, clock: FakeClock) -> None:
        breaker = Breaker(clock.monotonic)
        for _ in range(9):
            breaker.succeeded()
            breaker.failed()
        breaker.succeeded()
        assert breaker.state == "closed"
        breaker.failed()
        assert breaker.state == "open"

    def test_not_for_failures_long_past(self, clock: FakeClock) -> None:
        breaker = Breaker(clock.monotonic)
        for _ in range(12):
            breaker.succeeded()
            breaker.failed()
            wait(clock, 250)
        assert breaker.state == "closed"


class TestOpen:
    def test_for_a_quarter_of_a_second_first(self, clock: FakeClock) -> None:
        breaker = opened(clock)
        wait(clock, 249)
        assert not breaker.allow()
        wait(clock, 1)
        assert breaker.state == "half_open"
        assert breaker.allow()

    def test_then_doubling_to_one_second(self, clock: FakeClock) -> None:
        breaker = opened(clock)
        for longest in (250, 500, 1000, 1000):
            wait(clock, longest - 1)
            assert breaker.state == "open"
            wait(clock, 1)
            assert breaker.allow()
            breaker.failed()

    def test_starts_short_again_after_it_closed(self, clock: FakeClock) -> None:
        breaker = opened(clock)
        for _ in range(2):
            wait(clock, 2000)
            assert breaker.allow()
            breaker.failed()
        wait(clock, 2000)
        assert breaker.allow()
        breaker.succeeded()
        for _ in range(5):
            breaker.failed()
        wait(clock, 250)
        assert breaker.state == "half_open"

    def test_a_late_answer_to_an_early_call_does_not_close_it(
        self, clock: FakeClock
    ) -> None:
        breaker = opened(clock)
        breaker.succeeded()
        assert breaker.state == "open"

    def test_a_late_failure_of_an_early_call_does_not_prolong_it(
        self, clock: FakeClock
    ) -> None:
        breaker = opened(clock)
        wait(clock, 200)
        breaker.failed()
        wait(clock, 50)
        assert breaker.allow()


class TestProbe:
    def test_is_one_at_a_time(self, clock: FakeClock) -> None:
        breaker = opened(clock)
        wait(clock, 250)
        assert [breaker.allow() for _ in range(3)] == [True, False, False]

    def test_closes_when_it_is_answered(self, clock: FakeClock) -> None:
        breaker = opened(clock)
        wait(clock, 250)
        assert breaker.allow()
        breaker.succeeded()
        assert breaker.state == "closed"
        assert all(breaker.allow() for _ in range(3))

    def test_whose_caller_left_frees_the_place(self, clock: FakeClock) -> None:
        breaker = opened(clock)
        wait(clock, 250)
        assert breaker.allow()
        breaker.abandoned()
        assert breaker.allow()

    def test_that_never_ends_is_replaced_after_two_seconds(
        self, clock: FakeClock
    ) -> None:
        breaker = opened(clock)
        wait(clock, 250)
        assert breaker.allow()
        wait(clock, 1999)
        assert not breaker.allow()
        wait(clock, 1)
        assert breaker.allow()


class AnyHistory(RuleBasedStateMachine):
    """Calls begin and end in any order while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.breaker = Breaker(self.clock.monotonic)
        self.in_flight = 0
        self.in_a_row = 0
        self.probe_at: float | None = None
        self.opened_at: float | None = None

    @rule()
    def call(self) -> None:
        before = self.breaker.state
        allowed = self.breaker.allow()
        now = self.clock.monotonic()
        if before == "closed":
            assert allowed
        elif before == "open":
            assert not allowed
        elif allowed:
            assert self.probe_at is None or now - self.probe_at >= 2.0
            self.probe_at = now
        self.in_flight += allowed

    @precondition(lambda self: self.in_flight)
    @rule(failed=st.booleans())
    def answer(self, failed: bool) -> None:
        self.in_flight -= 1
        before = self.breaker.state
        probing = self.probe_at is not None
        self.breaker.failed() if failed else self.breaker.succeeded()
        after = self.breaker.state
        self.in_a_row = self.in_a_row + 1 if failed and before == "closed" else 0
        if before == "closed":
            if self.in_a_row >= 5:
                assert after == "open"
            if not failed:
                assert after == "closed"
        elif probing:
            assert after == ("open" if failed else "closed")
            self.probe_at = None
        else:
            assert after == before
        if before != "open" and after == "open":
            self.opened_at, self.in_a_row = self.clock.monotonic(), 0
        if after == "closed":
            self.opened_at = None

    @rule(ms=st.sampled_from([1, 49, 250, 500, 2000, 10_000]))
    def time_passes(self, ms: int) -> None:
        wait(self.clock, ms)

    @invariant()
    def never_open_longer_than_one_second(self) -> None:
        if self.opened_at is not None:
            waited = self.clock.monotonic() - self.opened_at
            assert waited < 1.0 or self.breaker.state == "half_open"
            assert waited >= 0.25 or self.breaker.state == "open"


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None
)
