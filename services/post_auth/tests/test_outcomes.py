from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from fraud_post_auth.outcomes import AUTHORITY, Outcome, Report, fold, settled

START = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = timedelta(days=30)


def report(source="chargeback", label="fraud", *, day=1, reversal=False, label_id=""):
    at = START + timedelta(days=day)
    return Report(label_id or f"{source}-{day}", label, source, at, reversal)


reports = st.builds(
    report,
    st.sampled_from(AUTHORITY),
    st.sampled_from(("fraud", "legitimate")),
    day=st.integers(0, 4),
    reversal=st.booleans(),
    label_id=st.uuids().map(str),
)


class TestFold:
    def test_nothing_reported_is_pending(self):
        assert fold([]).state == "pending"

    def test_stronger_source_wins_over_a_later_weaker_one(self):
        found = fold(
            [report("chargeback", "fraud"), report("merchant", "legitimate", day=9)]
        )
        assert (found.state, found.source) == ("fraud", "chargeback")

    def test_later_report_of_a_source_replaces_its_earlier_one(self):
        found = fold([report(label="fraud", day=1), report(label="legitimate", day=2)])
        assert found.state == "legitimate"

    def test_reversal_withdraws_that_source_only(self):
        withdrawn = report("chargeback", day=2, reversal=True)
        found = fold([report("chargeback"), withdrawn, report("merchant")])
        assert (found.state, found.source) == ("fraud", "merchant")

    def test_all_withdrawn_is_reversed(self):
        assert fold([report(), report(day=2, reversal=True)]).state == "reversed"

    def test_label_after_a_reversal_stands(self):
        found = fold([report(day=1), report(day=2, reversal=True), report(day=3)])
        assert found.state == "fraud"

    @given(st.lists(reports, max_size=5))
    def test_neither_order_nor_repetition_matters(self, given_reports):
        expected = fold(given_reports)
        for order in permutations(given_reports):
            assert fold([*order, *order[:2]]) == expected


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
