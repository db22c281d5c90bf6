from datetime import UTC, datetime, timedelta

import pytest

from fraud_lab.demo.plan import PRESENT, SEED, warm_up
from fraud_ops.simulate import SCENARIO_SHARES

TODAY = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("days", [0, 17])
def test_a_play_shows_every_scenario_on_any_day(days):
    until = TODAY + timedelta(days=days)
    play = warm_up(6000, SEED, until)
    assert play.scenarios == set(SCENARIO_SHARES)
    assert all(until - PRESENT <= p.occurred_at < until for p in play.payments)
    assert all(p.occurred_at < until - PRESENT for p in play.history)


def test_a_short_play_shows_most_of_them():
    assert len(warm_up(1000, SEED, TODAY).scenarios) >= 5
