import pytest

from fraud_engines.policy.policy import load
from fraud_shared.contracts.decision import Verdict
from fraud_shared.contracts.screening import ScreeningHit, ScreeningResult
from fraud_shared.contracts.signal import RuleHit
from fraud_shared.testing.factories import make_rules, make_screening, make_signal


def flagged(severity="medium", count=1, effect="FLAG"):
    hits = tuple(
        RuleHit(rule=f"R-1{n:02}@1", effect=effect, severity=severity, reason="odd")
        for n in range(count)
    )
    return make_rules(rules_flag=effect, hits=hits)


def resembles(status, similarity):
    hit = ScreeningHit(
        role="counterparty",
        entity_id="e-1",
        list="test",
        name="Somebody Listed",
        similarity=similarity,
        strength=0.9,
        status=status,
    )
    return ScreeningResult(status=status, hits=(hit,))


def codes(ruling):
    return [reason.code for reason in ruling.reasons]


class TestCleanEvidence:
    def test_is_approved_without_actions(self, policy, make_request):
        ruling = policy.decide(make_request())
        assert ruling.decision is Verdict.APPROVE
        assert (ruling.challenge, ruling.actions, ruling.degraded) == (None, (), ())
        assert codes(ruling) == ["ALL_CLEAR"]
        assert not ruling.stand_in

    def test_names_the_policy_and_its_hash(self, policy, make_request):
        ruling = policy.decide(make_request())
        assert ruling.policy == f"default@4+{policy.content_hash[:8]}"

    def test_reports_risk_and_expected_loss(self, policy, make_request):
        ruling = policy.decide(make_request(risk=0.01, amount_ref_minor=10_000))
        assert ruling.risk == 0.01
        assert ruling.expected_loss_minor == round(0.01 * (10_000 * 0.95 + 2_500))


class TestRiskBands:
    @pytest.mark.parametrize(
        ("risk", "verdict"),
        [
            (0.1999, Verdict.APPROVE),
            (0.2, Verdict.CHALLENGE),
            (0.5999, Verdict.CHALLENGE),
            (0.85, Verdict.DECLINE),
            (1.0, Verdict.DECLINE),
        ],
    )
    def test_decide_on_the_calibrated_risk(self, policy, make_request, risk, verdict):
        ruling = policy.decide(make_request(risk=risk, amount_ref_minor=100))
        assert ruling.decision is verdict

    def test_every_threshold_that_fired_is_a_reason(self, policy, make_request):
        ruling = policy.decide(make_request(risk=0.3, forest=0.9999))
        assert codes(ruling) == ["ANOMALY_ALONE", "RISK_CHALLENGE"]
        assert ruling.reasons[1].source == "xgboost"
        assert ruling.reasons[1].weight == 0.3
        assert ruling.reason == ruling.reasons[0].text

    def test_cost_chooses_inside_a_band(self, policy_body, make_request):
        open_band = b"{from: 0.02, allow: [APPROVE, CHALLENGE]}\n    - {from: 0.20,"
        policy = load(policy_body.replace(b"{from: 0.20,", open_band, 1))
        small = policy.decide(make_request(risk=0.03, amount_ref_minor=500))
        large = policy.decide(make_request(risk=0.03, amount_ref_minor=15_000))
        assert small.decision is Verdict.APPROVE
        assert large.decision is Verdict.CHALLENGE
        assert codes(large) == ["COST_CHALLENGE"]

    def test_a_segment_has_bands_of_its_own(self, policy, make_request):
        betting = make_request(risk=0.82, mcc="7995", amount_ref_minor=100)
        groceries = make_request(risk=0.82, mcc="5411", amount_ref_minor=100)
        assert policy.decide(betting).decision is Verdict.DECLINE
        assert policy.decide(groceries).decision is Verdict.CHALLENGE

    def test_a_large_amount_is_challenged_at_a_lower_risk(self, policy, make_request):
        verdicts = [
            policy.decide(make_request(risk=0.1, amount_ref_minor=amount)).decision
            for amount in (19_999, 20_000)
        ]
        assert verdicts == [Verdict.APPROVE, Verdict.CHALLENGE]

    def test_the_challenger_never_decides(self, policy, make_request):
        clean = make_request()
        scores = (*clean.signals, make_signal("lightgbm", 1.0))
        ruling = policy.decide(make_request(signals=scores))
        assert ruling == policy.decide(clean)

    def test_the_challenger_decides_where_the_gateway_names_it(
        self, policy, make_request
    ):
        scores = (*make_request(risk=0.001).signals, make_signal("lightgbm", 0.3))
        request = make_request(
            signals=scores, risk_model="lightgbm", amount_ref_minor=100
        )
        ruling = policy.decide(request)
        assert ruling.decision is Verdict.CHALLENGE
        assert ruling.risk == 0.3
        assert [r.source for r in ruling.reasons] == ["lightgbm"]

    def test_where_the_challenger_decides_it_is_the_evidence_that_may_be_missing(
        self, policy, make_request
    ):
        late = make_signal("lightgbm", None, outcome="timed_out")
        request = make_request(
            signals=(*make_request().signals, late), risk_model="lightgbm"
        )
        assert policy.decide(request).degraded == (
            "MODEL_LIGHTGBM_UNAVAILABLE",
            "RISK_MODEL_FAILOVER",
        )

    def test_a_challenger_that_is_down_is_no_gap(self, policy, make_request):
        clean = make_request()
        late = make_signal("lightgbm", None, outcome="timed_out")
        ruling = policy.decide(make_request(signals=(*clean.signals, late)))
        assert ruling.degraded == ()


class TestAnomalies:
    def test_both_models_together_challenge(self, policy, make_request):
        ruling = policy.decide(make_request(forest=0.995, autoencoder=0.996))
        assert ruling.decision is Verdict.CHALLENGE
        assert codes(ruling) == ["ANOMALY_TOGETHER", "ANOMALY_TOGETHER"]

    def test_one_model_at_that_percentile_does_not(self, policy, make_request):
        ruling = policy.decide(make_request(forest=0.999, autoencoder=0.5))
        assert ruling.decision is Verdict.APPROVE

    def test_one_model_far_out_does(self, policy, make_request):
        ruling = policy.decide(make_request(autoencoder=0.9999))
        assert ruling.decision is Verdict.CHALLENGE


class TestRules:
    def test_block_declines_however_low_the_risk(self, policy, make_request):
        ruling = policy.decide(make_request(risk=0.0, rules=flagged(effect="BLOCK")))
        assert ruling.decision is Verdict.DECLINE
        assert ruling.reasons[0].source == "R-100@1"
        assert ruling.confidence == 1.0

    def test_block_that_names_no_rule_still_declines(self, policy, make_request):
        ruling = policy.decide(make_request(rules=make_rules(rules_flag="BLOCK")))
        assert ruling.decision is Verdict.DECLINE

    def test_models_skipped_after_block_are_not_reported(self, policy, make_request):
        skipped = tuple(
            make_signal(name, None, outcome="skipped")
            for name in ("isolation_forest", "autoencoder", "xgboost")
        )
        rules = flagged(effect="BLOCK")
        ruling = policy.decide(make_request(rules=rules, signals=skipped))
        assert ruling.degraded == ()
        assert codes(ruling) == ["RULE_BLOCK"]

    @pytest.mark.parametrize(
        ("severity", "risk", "verdict"),
        [
            ("low", 0.001, Verdict.APPROVE),
            ("medium", 0.001, Verdict.APPROVE),
            ("medium", 0.05, Verdict.CHALLENGE),
            ("high", 0.001, Verdict.CHALLENGE),
            ("critical", 0.001, Verdict.DECLINE),
        ],
    )
    def test_flags_weigh_by_severity(
        self, policy, make_request, severity, risk, verdict
    ):
        request = make_request(risk=risk, rules=flagged(severity), amount_ref_minor=100)
        assert policy.decide(request).decision is verdict

    def test_several_medium_flags_add_up(self, policy, make_request):
        assert (
            policy.decide(make_request(rules=flagged("medium", count=2))).decision
            is Verdict.APPROVE
        )
        ruling = policy.decide(make_request(rules=flagged("medium", count=3)))
        assert ruling.decision is Verdict.CHALLENGE
        assert ruling.reasons[0].code == "SEVERAL_FLAGS"

    def test_flag_that_names_no_rule_counts_as_medium(self, policy, make_request):
        rules = make_rules(rules_flag="FLAG")
        ruling = policy.decide(make_request(risk=0.05, rules=rules))
        assert ruling.decision is Verdict.CHALLENGE

    def test_shadow_hits_are_never_acted_on(self, policy, make_request):
        shadow = flagged(effect="BLOCK").hits
        ruling = policy.decide(make_request(rules=make_rules(shadow=shadow)))
        assert codes(ruling) == ["ALL_CLEAR"]


class TestScreening:
    def test_match_declines_holds_and_opens_a_case(self, policy, make_request):
        ruling = policy.decide(make_request(screening=resembles("match", 0.98)))
        assert ruling.decision is Verdict.DECLINE
        assert {"payment_hold", "case"} <= set(ruling.actions)

    def test_possible_match_goes_to_a_person(self, policy, make_request):
        ruling = policy.decide(make_request(screening=resembles("possible", 0.8)))
        assert ruling.decision is Verdict.CHALLENGE
        assert ruling.challenge == "manual_review"
        assert ruling.actions == ("payment_hold", "case")
        assert ruling.reasons[0].weight == 0.8

    def test_unavailable_is_never_approved_however_small(self, policy, make_request):
        screening = make_screening(status="unavailable")
        ruling = policy.decide(make_request(screening=screening, amount_ref_minor=1))
        assert ruling.decision is Verdict.CHALLENGE
        assert ruling.challenge == "manual_review"
        assert ruling.degraded == ("SANCTIONS_UNAVAILABLE",)
        assert codes(ruling) == ["SANCTIONS_UNAVAILABLE"]

    def test_incomplete_screening_goes_to_a_person_however_small(
        self, policy, make_request
    ):
        screening = make_screening(status="incomplete", detail="SCREENING_INCOMPLETE")
        ruling = policy.decide(make_request(screening=screening, amount_ref_minor=1))
        assert ruling.decision is Verdict.CHALLENGE
        assert ruling.challenge == "manual_review"
        assert ruling.degraded == ("SCREENING_INCOMPLETE",)
        assert codes(ruling) == ["SCREENING_INCOMPLETE"]

    def test_clear_by_stale_lists_goes_to_a_person(self, policy, make_request):
        screening = make_screening(status="clear", detail="SANCTIONS_STALE")
        ruling = policy.decide(make_request(screening=screening, amount_ref_minor=1))
        assert ruling.decision is Verdict.CHALLENGE
        assert ruling.challenge == "manual_review"
        assert ruling.degraded == ("SANCTIONS_STALE",)
        assert codes(ruling) == ["SANCTIONS_STALE"]

    def test_a_match_by_stale_lists_is_still_a_match(self, policy, make_request):
        match = resembles("match", 0.98).model_copy(
            update={"detail": "SANCTIONS_STALE"}
        )
        ruling = policy.decide(make_request(screening=match))
        assert ruling.decision is Verdict.DECLINE
        assert ruling.degraded == ("SANCTIONS_STALE",)

    def test_names_of_listed_people_stay_out_of_the_ruling(self, policy, make_request):
        ruling = policy.decide(make_request(screening=resembles("match", 0.98)))
        assert "Somebody" not in ruling.model_dump_json()


class TestChallenges:
    @pytest.mark.parametrize(
        ("kind", "channel", "challenge", "action"),
        [
            ("card_payment", "ecommerce", "three_ds", "otp_challenge"),
            ("transfer", "online_banking", "otp", "otp_challenge"),
            ("transfer", "mobile", "otp", "otp_challenge"),
            ("withdrawal", "branch", "manual_review", "case"),
        ],
    )
    def test_fit_the_payment(
        self, policy, make_request, kind, channel, challenge, action
    ):
        ruling = policy.decide(make_request(risk=0.3, kind=kind, channel=channel))
        assert ruling.challenge == challenge
        assert action in ruling.actions


class TestActions:
    def test_a_sure_decline_alerts_and_opens_a_case(self, policy, make_request):
        assert policy.decide(make_request(risk=0.97)).actions == ("alert", "case")
        assert policy.decide(make_request(risk=0.86)).actions == ()

    def test_a_rule_may_block_the_card(self, policy, make_request):
        hit = RuleHit(rule="R-012@3", effect="BLOCK", severity="critical", reason="x")
        rules = make_rules(rules_flag="BLOCK", hits=(hit,))
        assert "card_block" in policy.decide(make_request(rules=rules)).actions

    @pytest.mark.parametrize(("risk", "blocked"), [(0.01, True), (0.9, False)])
    def test_a_steered_account_is_blocked_while_its_challenge_is_open(
        self, policy, make_request, risk, blocked
    ):
        hit = RuleHit(rule="R-040@1", effect="FLAG", severity="high", reason="x")
        rules = make_rules(rules_flag="FLAG", hits=(hit,))
        ruling = policy.decide(make_request(risk=risk, rules=rules))
        assert ("otp_challenge" in ruling.actions) is blocked
        assert ("account_block" in ruling.actions) is blocked


class TestConfidence:
    def test_of_an_approval_is_what_the_risk_leaves(self, policy, make_request):
        assert policy.decide(make_request(risk=0.01)).confidence == pytest.approx(0.99)

    def test_shrinks_by_the_share_of_a_missing_part(self, policy, make_request):
        ruling = policy.decide(make_request(risk=0.01, forest=None))
        assert ruling.confidence == pytest.approx(0.99 * (1 - 0.15 / 2))

    def test_of_a_challenge_is_its_heaviest_reason(self, policy, make_request):
        assert policy.decide(make_request(risk=0.3)).confidence == pytest.approx(0.3)
