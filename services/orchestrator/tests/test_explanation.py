"""Why a payment was decided as it was: the figures are true, the page is safe."""

from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_engines.rules.engine import evaluate
from fraud_engines.rules.register import Register
from fraud_engines.rules.ruleset import load as load_rules
from fraud_engines.testing import make_features
from fraud_features.definitions.currency import to_reference
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_orchestrator.explanation import (
    adverse_actions,
    changed,
    counterfactual,
    words,
)
from fraud_orchestrator.explanation.compose import compose
from fraud_orchestrator.explanation.page import HEADERS, page
from fraud_orchestrator.settings import Settings
from fraud_shared.contracts.decision import DecisionMade, Verdict
from fraud_shared.contracts.degraded import DegradedCode
from fraud_shared.contracts.reasons import ReasonCode
from fraud_shared.contracts.signal import Contribution, RuleHit
from fraud_shared.testing.factories import (
    NOON,
    make_decision_made,
    make_rules,
    make_screening,
    make_signal,
    missing_signal,
    payment_body,
)

POLICY = load(DEFAULT_POLICY.read_bytes())
ROOT = Path(__file__).parents[3]
HOSTILE = "<script>alert('x')</script>&\""


class ShippedRules:
    """The shipped rules, at noon."""

    def __init__(self) -> None:
        text = Settings.model_fields["ruleset"].default.read_bytes()
        self._rules = load_rules(text, PAYMENT_FEATURES, Register())
        self._now: datetime = NOON

    def evaluate(self, payment: Any, features: Any) -> Any:
        return evaluate(self._rules, payment, features, self._now)


RULES = ShippedRules()
ENGINES = counterfactual.Engines(
    decide=lambda request: POLICY.decide(request).decision,
    rules=RULES,
    risk_model="xgboost",
)


def finished(search: Generator[None, None, Any]) -> Any:
    while True:
        try:
            next(search)
        except StopIteration as done:
            return done.value


def recorded(
    amount: int = 4_000,
    risk: float | None = 0.001,
    forest: float | None = 0.5,
    rules: Any = None,
    history: int = 100,
    **decided: Any,
) -> DecisionMade:
    """A record whose verdict is that of the engines."""
    base = make_decision_made("d-1", "t-1", amount_minor=amount, currency="EUR")
    features = make_features(
        amount_ref_minor=to_reference(amount, "EUR"), history_payments=history
    )
    signals = tuple(
        missing_signal(name) if score is None else make_signal(name, score)
        for name, score in (
            ("isolation_forest", forest),
            ("autoencoder", forest),
            ("xgboost", risk),
        )
    )
    context = base.context.model_copy(
        update={
            "history_payments": history,
            "account_largest_minor": 100_000,
            "account_typical_minor": 4_000,
        }
    )
    result = rules or RULES.evaluate(base.transaction, features)
    made = base.decision.model_copy(
        update={
            "rules": result,
            "rules_flag": result.rules_flag,
            "signals": signals,
            "screening": make_screening(),
            **decided,
        }
    )
    record = base.model_copy(
        update={"features": features, "context": context, "decision": made}
    )
    return settled(record)


def settled(record: DecisionMade) -> DecisionMade:
    ruling = POLICY.decide(record.request())
    fields = ("decision", "challenge", "risk", "reason", "reasons", "degraded")
    made = record.decision.model_copy(
        update={name: getattr(ruling, name) for name in fields}
    )
    return record.model_copy(update={"decision": made})


def again(record: DecisionMade, change: Any) -> Verdict:
    """The verdict with a change, put together anew from the record."""
    request = record.request()
    if change.kind == "amount":
        request = changed.with_amount(record, int(change.changed), RULES)
    elif change.kind == "score":
        request = changed.with_score(request, change.subject, change.changed)
    else:
        code, _, source = change.subject.partition(" ")
        reason = next(
            r for r in record.decision.reasons if (r.code, r.source) == (code, source)
        )
        other = changed.without(request, reason)
        assert other is not None
        request = other
    return POLICY.decide(request).decision


class TestCounterfactual:
    @given(
        amount=st.integers(100, 3_000_000),
        risk=st.none() | st.floats(0, 1),
        forest=st.none() | st.floats(0, 1),
        history=st.integers(0, 200),
    )
    @settings(max_examples=60, deadline=None)
    def test_every_change_named_changes_the_verdict(
        self, amount: int, risk: float | None, forest: float | None, history: int
    ) -> None:
        record = recorded(amount, risk, forest, history=history)
        change = finished(counterfactual.find(record, ENGINES)).change
        if change is not None:
            other = again(record, change)
            assert other.value == change.decision
            assert other is not record.decision.decision

    def test_amount_next_to_the_one_named_changes_nothing(self) -> None:
        record = recorded(80_000, None, None)
        change = finished(counterfactual.find(record, ENGINES)).change
        assert change.kind == "amount"
        assert (change.changed, change.decision) == (3_000, "APPROVE")
        assert counterfactual.SCORES not in change.held
        nearer = change.model_copy(update={"changed": change.changed + 1})
        assert again(record, nearer) is record.decision.decision

    def test_score_next_to_the_one_named_changes_nothing(self) -> None:
        record = recorded(4_000, 0.4)
        change = finished(counterfactual.find(record, ENGINES)).change
        assert (change.kind, change.subject) == ("score", "xgboost")
        assert change.changed == pytest.approx(0.2, abs=1e-5)
        nearer = change.model_copy(update={"changed": change.changed + 1e-6})
        assert again(record, nearer) is record.decision.decision

    def test_amount_rule_of_the_policy_names_the_scores_it_kept(self) -> None:
        record = recorded(80_000, history=1)
        assert record.decision.reasons[0].code == "AMOUNT_NEW_ACCOUNT"
        change = finished(counterfactual.find(record, ENGINES)).change
        assert (change.kind, change.changed) == ("amount", 50_000)
        assert counterfactual.SCORES in change.held

    def test_the_one_rule_that_decides_is_named(self) -> None:
        hit = RuleHit(rule="R-9@1", effect="BLOCK", severity="critical", reason="no")
        rules = make_rules(rules_flag="BLOCK", hits=(hit,))
        change = finished(counterfactual.find(recorded(rules=rules), ENGINES)).change
        assert (change.kind, change.subject) == ("reason", "RULE_BLOCK R-9@1")
        assert change.decision == "APPROVE"

    def test_two_blocks_have_no_single_reason_and_that_is_said(self) -> None:
        hits = tuple(
            RuleHit(rule=f"R-{n}@1", effect="BLOCK", severity="critical", reason="no")
            for n in (1, 2)
        )
        record = recorded(rules=make_rules(rules_flag="BLOCK", hits=hits))
        found = finished(counterfactual.find(record, ENGINES))
        assert found.change is None
        assert "None found" in compose(record, {}, found).counterfactual

    def test_another_policy_than_the_recorded_explains_nothing(self) -> None:
        record = recorded()
        other = record.decision.model_copy(update={"decision": Verdict.DECLINE})
        record = record.model_copy(update={"decision": other})
        found = finished(counterfactual.find(record, ENGINES))
        assert found.change is None
        assert "policy in force" in found.none_because


class TestTheExplanation:
    def test_contributions_are_grouped_and_sum_up(self) -> None:
        parts = (
            Contribution(feature="amount_over_typical", value=5.2, contribution=0.5),
            Contribution(feature="amount_ref_minor", value=9.0, contribution=0.25),
            Contribution(feature="is_emulator", value=1.0, contribution=-1.0),
        )
        model = make_signal("xgboost", 0.4, top_features=parts)
        record = recorded(risk=0.4)
        signals = (*record.decision.signals[:2], model)
        made = record.decision.model_copy(update={"signals": signals})
        record = record.model_copy(update={"decision": made})
        explained = compose(record, {}, counterfactual.Found(None, "none"))
        one = explained.models[2]
        assert one.origin == "recorded"
        assert [(g.group, g.contribution) for g in one.groups] == [
            ("device and session", -1.0),
            ("amount", 0.75),
        ]
        assert explained.models[0].missing == "The model does not answer now"

    def test_contributions_of_another_model_are_not_passed_off(self) -> None:
        record = recorded(risk=0.4)
        part = Contribution(feature="is_emulator", value=1.0, contribution=1.0)
        same = make_signal("xgboost", 0.4, top_features=(part,))
        other = make_signal("xgboost", 0.5, top_features=(part,))
        none = counterfactual.Found(None, "none")
        assert compose(record, {"xgboost": same}, none).models[2].features
        explained = compose(record, {"xgboost": other}, none).models[2]
        assert (explained.origin, explained.features) == ("missing", [])

    def test_what_only_was_said_did_not_decide(self) -> None:
        flag = RuleHit(rule="R-8@1", effect="FLAG", severity="low", reason="small")
        record = recorded(risk=0.4, rules=make_rules(rules_flag="FLAG", hits=(flag,)))
        decisive = POLICY.deciding(record.request())
        explained = compose(record, {}, counterfactual.Found(None, "none"), decisive)
        assert [reason.code for reason in explained.reasons] == [
            "RISK_CHALLENGE",
            "RULE_FLAG",
        ]
        assert explained.decided_by == ["RISK_CHALLENGE"]
        assert [ground.code for ground in explained.customer] == ["AA-01"]

    def test_what_stands_out_is_said_in_words(self) -> None:
        values = {
            "amount_over_typical": 5.2,
            "terminal_risk_7d": 0.5,
            "terminal_delayed_count_7d": 8.0,
        }
        assert words.standing_out(values) == [
            "Amount 5.2x this account's usual",
            "Terminal had 4 confirmed frauds in the 7 days that ended 7 days ago",
        ]

    def test_every_code_has_a_ground_and_the_letter_names_no_list(self) -> None:
        codes = {*ReasonCode.__members__, *DegradedCode.__members__}
        grounds = adverse_actions.for_letter(sorted(codes))
        text = " ".join(ground.text for ground in grounds).lower()
        assert "sanction" not in text
        assert "model" not in text
        assert len({ground.code for ground in grounds}) == len(grounds)

    def test_document_has_every_ground_of_the_letter(self) -> None:
        document = (ROOT / "docs" / "explanations.md").read_text()
        for code, text, patterns in adverse_actions.GROUNDS:
            codes = ", ".join(f"`{pattern}`" for pattern in patterns)
            assert f"| {code} | {text} | {codes} |" in document

    def test_hostile_text_is_escaped_on_the_page(self) -> None:
        hit = RuleHit(rule="R-9@1", effect="BLOCK", severity="low", reason=HOSTILE)
        rules = make_rules(rules_flag="BLOCK", hits=(hit,))
        record = recorded(rules=rules)
        explained = compose(record, {}, counterfactual.Found(None, HOSTILE))
        html = page(explained.model_copy(update={"versions": {HOSTILE: HOSTILE}}))
        assert "<script" not in html
        assert "&lt;script&gt;alert(&#x27;x&#x27;)" in html
        assert "http" not in html
        assert "src=" not in html
        assert "default-src 'none'" in HEADERS["content-security-policy"]


class TestTheRoute:
    async def test_models_asked_again_explain_the_stored_vector(
        self, start: Any
    ) -> None:
        async with start(scopes=["score", "read", "audit"]) as run:
            reply = (await run.score(payment_body())).json()
            path = f"/v1/decisions/{reply['decision_id']}/explanation"
            before = len(run.neighbours.raw)
            found = await run.http.get(path)
            acts = (await run.http.get("/v1/audit")).json()["items"]
        assert found.status_code == 200
        assert found.json()["decision_id"] == reply["decision_id"]
        assert found.json()["counterfactual"]
        asked = run.neighbours.raw[before:]
        assert len(asked) == len(found.json()["models"]) > 2
        assert all(b'"explain_from":0.0' in body for body in asked)
        act = "GET /v1/decisions/{decision_id}/explanation"
        assert [(a["act"], a["status"]) for a in acts] == [(act, 200)]

    async def test_page_comes_by_accept_with_a_strict_policy(self, start: Any) -> None:
        async with start(scopes=["score", "read"]) as run:
            reply = (await run.score(payment_body())).json()
            path = f"/v1/decisions/{reply['decision_id']}/explanation"
            found = await run.http.get(path, headers={"accept": "text/html"})
        assert found.headers["content-type"].startswith("text/html")
        assert "'unsafe" not in found.headers["content-security-policy"]
        assert found.text.startswith("<!doctype html>")

    async def test_models_that_are_away_cost_only_their_part(self, start: Any) -> None:
        async with start() as run:
            reply = (await run.score(payment_body())).json()
            del run.transport.responders["xgboost"]
            path = f"/v1/decisions/{reply['decision_id']}/explanation"
            found = await run.http.get(path)
        models = {one["source"]: one for one in found.json()["models"]}
        assert models["xgboost"]["missing"] == "The model does not answer now"

    async def test_unknown_decision_is_404_and_on_record(self, start: Any) -> None:
        async with start(scopes=["audit"]) as run:
            found = await run.http.get("/v1/decisions/nobody/explanation")
            acts = (await run.http.get("/v1/audit")).json()["items"]
        assert found.status_code == 404
        assert [act["status"] for act in acts] == [404]

    async def test_key_that_only_scores_may_not_read_it(self, start: Any) -> None:
        async with start(scopes=["score"]) as run:
            found = await run.http.get("/v1/decisions/d-1/explanation")
        assert found.status_code == 403

    async def test_others_decision_is_404_for_a_key_that_reads_its_own(
        self, start: Any
    ) -> None:
        async with start(client="shop") as run:
            reply = (await run.score(payment_body())).json()
            path = f"/v1/decisions/{reply['decision_id']}/explanation"
            async with start(client="other", scopes=["read"]) as stranger:
                found = await stranger.http.get(path)
        assert found.status_code == 404
