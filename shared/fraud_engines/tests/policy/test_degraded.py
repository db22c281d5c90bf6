"""What missing evidence does to a verdict, case by case; the laws are in test_laws."""

import pytest

from fraud_shared.contracts.decision import Verdict
from fraud_shared.contracts.signal import RuleHit, RulesResult
from fraud_shared.testing.factories import make_rules, make_signal

SMALL = {"amount_minor": 2_000, "amount_ref_minor": 2_000}


class TestOneModelDown:
    @pytest.mark.parametrize(
        ("part", "code"),
        [
            ("risk", "MODEL_XGBOOST_UNAVAILABLE"),
            ("forest", "MODEL_ISOLATION_FOREST_UNAVAILABLE"),
            ("autoencoder", "MODEL_AUTOENCODER_UNAVAILABLE"),
        ],
    )
    def test_two_low_scores_still_approve_and_the_gap_is_named(
        self, policy, make_request, part, code
    ):
        ruling = policy.decide(make_request(**{part: None}))
        assert ruling.decision is Verdict.APPROVE
        assert ruling.degraded == (code,)
        assert not ruling.stand_in

    def test_a_score_that_came_with_a_failure_does_not_count(
        self, policy, make_request
    ):
        full = make_request()
        late = make_signal("xgboost", 0.0, outcome="timed_out")
        ruling = policy.decide(make_request(signals=(*full.signals[:2], late)))
        assert ruling.degraded == ("MODEL_XGBOOST_UNAVAILABLE",)
        assert ruling.risk is None

    def test_thresholds_tighten_without_it(self, policy, make_request):
        full = make_request(risk=0.05, amount_ref_minor=90_000)
        gap = make_request(risk=0.05, forest=None, amount_ref_minor=90_000)
        assert policy.decide(full).decision is Verdict.APPROVE
        assert policy.decide(gap).decision is Verdict.CHALLENGE

    def test_an_anomaly_counts_sooner(self, policy, make_request):
        ruling = policy.decide(make_request(risk=None, autoencoder=0.97))
        assert ruling.decision is Verdict.CHALLENGE
        assert ruling.risk is None
        assert ruling.expected_loss_minor is None

    def test_an_unknown_risk_excuses_no_flag(self, policy, make_request):
        hit = RuleHit(rule="R-1@1", effect="FLAG", severity="medium", reason="odd")
        rules = make_rules(rules_flag="FLAG", hits=(hit,))
        ruling = policy.decide(make_request(risk=None, rules=rules))
        assert ruling.decision is Verdict.CHALLENGE


class TestStandIn:
    def test_approves_a_small_payment_of_a_known_customer(self, policy, make_request):
        ruling = policy.decide(
            make_request(risk=None, forest=None, autoencoder=None, **SMALL)
        )
        assert ruling.decision is Verdict.APPROVE
        assert ruling.stand_in
        assert ruling.degraded == ("MODELS_UNAVAILABLE",)
        assert ruling.reasons[0].code == "STAND_IN"

    @pytest.mark.parametrize(
        "change",
        [
            {"amount_ref_minor": 3_001},
            {"history_payments": 4},
            {"history_payments": None},
            {"stand_in_count": 5},
            {"stand_in_count": None},
            {"stand_in_sum_minor": 8_001},
            {"stand_in_sum_minor": None},
        ],
    )
    def test_ends_at_each_limit(self, policy, make_request, change):
        nothing = {"risk": None, "forest": None, "autoencoder": None}
        ruling = policy.decide(make_request(**{**nothing, **SMALL, **change}))
        assert ruling.decision is Verdict.CHALLENGE
        assert ruling.challenge == "manual_review"
        assert not ruling.stand_in

    @pytest.mark.parametrize(
        "change",
        [
            {"amount_ref_minor": 3_000},
            {"history_payments": 5},
            {"stand_in_count": 4},
            {"stand_in_sum_minor": 8_000},
        ],
    )
    def test_holds_up_to_each_limit(self, policy, make_request, change):
        nothing = {"risk": None, "forest": None, "autoencoder": None}
        ruling = policy.decide(make_request(**{**nothing, **SMALL, **change}))
        assert ruling.stand_in

    def test_is_refused_by_any_rule_hit(self, policy, make_request):
        hit = RuleHit(rule="R-1@1", effect="FLAG", severity="low", reason="odd")
        rules = make_rules(rules_flag="FLAG", hits=(hit,))
        request = make_request(risk=None, forest=None, rules=rules, **SMALL)
        assert policy.decide(request).decision is Verdict.CHALLENGE

    def test_a_present_model_that_objects_wins(self, policy, make_request):
        request = make_request(risk=0.9, forest=None, autoencoder=None, **SMALL)
        assert policy.decide(request).decision is Verdict.DECLINE


class TestOtherGaps:
    def test_unknown_velocity_leaves_only_the_stand_in(self, policy, make_request):
        large = policy.decide(make_request(velocity_known=False))
        small = policy.decide(make_request(velocity_known=False, **SMALL))
        assert large.decision is Verdict.CHALLENGE
        assert large.degraded == ("VELOCITY_UNKNOWN",)
        assert large.challenge == "three_ds"
        assert small.stand_in

    def test_lower_bound_of_velocity_is_enough_for_a_known_customer(
        self, policy, make_request
    ):
        bound = {"velocity_known": False, "velocity_lower_bound": True}
        known = policy.decide(make_request(**bound, history_payments=5))
        new = policy.decide(make_request(**bound, history_payments=4))
        assert (known.decision, known.stand_in) == (Verdict.APPROVE, False)
        assert known.degraded == ("VELOCITY_LOWER_BOUND",)
        assert new.decision is Verdict.CHALLENGE

    def test_rules_that_did_not_answer_send_it_to_a_person(self, policy, make_request):
        rules = RulesResult(outcome="timed_out")
        ruling = policy.decide(make_request(rules=rules, **SMALL))
        assert ruling.decision is Verdict.CHALLENGE
        assert ruling.challenge == "manual_review"
        assert ruling.degraded == ("RULES_UNAVAILABLE",)

    def test_rules_that_could_not_all_run_leave_only_the_stand_in(
        self, policy, make_request
    ):
        rules = make_rules(errors=("R-014@7",))
        assert policy.decide(make_request(rules=rules)).decision is Verdict.CHALLENGE
        small = policy.decide(make_request(rules=rules, **SMALL))
        assert small.stand_in
        assert small.degraded == ("RULES_INCOMPLETE",)

    def test_everything_missing_is_a_manual_review(self, policy, make_request):
        ruling = policy.decide(
            make_request(
                signals=(),
                rules=RulesResult(outcome="failed"),
                velocity_known=False,
                history_payments=None,
                stand_in_count=None,
                stand_in_sum_minor=None,
            )
        )
        assert ruling.decision is Verdict.CHALLENGE
        assert ruling.challenge == "manual_review"
        assert ruling.degraded == (
            "MODELS_UNAVAILABLE",
            "RULES_UNAVAILABLE",
            "VELOCITY_UNKNOWN",
        )
        assert ruling.confidence < 0.1
