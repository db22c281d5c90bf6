"""The laws of missing evidence, over random requests, policies' own thresholds included.

A part that is missing may not be milder than the same part at its most innocent. From
that follow the two forms people quote: with clean evidence more gaps never mean a milder
verdict, and what a present part demands survives whatever else is missing.
"""

from os import environ
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_shared.contracts.decision import DecideRequest, Verdict
from fraud_shared.contracts.signal import RuleHit, RulesResult
from fraud_shared.testing.factories import make_rules, make_screening, make_signal

POLICY = load(DEFAULT_POLICY.read_bytes())
# The same file with bands that never approve: even a missing risk may not soften these.
STERN = load(
    DEFAULT_POLICY.read_bytes().replace(
        b"    - {from: 0.0, allow: [APPROVE]}\n    - {from: 0.20,",
        b"    - {from: 0.0, allow: [CHALLENGE]}\n    - {from: 0.20,",
    )
)
PARTS = (
    "xgboost", "isolation_forest", "autoencoder", "rules", "errors", "screening",
    "velocity", "history", "stand_in",
)  # fmt: skip

edges = st.sampled_from(
    [0.0, 0.01, 0.02, 0.04, 0.05, 0.08, 0.2, 0.3, 0.6, 0.85, 0.97, 0.995, 0.9995, 1.0]
)
scores = edges | st.floats(0, 1)
hits = st.lists(
    st.builds(
        RuleHit,
        rule=st.sampled_from(["R-001@1", "R-012@2", "R-020@1"]),
        effect=st.sampled_from(["FLAG", "FLAG", "FLAG", "BLOCK"]),
        severity=st.sampled_from(["low", "medium", "high", "critical"]),
        reason=st.just("odd"),
    ),
    max_size=4,
)
facts = st.fixed_dictionaries(
    {
        "amount_ref_minor": st.sampled_from([0, 1, 2_500, 3_000, 3_001, 10**4, 10**6]),
        "kind": st.sampled_from(["card_payment", "transfer", "withdrawal"]),
        "channel": st.sampled_from(["pos", "ecommerce", "mobile", "branch"]),
        "mcc": st.sampled_from([None, "5411", "7995"]),
    }
)
evidence = st.fixed_dictionaries(
    {
        "xgboost": scores,
        "isolation_forest": scores,
        "autoencoder": scores,
        "rules": hits,
        "errors": st.booleans(),
        "screening": st.sampled_from(["clear"] * 6 + ["possible", "match"]),
        "velocity": st.just(True),
        "history": st.sampled_from([0, 4, 5, 100]),
        "stand_in": st.sampled_from([(0, 0), (4, 8_000), (5, 0), (0, 9_999)]),
    }
)
CLEAN: dict[str, Any] = {
    "xgboost": 0.0,
    "isolation_forest": 0.0,
    "autoencoder": 0.0,
    "rules": [],
    "errors": False,
    "screening": "clear",
    "velocity": True,
    "history": 1_000,
    "stand_in": (0, 0),
}
part_sets = st.frozensets(st.sampled_from(PARTS))


def request(facts: dict[str, Any], known: dict[str, Any]) -> DecideRequest:
    """The request in which only the parts in `known` are present."""
    models = ("xgboost", "isolation_forest", "autoencoder")
    signals = tuple(
        make_signal(name, known[name])
        if name in known
        else make_signal(name, None, outcome="timed_out")
        for name in models
    )
    rules = RulesResult(outcome="timed_out")
    if "rules" in known:
        found = tuple(known["rules"])
        effects = {hit.effect for hit in found}
        flag = "BLOCK" if "BLOCK" in effects else "FLAG" if effects else "ALLOW"
        failed = ("R-099@1",) if known.get("errors", True) else ()
        rules = make_rules(rules_flag=flag, hits=found, errors=failed)
    count, total = known.get("stand_in", (None, None))
    return DecideRequest(
        transaction_id="tx-1",
        account_id="acc-1",
        amount_minor=facts["amount_ref_minor"],
        currency="EUR",
        signals=signals,
        rules=rules,
        screening=make_screening(status=known.get("screening", "unavailable")),
        velocity_known="velocity" in known,
        history_payments=known.get("history"),
        stand_in_count=count,
        stand_in_sum_minor=total,
        **facts,
    )


def severity(policy, facts, known) -> int:
    return policy.decide(request(facts, known)).decision.severity


def without(known: dict[str, Any], parts: frozenset[str]) -> dict[str, Any]:
    return {part: value for part, value in known.items() if part not in parts}


LAW = settings(
    max_examples=int(environ.get("FRAUD_LAW_EXAMPLES", "400")), deadline=None
)


@pytest.mark.parametrize("policy", [POLICY, STERN], ids=["shipped", "stern"])
class TestMissingEvidence:
    @LAW
    @given(facts=facts, known=evidence, gone=part_sets, more=part_sets)
    def test_is_never_milder_than_innocent_evidence(
        self, policy, facts, known, gone, more
    ):
        some = without(known, gone)
        innocent = some | {part: CLEAN[part] for part in more if part in some}
        assert severity(policy, facts, without(some, more)) >= severity(
            policy, facts, innocent
        )

    @LAW
    @given(facts=facts, gone=part_sets, more=part_sets)
    def test_with_clean_evidence_only_ever_makes_it_stricter(
        self, policy, facts, gone, more
    ):
        fewer, more_gaps = without(CLEAN, gone), without(CLEAN, gone | more)
        assert severity(policy, facts, more_gaps) >= severity(policy, facts, fewer)

    @LAW
    @given(facts=facts, known=evidence, gone=part_sets)
    def test_allows_nothing_milder_than_its_mildest(self, policy, facts, known, gone):
        mildest = severity(policy, facts, without(CLEAN, gone))
        assert severity(policy, facts, without(known, gone)) >= mildest

    @LAW
    @given(facts=facts, known=evidence, gone=part_sets, part=st.sampled_from(PARTS))
    def test_never_silences_what_a_present_part_demands(
        self, policy, facts, known, gone, part
    ):
        alone = severity(policy, facts, CLEAN | {part: known[part]})
        assert severity(policy, facts, without(known, gone - {part})) >= alone

    @LAW
    @given(facts=facts, known=evidence, gone=part_sets)
    def test_never_lifts_a_block(self, policy, facts, known, gone):
        hit = RuleHit(rule="R-9@1", effect="BLOCK", severity="low", reason="listed")
        blocked = known | {"rules": [hit]}
        ruling = policy.decide(request(facts, without(blocked, gone - {"rules"})))
        assert ruling.decision is Verdict.DECLINE

    @LAW
    @given(facts=facts, known=evidence, gone=part_sets)
    def test_is_always_named(self, policy, facts, known, gone):
        ruling = policy.decide(request(facts, without(known, gone)))
        blocks = any(h.effect == "BLOCK" for h in known["rules"] if "rules" not in gone)
        counted = {"xgboost", "isolation_forest", "autoencoder", "rules", "screening"}
        if not blocks and gone & (counted | {"velocity"}):
            assert ruling.degraded

    @LAW
    @given(facts=facts, known=evidence, gone=part_sets)
    def test_approves_only_what_the_stand_in_limits_allow(
        self, policy, facts, known, gone
    ):
        left = without(known, gone)
        ruling = policy.decide(request(facts, left))
        if ruling.decision is not Verdict.APPROVE:
            return
        assert {"rules", "screening"} <= set(left)
        models = {"xgboost", "isolation_forest", "autoencoder"} & gone
        thin = len(models) > 1 or "velocity" in gone or left.get("errors", True)
        assert ruling.stand_in == thin
        if thin:
            count, total = left["stand_in"]
            assert facts["amount_ref_minor"] <= 3_000
            assert left["history"] >= 5
            assert count < 5
            assert total + facts["amount_ref_minor"] <= 10_000
            assert left["rules"] == []


class TestMoreEvidenceOfFraud:
    @LAW
    @given(facts=facts, known=evidence, higher=scores)
    def test_a_higher_risk_is_never_milder(self, facts, known, higher):
        raised = known | {"xgboost": max(known["xgboost"], higher)}
        assert severity(POLICY, facts, raised) >= severity(POLICY, facts, known)
