import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_scoring.serving.rollback import RollbackLimits, RollbackMonitor

LIMITS = RollbackLimits(window_s=10, least=20, failed=0.1, degraded=0.5)


class TestVerdict:
    def test_below_the_least_number_of_rows_rates_mean_nothing(self):
        assert RollbackMonitor(LIMITS).record(0, 19, failed=19) is None

    @pytest.mark.parametrize(("failed", "reason"), [(2, None), (3, "error-rate")])
    def test_the_limit_itself_is_allowed(self, failed, reason):
        assert RollbackMonitor(LIMITS).record(0, 20, failed=failed) == reason

    def test_late_rows_count_apart(self):
        assert RollbackMonitor(LIMITS).record(0, 20, degraded=11) == "degraded-rate"

    def test_what_lies_before_the_window_is_forgotten(self):
        watch = RollbackMonitor(LIMITS)
        assert watch.record(0, 10, failed=10) is None
        assert watch.record(10, 20, failed=1) is None

    def test_what_lies_within_counts(self):
        watch = RollbackMonitor(LIMITS)
        assert watch.record(0, 10, failed=10) is None
        assert watch.record(9, 20, failed=1) == "error-rate"


@given(
    st.lists(
        st.tuples(
            st.floats(0, 5), st.integers(1, 9), st.integers(0, 9), st.integers(0, 9)
        ),
        max_size=60,
    )
)
def test_verdicts_are_those_of_a_recount(steps):
    watch, now, seen = RollbackMonitor(LIMITS), 0.0, []
    for gap, rows, failed, degraded in steps:
        now += gap
        failed, degraded = min(failed, rows), min(degraded, rows)
        seen.append((int(now), rows, failed, degraded))
        inside = [s for s in seen if s[0] > int(now) - LIMITS.window_s]
        total, bad, late = (sum(s[i] for s in inside) for i in (1, 2, 3))
        expected = None
        if total >= LIMITS.least and (failed or degraded):
            if bad > LIMITS.failed * total:
                expected = "error-rate"
            elif late > LIMITS.degraded * total:
                expected = "degraded-rate"
        assert watch.record(now, rows, failed=failed, degraded=degraded) == expected
