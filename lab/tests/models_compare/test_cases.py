"""Which recorded decisions count, and what either model would have cost."""

from datetime import UTC, datetime, timedelta

from fraud_lab.models_compare.cases import Cases
from fraud_shared.contracts.decision import Verdict
from fraud_shared.testing.factories import make_rules

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
APPROVE, CHALLENGE, DECLINE = 0, 1, 2


def taken(records, reports, policy, maturity_days=30):
    cases = Cases()
    found = {key: [label] for key, label in reports}
    cases.add(records, found, policy, as_of=NOW, maturity=timedelta(days=maturity_days))
    return cases


class TestWhatCounts:
    def test_silence_for_the_maturity_window_is_legitimate(self, make_record, policy):
        old, fresh = make_record(days_ago=31), make_record(days_ago=2)
        cases = taken([old, fresh], [], policy)
        assert [case.fraud for case in cases.rows] == [False]
        assert cases.left_out == {"too early to say": 1}

    def test_a_report_counts_at_once(self, make_record, report, policy):
        fresh = make_record(days_ago=2)
        cases = taken([fresh], [report(fresh)], policy)
        assert [case.fraud for case in cases.rows] == [True]

    def test_a_withdrawn_report_does_not(self, make_record, report, policy):
        fresh = make_record(days_ago=2)
        cases = taken([fresh], [report(fresh, reversal=True)], policy)
        assert cases.left_out == {"too early to say": 1}

    def test_both_must_have_scored(self, make_record, policy):
        records = [make_record(champion=None), make_record(challenger=None)]
        cases = taken(records, [], policy)
        assert cases.left_out == {"not scored by both": 2}

    def test_a_payment_that_a_rule_blocked_says_nothing(self, make_record, policy):
        blocked = make_record(
            champion=None, challenger=None, rules=make_rules(rules_flag="BLOCK")
        )
        assert taken([blocked], [], policy).left_out == {"blocked by a rule": 1}

    def test_versions_and_who_decided_are_counted(self, make_record, policy):
        records = [make_record(), make_record(risk_model="lightgbm")]
        cases = taken(records, [], policy)
        [(champion, challenger)] = cases.versions
        assert champion.startswith("xgboost@")
        assert challenger.startswith("lightgbm@")
        assert cases.decided_by_challenger == 1


class TestMoney:
    def test_each_side_is_ruled_on_its_own_score(self, make_record, policy):
        record = make_record(champion=0.001, challenger=0.99)
        [case] = taken([record], [], policy).rows
        assert case.verdict == (APPROVE, DECLINE)

    def test_an_approved_fraud_costs_its_exposure_a_declined_one_nothing(
        self, make_record, report, policy
    ):
        record = make_record(champion=0.001, challenger=0.99)
        [case] = taken([record], [report(record)], policy).rows
        assert case.cost == (policy.document.costs.exposure(10_000), 0.0)

    def test_a_declined_honest_payment_costs_the_sale(self, make_record, policy):
        record = make_record(champion=0.001, challenger=0.99)
        [case] = taken([record], [], policy).rows
        lost = policy.document.costs.of(Verdict.DECLINE, 0.0, 10_000)
        assert case.cost == (0.0, lost)
        assert lost > 0
