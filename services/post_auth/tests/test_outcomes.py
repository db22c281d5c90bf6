from datetime import UTC, datetime, timedelta

from fraud_features.definitions.label_resolution import ReportedLabel
from fraud_post_auth.outcomes import (
    Outcome,
    fold,
    learnable,
    settled,
    silence_weight,
)

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


class TestLearnable:
    def test_silence_is_presumed_legitimate_and_counts_more_with_age(self):
        pending = Outcome("pending", None, None)
        ages = [timedelta(days=days) for days in (1, 5, 12, 29)]
        known = [learnable(pending, START, START + age, MONTH) for age in ages]
        assert {outcome.source for outcome, _ in known} == {"presumed"}
        weights = [weight for _, weight in known]
        assert weights == sorted(weights)
        assert 0.0 < weights[0] < weights[-1] < 1.0

    def test_fresh_payment_says_nothing_yet(self):
        pending = Outcome("pending", None, None)
        assert learnable(pending, START, START + timedelta(hours=1), MONTH) is None

    def test_late_fraud_replaces_the_presumption_at_full_weight(self):
        late = fold([ReportedLabel("fraud", "chargeback", START + 3 * MONTH)])
        assert learnable(late, START, START + 3 * MONTH, MONTH) == (late, 1.0)

    def test_reversed_fraud_is_presumed_legitimate_again(self):
        report = ReportedLabel("fraud", "issuer", START)
        back = ReportedLabel(
            "fraud", "issuer", START + timedelta(days=5), reversal=True
        )
        repeated = fold([report, back, report, back])
        outcome, weight = learnable(repeated, START, START + timedelta(days=9), MONTH)
        assert (outcome.state, outcome.source) == ("legitimate", "presumed")
        assert weight == silence_weight(timedelta(days=9), MONTH)

    def test_maturity_window_bounds_every_source(self):
        week = timedelta(days=7)
        assert silence_weight(week, week) == 1.0
        just_before = silence_weight(week - timedelta(minutes=1), week)
        assert 0.99 < just_before < 1.0
