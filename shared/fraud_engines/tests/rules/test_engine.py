from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_engines.rules.engine import WrongFeatures, evaluate
from fraud_engines.rules.fields import WITNESS
from fraud_engines.rules.ruleset import DEFAULT_RULESET, load
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_shared.testing.factories import make_transaction, make_vector

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
RULESET = load(DEFAULT_RULESET.read_bytes(), PAYMENT_FEATURES)
STORED = {
    f.name
    for f in PAYMENT_FEATURES.features
    if f.source in ("velocity", "profile", "risk")
}


def small(*rules: str) -> bytes:
    rows = []
    for number, rule in enumerate(rules, 1):
        state, effect, when = rule.split(" ", 2)
        rows.append(
            f"  - {{id: R-00{number}, version: 2, state: {state}, effect: {effect}, "
            f"severity: high, reason: odd, when: '{when}'}}\n"
        )
    return f"name: t\nversion: 1\nrules:\n{''.join(rows)}".encode()


def run(body, features, payment=None, now=NOW):
    return evaluate(
        load(body, PAYMENT_FEATURES), payment or make_transaction(), features, now
    )


def names(hits):
    return [hit.rule for hit in hits]


class TestTheFlag:
    @pytest.mark.parametrize(
        ("rules", "flag"),
        [
            (["live FLAG amount_minor < 0"], "ALLOW"),
            (["live FLAG amount_minor > 0"], "FLAG"),
            (["live FLAG amount_minor > 0", "live BLOCK is_ecommerce"], "BLOCK"),
            (["shadow BLOCK amount_minor > 0"], "ALLOW"),
            (["draft BLOCK amount_minor > 0"], "ALLOW"),
        ],
    )
    def test_is_the_strictest_of_the_live_hits(self, make_features, rules, flag):
        assert run(small(*rules), make_features()).rules_flag == flag


class TestHits:
    def test_name_rule_version_reason_and_time(self, make_features):
        (hit,) = run(small("live BLOCK is_ecommerce"), make_features()).hits
        assert (hit.rule, hit.effect, hit.severity) == ("R-001@2", "BLOCK", "high")
        assert hit.reason == "odd"
        assert hit.elapsed_us > 0

    def test_of_every_rule_are_collected_not_only_the_first(self, make_features):
        body = small(*["live FLAG amount_minor > 0"] * 4)
        result = run(body, make_features())
        assert names(result.hits) == [f"R-00{n}@2" for n in range(1, 5)]

    def test_in_shadow_stay_apart(self, make_features):
        body = small("shadow FLAG is_ecommerce", "draft FLAG is_ecommerce")
        result = run(body, make_features())
        assert names(result.shadow) == ["R-001@2"]
        assert result.hits == ()

    def test_of_a_snoozed_rule_go_to_shadow(self, make_features):
        body = small("live FLAG is_ecommerce").replace(
            b"reason: odd", b"reason: odd, snoozed_until: '2026-03-02T13:00:00Z'"
        )
        assert names(run(body, make_features()).shadow) == ["R-001@2"]
        later = run(body, make_features(), now=NOW + timedelta(hours=2))
        assert names(later.hits) == ["R-001@2"]


class TestEvidenceThatIsMissing:
    BODY = small(
        "live FLAG account_count_1h > 5",
        "live FLAG device_count_1h > 5",
        "live FLAG amount_minor > 0",
        "shadow FLAG speed_kmh > 9.0",
    )

    def test_is_an_error_when_the_store_was_down(self, make_features):
        result = run(self.BODY, make_features(**dict.fromkeys(STORED, None)))
        assert result.outcome == "scored"
        assert result.errors == ("R-001@2", "R-002@2")
        assert names(result.hits) == ["R-003@2"]

    def test_is_no_error_when_it_does_not_apply(self, make_features):
        result = run(self.BODY, make_features(device_count_1h=None))
        assert result.errors == ()

    def test_is_no_error_when_the_rest_settles_the_rule(self, make_features):
        body = small("live FLAG is_transfer && account_count_1h > 5")
        gone = dict.fromkeys(STORED, None)
        assert run(body, make_features(**gone)).errors == ()
        assert run(body, make_features(is_transfer=1, **gone)).errors == ("R-001@2",)

    def test_is_an_error_when_a_rule_fails_on_the_values(self, make_features):
        body = small("live FLAG 10 / account_count_5m > 1")
        assert run(body, make_features(account_count_5m=0)).errors == ("R-001@2",)

    @settings(max_examples=200, deadline=None)
    @given(
        values=st.fixed_dictionaries(
            {
                name: st.sampled_from([None, 0.0, 1.0, 3.0, 12.0, 40.0, 2e6])
                for name in PAYMENT_FEATURES.names
            }
        ),
        gone=st.frozensets(st.sampled_from(sorted(STORED))),
        kind=st.sampled_from(["transfer", "card_payment"]),
    )
    def test_never_silently_clears_a_rule(self, make_features, values, gone, kind):
        payment = make_transaction(kind=kind)
        full = evaluate(RULESET, payment, make_features(**values | {WITNESS: 2.0}), NOW)
        lost = dict.fromkeys(gone | {WITNESS}, None)
        part = evaluate(RULESET, payment, make_features(**values | lost), NOW)
        fired = {hit.rule for hit in full.hits}
        assert fired <= {hit.rule for hit in part.hits} | set(part.errors)
        # And nothing is made up: what fires on less also fires on all of it.
        assert {hit.rule for hit in part.hits} <= fired


class TestFeaturesOfAnotherSet:
    def test_another_feature_set_is_refused(self):
        with pytest.raises(WrongFeatures):
            evaluate(RULESET, make_transaction(), make_vector(), NOW)
