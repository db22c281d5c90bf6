"""The figures of a day count what was decided on that day."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from fraud_features.definitions.facts import microseconds
from fraud_features.store.schema import DAY
from fraud_lab.handbook.payments import Payments
from fraud_lab.replay.plan import plan
from fraud_lab.replay.player import Outcome
from fraud_lab.replay.quality import Quality, by_day, plot, table


@pytest.fixture
def rows() -> list[Quality]:
    number = np.arange(40)
    first = microseconds(datetime(2018, 4, 1, 12, tzinfo=UTC))
    data = Payments(
        transaction_id=number,
        at=first + number // 10 * DAY + number % 10,
        day=number // 10,
        # The cards of the second day are those of the first.
        card=number % 10,
        terminal=number,
        amount=number,
        fraud=np.isin(number, [10, 11, 20]),
    )
    script = plan(data, date(2018, 4, 2), 3, 1, datetime(2026, 3, 2, tzinfo=UTC))
    outcome = Outcome()
    for n in range(10, 39):
        # One fraud is stopped, two good payments are disturbed, the last has no answer.
        outcome.verdicts[f"hb-{n}"] = "DECLINE" if n in (10, 21, 31) else "APPROVE"
        outcome.risks[f"hb-{n}"] = {10: 0.9, 11: 0.2, 12: 0.3}.get(n, 0.0)
    return by_day(script, outcome, date(2018, 4, 2))


class TestQuality:
    def test_each_day_and_all(self, rows: list[Quality]) -> None:
        first, second, third, _ = rows
        days = ["2018-04-02", "2018-04-03", "2018-04-04", "all"]
        assert [row.day for row in rows] == days
        assert [row.payments for row in rows] == [10, 10, 9, 29]
        assert (first.stopped, first.disturbed) == (0.5, 0.0)
        assert (second.stopped, second.disturbed) == (0.0, round(1 / 9, 4))
        # Ranks of the frauds: first and third.
        assert first.average_precision == round((1 + 2 / 3) / 2, 4)
        # All of the second day have the same risk.
        assert second.average_precision == round(1 / 10, 4)
        assert (third.stopped, third.average_precision) == (None, None)

    def test_a_card_found_on_an_earlier_day_is_not_found_again(
        self, rows: list[Quality]
    ) -> None:
        assert [row.card_precision_100 for row in rows] == [0.02, 0.0, 0.0, 0.0067]

    def test_they_are_shown_and_drawn(
        self, rows: list[Quality], tmp_path: Path
    ) -> None:
        assert table(rows).row_count == 4
        assert plot(rows, tmp_path / "reports").stat().st_size > 1000
