"""A rule that leaves its expected band is found within 1,000 payments, and no other."""

import random

import pytest

from fraud_engines.rules.guard import WINDOW, HitRateGuard, at_least, at_most
from fraud_engines.rules.ruleset_schema import HitRate

BAND = HitRate(lower=0.0, upper=0.01)


def payments_until(guard, rate, most, seed=1):
    """After how many payments a rule with this rate of hits is said to have left."""
    draw = random.Random(seed)
    for number in range(1, most + 1):
        found = guard.seen(["R-001@1"] if draw.random() < rate else [])
        if found:
            return number, found[0]
    return None, None


class TestLeavingTheBand:
    def test_by_hitting_every_payment_is_found_at_once(self):
        after, found = payments_until(HitRateGuard({"R-001@1": BAND}), 1.0, 1000)
        assert after <= 20
        assert (found.rule, found.direction) == ("R-001@1", "above")

    @pytest.mark.parametrize("seed", range(20))
    @pytest.mark.parametrize("rate", [0.05, 0.1, 0.5])
    def test_by_hitting_more_is_found_within_1000_payments(self, rate, seed):
        after, _ = payments_until(HitRateGuard({"R-001@1": BAND}), rate, 1000, seed)
        assert after is not None

    def test_after_long_good_behaviour_is_found_as_soon(self):
        guard = HitRateGuard({"R-001@1": BAND})
        assert payments_until(guard, 0.005, 20_000) == (None, None)
        assert payments_until(guard, 0.05, 1000)[0] is not None

    def test_by_falling_silent_is_found_within_1000_payments(self):
        guard = HitRateGuard({"R-001@1": HitRate(lower=0.02, upper=0.2)})
        assert payments_until(guard, 0.05, 5000) == (None, None)
        after, found = payments_until(guard, 0.0, 2 * WINDOW)
        assert after <= 2 * WINDOW
        assert found.direction == "below"

    def test_is_said_once(self):
        guard = HitRateGuard({"R-001@1": BAND})
        payments_until(guard, 1.0, 1000)
        assert payments_until(guard, 1.0, 1000) == (None, None)


class TestStayingInTheBand:
    @pytest.mark.parametrize("seed", range(5))
    def test_at_its_upper_end_raises_no_alarm(self, seed):
        guard = HitRateGuard({"R-001@1": BAND})
        assert payments_until(guard, 0.01, 20_000, seed) == (None, None)

    def test_rules_without_a_band_are_not_watched(self):
        assert payments_until(HitRateGuard({}), 1.0, 2000) == (None, None)


class TestLimits:
    @pytest.mark.parametrize(
        ("share", "most", "least"), [(0.0, -1, 1), (1.0, 999, 1001), (0.5, 424, 576)]
    )
    def test_are_those_of_the_binomial_distribution(self, share, most, least):
        assert (at_most(1000, share), at_least(1000, share)) == (most, least)
