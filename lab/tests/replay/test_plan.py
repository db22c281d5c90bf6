"""What is replayed when: nothing but the date changes, and no label comes early."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from fraud_features.definitions.facts import microseconds
from fraud_features.store.schema import DAY, LABEL_DELAY
from fraud_lab.handbook.payments import Payments
from fraud_lab.replay.plan import NoSuchDays, Plan, effect, moment, plan, transaction

FIRST = datetime(2018, 4, 1, tzinfo=UTC)
UNTIL = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAYS, A_DAY = 20, 12


def recorded() -> Payments:
    """Twelve payments a day for twenty days, the fifth of each day a fraud."""
    count = DAYS * A_DAY
    number = np.arange(count)
    at = microseconds(FIRST) + number * (DAY // A_DAY) + 7
    return Payments(
        transaction_id=number,
        at=at,
        day=number // A_DAY,
        card=number % 7,
        terminal=number % 5,
        amount=100 + number,
        fraud=number % A_DAY == 4,
    )


@pytest.fixture
def script() -> Plan:
    return plan(recorded(), date(2018, 4, 15), 4, 10, UNTIL)


class TestPlan:
    def test_only_whole_weeks_are_added(self, script: Plan) -> None:
        first = moment(script.rows[0]["occurred_at"])
        assert first - (FIRST + timedelta(days=4)) == timedelta(
            weeks=script.weeks, microseconds=7
        )
        last = moment(script.rows[-1]["occurred_at"])
        assert timedelta(0) < UNTIL - last < timedelta(weeks=1)

    def test_the_days_before_are_the_past(self, script: Plan) -> None:
        assert script.past == 10 * A_DAY
        assert len(script.replayed) == 4 * A_DAY
        assert script.replayed[0]["transaction_id"] == f"hb-{14 * A_DAY}"

    def test_every_fraud_is_reported_when_its_delay_is_over(self, script: Plan) -> None:
        paid = {row["transaction_id"]: row["occurred_at"] for row in script.rows}
        assert len(script.reports) == 14
        for report in script.reports:
            # Before a payment exactly one delay later, and after all earlier ones.
            assert report.at == paid[report.transaction_id] + LABEL_DELAY - 1
            body = report.body()
            assert datetime.fromisoformat(body["reported_at"]) == moment(report.at)

    def test_training_knows_of_a_fraud_only_after_its_report(
        self, script: Plan
    ) -> None:
        history = script.history
        start = script.replayed[0]["occurred_at"]
        known = history.reports.known_fraud(start)
        assert len(history) == script.past
        assert history.fraud.sum() == 10
        # Of ten days those of the last seven are not reported yet.
        assert known.sum() == 3

    def test_days_that_are_not_there_are_refused(self) -> None:
        with pytest.raises(NoSuchDays):
            plan(recorded(), date(2018, 4, 5), 4, 10, UNTIL)
        with pytest.raises(NoSuchDays):
            plan(recorded(), date(2018, 4, 19), 4, 10, UNTIL)


class TestPayments:
    def test_a_row_is_a_payment_at_a_terminal(self, script: Plan) -> None:
        row = script.replayed[0]
        payment = transaction(row)
        assert microseconds(payment.occurred_at) == row["occurred_at"]
        assert payment.card is not None
        assert payment.merchant is not None
        assert payment.merchant.terminal_id == row["terminal_id"]
        assert effect(row).places == (
            ("terminal", row["terminal_id"]),
            ("merchant", row["merchant_id"]),
        )
