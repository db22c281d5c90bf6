"""Proofs about two versions: true, and shown by a payment where they are not."""

from datetime import UTC, datetime

import pytest
import yaml

from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_lab.rules.proof.command import ProofRefused, read
from fraud_lab.rules.proof.evidence import evidence
from fraud_lab.rules.proof.prove import DifferentModels, policies, rulesets
from fraud_lab.rules.proof.relations import relations

NOW = datetime(2026, 3, 1, tzinfo=UTC)
POLICY = load(DEFAULT_POLICY.read_bytes())
HIGH = {"severity": "high"}


def _policy(old: str = "", new: str = ""):
    return load(DEFAULT_POLICY.read_bytes().replace(old.encode(), new.encode()))


@pytest.fixture
def compare(write_rules):
    """A pair of two rulesets of one rule each."""

    def pair(old, new, lists=(None, None)):
        first, second = (
            write_rules({"when": when, **HIGH}, lists=own)
            for when, own in zip((old, new), lists, strict=True)
        )
        return rulesets(first, second, POLICY, NOW)

    return pair


class TestRulesets:
    def test_wider_rule_is_proved_to_be_no_milder(self, compare):
        pair = compare("account_count_5m > 5", "account_count_5m >= 5")
        assert pair.milder().outcome == "proved"
        stricter = pair.milder(swapped=True)
        assert stricter.outcome == "witness"
        assert stricter.witness.shown()["features"]["account_count_5m"] == 5

    def test_witness_meets_a_threshold_of_a_double_exactly(self, compare):
        proof = compare("speed_kmh >= 0.1", "speed_kmh > 0.1").milder()
        assert proof.outcome == "witness"
        assert (proof.old, proof.new) == ("CHALLENGE", "APPROVE")
        assert proof.witness.shown()["features"]["speed_kmh"] == 0.1

    def test_allow_list_outweighs_a_hit_but_not_a_rule_that_lost_its_field(
        self, compare
    ):
        pair = compare("speed_kmh > 1.0 || speed_kmh <= 1.0", "amount_minor >= 0")
        proof = pair.milder()
        assert proof.outcome == "witness"
        assert proof.witness.allowed
        assert pair.milder(swapped=True).outcome == "witness"

    def test_hard_rule_made_soft_is_milder_for_an_allowed_account(self, write_rules):
        row = {"when": "is_pos", "effect": "BLOCK", "tier": "hard"}
        old, new = write_rules(row), write_rules(row | {"tier": "soft"})
        proof = rulesets(old, new, POLICY, NOW).milder()
        assert proof.old == "DECLINE"
        assert proof.witness.allowed

    def test_failing_rule_says_what_its_on_error_says(self, write_rules):
        row = {"when": "account_count_5m * 4611686018427387904 > 0", "effect": "BLOCK"}
        old = write_rules(row | {"on_error": "BLOCK"})
        new = write_rules(row | {"on_error": "FLAG"})
        proof = rulesets(old, new, POLICY, NOW).milder()
        assert (proof.old, proof.new.severity) == ("DECLINE", 1)

    def test_overflow_counts_as_an_error_not_as_silence(self, compare):
        same = "account_count_5m * 4611686018427387904 > 0"
        pair = compare(same, "account_count_5m > 0 && account_count_5m < 2")
        assert pair.milder().outcome == "witness"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("account_count_5m >= 5", "account_count_5m > 4"),
            ("is_pos && speed_kmh > 1.0", "speed_kmh > 1.0 && is_pos"),
            ("is_transfer", "kind == 'transfer'"),
            ("!(is_pos || is_atm)", "!is_pos && !is_atm"),
        ],
    )
    def test_same_meaning_in_other_words_is_proved_the_same(self, compare, old, new):
        pair = compare(old, new)
        assert pair.milder().outcome == "proved"
        assert pair.milder(swapped=True).outcome == "proved"
        assert pair.differing().outcome == "proved"

    def test_list_entry_taken_away_is_shown_by_that_entry(self, compare):
        rule = "in_watched(merchant_country)"
        pair = compare(rule, rule, ({"watched": ["KP", "IR"]}, {"watched": ["KP"]}))
        proof = pair.milder()
        assert proof.witness.payment.merchant.country == "IR"
        assert pair.milder(swapped=True).outcome == "proved"

    def test_shadow_rule_moves_no_verdict_but_says_something_else(self, write_rules):
        shadow = {"state": "shadow", "when": "is_pos"}
        old, new = write_rules(shadow), write_rules(shadow | {"when": "is_atm"})
        pair = rulesets(old, new, POLICY, NOW)
        assert pair.milder().outcome == "proved"
        assert pair.differing().outcome == "witness"


class TestOutsideTheLanguage:
    def test_same_opaque_part_is_no_obstacle(self, compare):
        part = "merchant_country.matches('D.')"
        proof = compare(f"{part} && speed_kmh > 2.0", f"{part} && speed_kmh > 1.0")
        assert proof.milder().outcome == "proved"
        assert any("matches" in name for name in proof.milder().outside)

    def test_opaque_part_that_decides_stays_open_and_is_named(self, compare):
        proof = compare("speed_kmh * 0.5 > 1.0", "speed_kmh * 0.4 > 1.0").milder()
        assert proof.outcome == "open"
        assert "no form for the solver" in proof.why
        assert len(proof.outside) == 2


class TestPolicies:
    def test_lower_threshold_is_proved_to_be_no_milder(self):
        pair = policies(_policy(), _policy("alone: 0.9999", "alone: 0.999"), NOW)
        assert pair.milder().outcome == "proved"
        assert pair.milder(swapped=True).outcome == "witness"

    def test_dearer_challenge_makes_some_payment_milder(self):
        pair = policies(
            _policy(), _policy("challenge_minor: 40", "challenge_minor: 900"), NOW
        )
        proof = pair.milder()
        assert proof.outcome == "witness"
        assert proof.new.severity < proof.old.severity

    def test_stand_in_limit_of_one_cent_more_is_found(self):
        pair = policies(
            _policy(), _policy("sum_max_minor: 10000", "sum_max_minor: 10001"), NOW
        )
        request = pair.milder().witness.request
        assert request.stand_in_sum_minor + request.amount_ref_minor == 10_001

    def test_other_models_are_refused(self):
        other = _policy("risk: xgboost", "risk: lightgbm")
        with pytest.raises(DifferentModels):
            policies(POLICY, other, NOW)


class TestRelations:
    def test_relations_of_rules_are_found(self, write_rules):
        rules = write_rules(
            "account_count_5m >= 5",
            "account_count_5m >= 9 && is_pos",
            "is_pos && is_atm",
            "account_count_5m > 4",
            "amount_ref_minor >= 0",
        )
        found = relations(rules, NOW)
        assert found.never_true == ("R-003@1",)
        assert found.always_true == ("R-005@1",)
        assert ("R-002@1", "R-001@1") in found.implied
        assert found.equivalent == (("R-001@1", "R-004@1"),)
        assert ("R-001@1", "R-002@1") not in found.implied


class TestEvidence:
    def test_seeded_changes_are_found_and_no_proof_is_false(self):
        judged = list(evidence(6, seed=5, tried=200))
        assert not [one.what for one in judged if one.missed or one.false]
        assert sum(one.found for one in judged) >= 4


class TestFiles:
    def test_ruleset_and_policy_are_distinguished(self, tmp_path):
        assert read(DEFAULT_POLICY).version.startswith("default@")
        broken = tmp_path / "broken.yaml"
        broken.write_text(yaml.safe_dump({"rules": []}))
        with pytest.raises(ProofRefused, match=r"broken\.yaml"):
            read(broken)
