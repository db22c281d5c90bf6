"""Deadlines, trace context, addresses and repeated work."""

import asyncio
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_shared.mesh import deadline, trace
from fraud_shared.mesh.addresses import PORTS, default_urls
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.trace import Trace


class TestDeadline:
    @given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
    def test_a_cap_never_lengthens(self, ms: float, cap: float) -> None:
        limit = Deadline.after(ms)
        capped = limit.capped(cap)
        assert capped.at <= limit.at
        assert capped.remaining_ms() <= cap

    @given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
    def test_a_reserve_shortens_by_itself(self, ms: float, reserve: float) -> None:
        limit = Deadline.after(ms)
        assert limit.minus(reserve).at == pytest.approx(limit.at - reserve / 1000)

    def test_is_spent_when_nothing_remains(self) -> None:
        assert Deadline.after(0).expired
        assert Deadline.after(-1).remaining_ms() < 0
        assert not Deadline.after(10_000).expired

    @given(
        st.none()
        | st.text()
        | st.floats().map(str)
        | st.sampled_from(["-inf", "nan", "1e999", "", " 5 ", "٣"])
    )
    def test_any_header_gives_a_finite_one_within_the_cap(
        self, value: str | None
    ) -> None:
        limit = deadline.from_header(value, default_ms=100, cap_ms=500)
        assert math.isfinite(limit.at)
        assert -50 <= limit.remaining_ms() <= 500

    def test_two_milliseconds_are_kept_back(self) -> None:
        limit = deadline.from_header("100", default_ms=1, cap_ms=500)
        assert 90 < limit.remaining_ms() <= 98


class TestTrace:
    def test_survives_a_hop(self) -> None:
        for ratio in (0.0, 1.0):
            here = Trace.start(ratio)
            assert trace.parse(here.traceparent) == here
            assert here.sampled is bool(ratio)

    def test_another_span_keeps_trace_and_sampling(self) -> None:
        here = Trace.start(1.0)
        there = here.at("1" * 16)
        assert (there.trace_id, there.span_id) == (here.trace_id, "1" * 16)
        assert there.sampled

    @given(st.text())
    def test_no_header_breaks_it(self, header: str) -> None:
        found = trace.parse(header)
        assert found is None or found.traceparent[3:52] == header[3:52]

    def test_a_line_break_after_it_is_refused(self) -> None:
        assert trace.parse(Trace.start(1.0).traceparent + "\n") is None


class TestAddresses:
    def test_ten_services_on_ports_of_their_own(self) -> None:
        assert sorted(PORTS.values()) == list(range(8000, 8010))

    def test_the_environment_moves_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FRAUD_ISOLATION_FOREST_URL", "http://forest:1")
        urls = default_urls()
        assert urls["isolation_forest"] == ("http://forest:1",)
        assert urls["rules"] == ("http://127.0.0.1:8001",)


class TestRepeating:
    @pytest.fixture
    def outcomes(self) -> Iterator[bool]:
        return iter([False, True, True])

    async def test_goes_on_after_a_failure(self, outcomes: Iterator[bool]) -> None:
        done = asyncio.Event()
        wake = asyncio.Event()

        async def work() -> None:
            ok = next(outcomes, None)
            if ok is None:
                done.set()
            elif not ok:
                raise RuntimeError

        async with repeating("test", work, every_s=60, wake=wake), asyncio.timeout(5):
            while not done.is_set():
                wake.set()
                await asyncio.sleep(0)

    async def test_ends_when_left(self) -> None:
        ran = asyncio.Event()
        tasks = asyncio.all_tasks()

        async def work() -> None:
            ran.set()

        async with repeating("test", work, every_s=60), asyncio.timeout(5):
            await ran.wait()
        assert asyncio.all_tasks() == tasks
