"""The drill holds everything that it promises, and the same seed gives the same drill."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from fraud_lab.parity.scenario import (
    INCIDENTS,
    Incident,
    Pay,
    Report,
    Step,
    parity_scenario,
)

UNTIL = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PAYMENTS = 1500


@pytest.fixture(scope="module")
def steps() -> list[Step]:
    return parity_scenario(PAYMENTS, 7, UNTIL)


class TestDrill:
    def test_it_is_the_same_for_the_same_seed(self, steps: list[Step]) -> None:
        assert steps == parity_scenario(PAYMENTS, 7, UNTIL)

    def test_it_has_as_many_different_payments_as_asked_for(
        self, steps: list[Step]
    ) -> None:
        fresh = [s.body for s in steps if isinstance(s, Pay) and not s.repeat]
        assert len(fresh) == len({b["transaction_id"] for b in fresh}) == PAYMENTS

    def test_payments_come_late_repeated_and_twice_in_one_instant(
        self, steps: list[Step]
    ) -> None:
        times = [
            datetime.fromisoformat(s.body["occurred_at"])
            for s in steps
            if isinstance(s, Pay) and not s.repeat
        ]
        newest = times[0]
        late = []
        for time in times:
            late.append((newest - time).total_seconds())
            newest = max(newest, time)
        assert max(late) > 86_400
        assert 0 < sum(seconds > 0 for seconds in late) < PAYMENTS / 2
        assert sum(one == other for one, other in pairwise(times))
        assert sum(isinstance(s, Pay) and s.repeat for s in steps) > 20

    def test_a_repeat_follows_its_payment(self, steps: list[Step]) -> None:
        seen: set[str] = set()
        for step in steps:
            if isinstance(step, Pay):
                assert not step.repeat or step.body["transaction_id"] in seen
                seen.add(step.body["transaction_id"])

    def test_labels_come_before_the_payment_that_may_see_them(
        self, steps: list[Step]
    ) -> None:
        clock = None
        kinds: Counter[str] = Counter()
        for step in steps:
            if isinstance(step, Pay):
                time = datetime.fromisoformat(step.body["occurred_at"])
                clock = max(clock or time, time)
            elif isinstance(step, Report):
                kinds["withdrawn" if step.label["reversal"] else "reported"] += 1
                kinds["repeated"] += step.repeat
                kinds["disputed"] += step.label["label"] == "legitimate"
        assert kinds["reported"] > 10
        assert kinds["withdrawn"] > 0
        assert kinds["repeated"] > 0
        assert kinds["disputed"] > 0

    def test_the_mesh_suffers_as_planned(self, steps: list[Step]) -> None:
        happened = [s.event for s in steps if isinstance(s, Incident)]
        assert happened == [event for _, event in INCIDENTS]
