from datetime import UTC, datetime, timedelta

from fraud_features.definitions.label_resolution import ReportedLabel
from fraud_post_auth.outcomes import Outcome, fold, settled

START = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = timedelta(days=30)


class TestFold:
    def test_what_stands_is_the_outcome(self):
        merchant = ReportedLabel("legitimate", "merchant", START + MONTH)
        found = fold([ReportedLabel("fraud", "chargeback", START), merchant])
        assert found == Outcome("fraud", "chargeback", START)
        assert fold([]) == Outcome("pending", None, None)


class TestSettled:
    def test_silence_settles_at_maturity_and_not_before(self):
        pending = Outcome("pending", None, None)
        just_before = START + MONTH - timedelta(microseconds=1)
        assert settled(pending, START, just_before, MONTH) is None
        found = settled(pending, START, START + MONTH, MONTH)
        assert (found.state, found.source, found.weight) == (
            "legitimate",
            "maturity",
            1,
        )

    def test_fraud_settles_at_once(self):
        fraud = Outcome("fraud", "chargeback", START)
        assert settled(fraud, START, START, MONTH) == fraud

    def test_passed_challenge_counts_half_until_maturity(self):
        passed = Outcome("legitimate", "challenge", START)
        assert settled(passed, START, START, MONTH).weight == 0.5
        assert settled(passed, START, START + MONTH, MONTH).weight == 1.0

    def test_withdrawn_fraud_is_legitimate_only_at_maturity(self):
        withdrawn = Outcome("reversed", None, START)
        assert settled(withdrawn, START, START, MONTH) is None
        assert settled(withdrawn, START, START + MONTH, MONTH).state == "legitimate"
